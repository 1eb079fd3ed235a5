-- Wrong passwords and codes, counted by whose they were to be and where they came from, each as a hash. Of an
-- account from anywhere the source is empty, of a source whatever the account the account is.
-- credentials.failed_attempts and .locked_until serve the previous release alone.
CREATE TABLE sign_in_failures (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    account bytea NOT NULL,
    source bytea NOT NULL,
    failed integer NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, account, source)
) WITH (fillfactor = 80);
SELECT optima_protect('sign_in_failures');
CREATE INDEX sign_in_failures_old ON sign_in_failures (tenant_id, last_at);
