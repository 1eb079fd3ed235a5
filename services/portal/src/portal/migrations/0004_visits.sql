-- When people last looked at what they are asked to approve. A visit is compared with what was there when the one
-- before it ended.
CREATE TABLE visits (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    person_id uuid NOT NULL,
    subject_id uuid NOT NULL,
    seen_at timestamptz NOT NULL,
    revision integer NOT NULL,
    before_at timestamptz NOT NULL,
    before_revision integer NOT NULL,
    PRIMARY KEY (tenant_id, person_id, subject_id)
);
SELECT optima_protect('visits');
CREATE INDEX visits_by_age ON visits (tenant_id, seen_at);
