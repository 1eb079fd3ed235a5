-- Whose each phase is, so that what its former assignee was granted ends. Grants of phases that were given before
-- this table stood stay.
CREATE TABLE assignments (
    tenant_id      uuid NOT NULL DEFAULT optima_tenant(),
    phase_id       uuid NOT NULL,
    person_id      uuid NOT NULL,
    correlation_id uuid NOT NULL,
    job_id         uuid NOT NULL,
    PRIMARY KEY (tenant_id, phase_id)
);
CREATE INDEX assignments_job ON assignments (tenant_id, job_id, person_id);
SELECT optima_protect('assignments');
