-- The last day whose anchor is owed, so that a day's first entry owes it and no other does.
ALTER TABLE heads ADD COLUMN anchor_due date;

-- The newest entry as it was signed, once a day: what a chain that was rewritten no longer fits.
CREATE TABLE anchors (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    day       date NOT NULL,
    number    bigint NOT NULL CHECK (number > 0),
    hash      text NOT NULL,
    signed_at timestamptz NOT NULL,
    kid       text NOT NULL,
    signature text NOT NULL,
    PRIMARY KEY (tenant_id, day)
);
SELECT optima_protect('anchors');
DO $$ BEGIN
    EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON anchors FROM %I', optima_role('rw'));
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON anchors
    FOR EACH ROW EXECUTE FUNCTION refuse_to_change_the_trail();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON anchors
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_trail();

-- The keys that sign anchors: the service's own, for all tenants. A public half stays for ever, since old
-- anchors are verified with it; `sealed`, the private half, goes when a successor signs. `attestation`
-- shows that the service made the key: whoever only has the database cannot add one of their own.
CREATE TABLE anchor_keys (
    kid         text PRIMARY KEY,
    public      bytea NOT NULL,
    attestation bytea NOT NULL,
    sealed      bytea,
    signs_from  timestamptz NOT NULL
);
DO $$ BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE (sealed) ON anchor_keys TO %I', optima_role('rw'));
END $$;

-- Under which key a person's texts in the entries are encrypted. An erased person keeps the row and loses
-- the key, so that a late event brings nothing back.
CREATE TABLE person_keys (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    person_id uuid NOT NULL,
    sealed    bytea,
    erased_at timestamptz,
    PRIMARY KEY (tenant_id, person_id),
    CHECK ((sealed IS NULL) = (erased_at IS NOT NULL))
);
SELECT optima_protect('person_keys');
DO $$ BEGIN
    EXECUTE format('REVOKE DELETE ON person_keys FROM %I', optima_role('rw'));
END $$;
