-- The trail itself. `data` is text, not jsonb: the hash covers its exact characters.
CREATE TABLE entries (
    tenant_id      uuid NOT NULL DEFAULT optima_tenant(),
    number         bigint NOT NULL CHECK (number > 0),
    event_id       uuid NOT NULL,
    source         text NOT NULL,
    type           text NOT NULL,
    subject        uuid NOT NULL,
    sequence       bigint NOT NULL,
    correlation_id uuid NOT NULL,
    causation_id   uuid,
    actor_id       uuid,
    on_behalf_of   uuid,
    occurred_at    timestamptz NOT NULL,
    recorded_at    timestamptz NOT NULL,
    data           text NOT NULL,
    hash           text NOT NULL,
    PRIMARY KEY (tenant_id, number),
    UNIQUE (tenant_id, event_id)
);
CREATE INDEX entries_by_story ON entries (tenant_id, correlation_id, number);
CREATE INDEX entries_by_actor ON entries (tenant_id, actor_id, number);
CREATE INDEX entries_by_principal ON entries (tenant_id, on_behalf_of, number) WHERE on_behalf_of IS NOT NULL;
CREATE INDEX entries_by_type ON entries (tenant_id, type, number);
SELECT optima_protect('entries');

-- Appending is all that anybody may do: the read-write role lacks the permission, and a trigger stops
-- even the owner of the table.
DO $$ BEGIN
    EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON entries FROM %I', optima_role('rw'));
END $$;
CREATE FUNCTION refuse_to_change_the_trail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the trail is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON entries
    FOR EACH ROW EXECUTE FUNCTION refuse_to_change_the_trail();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_trail();

-- The newest entry of each tenant: locked once a batch, so that numbers have no gap, and the witness
-- against entries cut off at the end.
CREATE TABLE heads (
    tenant_id uuid NOT NULL DEFAULT optima_tenant() PRIMARY KEY,
    number    bigint NOT NULL,
    hash      text NOT NULL
);
SELECT optima_protect('heads');

-- Whom the events themselves let follow a story: all of it where subject is the story's own id,
-- otherwise what is about that subject.
CREATE TABLE grants (
    tenant_id      uuid NOT NULL DEFAULT optima_tenant(),
    person_id      uuid NOT NULL,
    correlation_id uuid NOT NULL,
    subject        uuid NOT NULL,
    PRIMARY KEY (tenant_id, person_id, correlation_id, subject)
);
SELECT optima_protect('grants');

-- Between which numbers an hour's occurrences lie, so that a period is found without an index on every
-- entry's time.
CREATE TABLE hours (
    tenant_id    uuid NOT NULL DEFAULT optima_tenant(),
    hour         timestamptz NOT NULL,
    first_number bigint NOT NULL,
    last_number  bigint NOT NULL,
    PRIMARY KEY (tenant_id, hour)
);
SELECT optima_protect('hours');
