-- What the assignee of a phase and those who give out the work write to each other, with a file each. `assignee_id` is
-- whose the phase was then: a successor does not read it.
CREATE TABLE phase_messages (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    id uuid NOT NULL,
    phase_id uuid NOT NULL REFERENCES phases (id),
    assignee_id uuid NOT NULL,
    author_id uuid NOT NULL,
    text text NOT NULL,
    problem boolean NOT NULL,
    written_at timestamptz NOT NULL,
    file_name text,
    media_type text,
    data bytea,
    PRIMARY KEY (tenant_id, id),
    CHECK ((data IS NULL) = (media_type IS NULL))
);
SELECT optima_protect('phase_messages');
CREATE INDEX messages_of_phase ON phase_messages (tenant_id, phase_id, id);

-- As before, and what an erased person wrote to others. Its rights stay as they are.
CREATE OR REPLACE FUNCTION erase_texts_of(person uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    UPDATE phases SET note = '' WHERE tenant_id = optima_tenant() AND assignee_id = person AND note <> '';
    UPDATE rejected_attempts SET note = '' WHERE tenant_id = optima_tenant() AND assignee_id = person AND note <> '';
    UPDATE rejected_attempts SET reason = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND rejected_by = person;
    UPDATE phase_messages SET text = 'cancellato su richiesta', file_name = NULL, media_type = NULL, data = NULL
    WHERE tenant_id = optima_tenant() AND author_id = person;
END;
