-- `last_step` is the newest thirty seconds whose code was used, so that none works twice.
CREATE TABLE second_factors (
    person_id uuid PRIMARY KEY REFERENCES people,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    sealed_secret bytea NOT NULL,
    confirmed boolean NOT NULL,
    last_step bigint NOT NULL,
    recovery_hashes bytea[] NOT NULL
);
SELECT optima_protect('second_factors');

-- How recently a person was sent a link; used ones count.
CREATE INDEX links_newest ON links (person_id, purpose, expires_at);
DROP INDEX links_of_person;
