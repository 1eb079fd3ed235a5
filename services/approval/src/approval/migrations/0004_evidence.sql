-- Documents that people attach to their decisions. A decided part names them; they stay.
CREATE TABLE evidence (
    evidence_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    approval_id uuid NOT NULL REFERENCES approvals,
    person_id uuid NOT NULL,
    name text NOT NULL,
    media_type text NOT NULL,
    size integer NOT NULL,
    sha256 text NOT NULL,
    data bytea NOT NULL,
    added_at timestamptz NOT NULL
);
SELECT optima_protect('evidence');
CREATE INDEX evidence_of_approval ON evidence (tenant_id, approval_id, person_id);
DO $$
BEGIN
    EXECUTE format('REVOKE UPDATE, DELETE ON evidence FROM %I', optima_role('rw'));
END $$;
