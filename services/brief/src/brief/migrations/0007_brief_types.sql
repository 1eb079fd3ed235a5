-- Types of briefs with their forms: each change is a version of its own, and briefs keep the one they began with.
CREATE TABLE brief_types (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    key text NOT NULL,
    version integer NOT NULL,
    type_id uuid NOT NULL,
    name jsonb NOT NULL,
    -- As text, so that its fields stay in their order.
    form json NOT NULL,
    process text,
    kinds text[] NOT NULL,
    purchasing_owner_id uuid,
    offered boolean NOT NULL,
    defined_at timestamptz NOT NULL,
    defined_by uuid NOT NULL,
    PRIMARY KEY (tenant_id, key, version)
);
SELECT optima_protect('brief_types');

-- Of the type that the brief began with: it never changes.
ALTER TABLE briefs ADD COLUMN type_key text;
CREATE INDEX briefs_by_type ON briefs (tenant_id, type_key, brief_id) WHERE type_key IS NOT NULL;

DO $$
BEGIN
    EXECUTE format('REVOKE UPDATE, DELETE ON brief_types FROM %I', optima_role('rw'));
END $$;
