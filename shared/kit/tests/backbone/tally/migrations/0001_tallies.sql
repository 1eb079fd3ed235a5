CREATE TABLE counters (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    value integer NOT NULL
);
SELECT optima_protect('counters');

-- No uniqueness: an effect that happens twice is to be seen twice.
CREATE TABLE effects (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    what text NOT NULL,
    event_id uuid,
    subject uuid,
    sequence bigint
);
SELECT optima_protect('effects');
CREATE INDEX effects_subject ON effects (subject);
