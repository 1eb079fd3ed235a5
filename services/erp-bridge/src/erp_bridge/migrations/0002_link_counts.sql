-- How many links of each kind a connection has, so that its state costs the same however many there are.
-- Counts are spread over slots, lest all exports of a connection wait for each other's commits.
CREATE TABLE link_counts (
    tenant_id      uuid NOT NULL DEFAULT optima_tenant(),
    connection_id  uuid NOT NULL REFERENCES connections,
    entity         text NOT NULL,
    slot           integer NOT NULL,
    links          bigint NOT NULL,
    last_export_at timestamptz,
    PRIMARY KEY (connection_id, entity, slot)
) WITH (fillfactor = 50);

-- Customers count when they are linked, documents when they are exported for the first time. By triggers, so
-- that a release that knows nothing of counts keeps them as well.
CREATE FUNCTION count_new_links() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO link_counts AS counted (connection_id, entity, slot, links, last_export_at)
    SELECT connection_id, entity, pg_backend_pid() % 8, count(*), max(exported_at) FROM added
    WHERE entity = 'customer' OR exported_at IS NOT NULL
    GROUP BY connection_id, entity ORDER BY connection_id, entity
    ON CONFLICT (connection_id, entity, slot) DO UPDATE
    SET links = counted.links + excluded.links,
        last_export_at = greatest(counted.last_export_at, excluded.last_export_at);
    RETURN NULL;
END $$;
CREATE FUNCTION count_exported_links() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO link_counts AS counted (connection_id, entity, slot, links, last_export_at)
    SELECT after.connection_id, after.entity, pg_backend_pid() % 8,
           count(*) FILTER (WHERE before.exported_at IS NULL), max(after.exported_at)
    FROM after JOIN before USING (connection_id, entity, internal_id)
    WHERE after.exported_at IS DISTINCT FROM before.exported_at AND after.entity <> 'customer'
    GROUP BY after.connection_id, after.entity ORDER BY after.connection_id, after.entity
    ON CONFLICT (connection_id, entity, slot) DO UPDATE
    SET links = counted.links + excluded.links,
        last_export_at = greatest(counted.last_export_at, excluded.last_export_at);
    RETURN NULL;
END $$;
CREATE TRIGGER links_added AFTER INSERT ON links
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_new_links();
CREATE TRIGGER links_exported AFTER UPDATE ON links
    REFERENCING OLD TABLE AS before NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION count_exported_links();

-- The owner too sees no tenant's rows otherwise.
ALTER TABLE links NO FORCE ROW LEVEL SECURITY;
INSERT INTO link_counts (tenant_id, connection_id, entity, slot, links, last_export_at)
SELECT tenant_id, connection_id, entity, 0, count(*), max(exported_at) FROM links
WHERE entity = 'customer' OR exported_at IS NOT NULL
GROUP BY tenant_id, connection_id, entity;
ALTER TABLE links FORCE ROW LEVEL SECURITY;
SELECT optima_protect('link_counts');

-- A deleted link would still be counted.
DO $$
BEGIN
    EXECUTE format('REVOKE DELETE ON links FROM %I', optima_role('rw'));
END $$;
