-- People and roles stand in the kit's copy of the directory from now on. Under their former names the previous
-- release goes on reading and writing them there; a later release drops these views.

-- The owner too sees no tenant's rows otherwise.
ALTER TABLE people NO FORCE ROW LEVEL SECURITY;
ALTER TABLE roles NO FORCE ROW LEVEL SECURITY;
ALTER TABLE directory_people NO FORCE ROW LEVEL SECURITY;
ALTER TABLE directory_roles NO FORCE ROW LEVEL SECURITY;
INSERT INTO directory_people (tenant_id, id, name, active, roles)
SELECT tenant_id, id, name, active, roles FROM people ON CONFLICT DO NOTHING;
INSERT INTO directory_roles (tenant_id, id, key, privileges)
SELECT tenant_id, id, key, privileges FROM roles ON CONFLICT DO NOTHING;
ALTER TABLE directory_people FORCE ROW LEVEL SECURITY;
ALTER TABLE directory_roles FORCE ROW LEVEL SECURITY;

DROP TABLE people;
DROP TABLE roles;
CREATE VIEW people WITH (security_invoker = true) AS
    SELECT tenant_id, id, name, active, roles FROM directory_people;
CREATE VIEW roles WITH (security_invoker = true) AS
    SELECT tenant_id, id, key, privileges FROM directory_roles;
DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON people, roles TO %I', optima_role('rw'));
END $$;
