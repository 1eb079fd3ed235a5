-- When a connection's remote system may be called next, where it has a ceiling of calls.
CREATE TABLE turns (
    tenant_id     uuid NOT NULL DEFAULT optima_tenant(),
    connection_id uuid PRIMARY KEY REFERENCES connections,
    next_at       timestamptz NOT NULL
);
SELECT optima_protect('turns');
