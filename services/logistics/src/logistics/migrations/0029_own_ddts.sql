-- To whom production gave each phase, and when. Rows are only added: whose a document is follows from who had the phases
-- of its goods when it was issued, in whatever order the events arrive.
CREATE TABLE phase_assignees (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    phase_id uuid NOT NULL,
    since timestamptz NOT NULL,
    person_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, phase_id, since)
);
SELECT optima_protect('phase_assignees');
CREATE INDEX phases_of_assignee ON phase_assignees (tenant_id, person_id, phase_id);

DO $$
BEGIN
    EXECUTE format('REVOKE UPDATE, DELETE ON phase_assignees FROM %I', optima_role('rw'));
END $$;
