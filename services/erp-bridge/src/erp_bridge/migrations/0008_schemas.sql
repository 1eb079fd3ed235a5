-- The fields that a remote system had of an entity when it was last looked at: {name: whether it is needed}.
CREATE TABLE remote_schemas (
    tenant_id     uuid NOT NULL DEFAULT optima_tenant(),
    connection_id uuid NOT NULL REFERENCES connections,
    entity        text NOT NULL,
    fields        jsonb NOT NULL,
    seen_at       timestamptz NOT NULL,
    PRIMARY KEY (connection_id, entity)
);
SELECT optima_protect('remote_schemas');

-- An entity whose remote schema does not fit any more is a failure that pauses it.
ALTER TABLE failures DROP CONSTRAINT failures_error_class_check;
ALTER TABLE failures
    ADD CHECK (error_class IN ('refused', 'unreachable', 'question', 'notice', 'waiting', 'paused'));

-- How often the remote system may be called; without a ceiling where it is null.
ALTER TABLE connections ADD COLUMN calls_per_minute integer;
