-- Who is signed in at which browser. The cookie's token is kept as its hash alone, the tokens that the services
-- take sealed: who reads this table can act as nobody.
CREATE TABLE sessions (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    token_hash bytea NOT NULL,
    person_id uuid NOT NULL,
    language text NOT NULL CHECK (language IN ('it', 'en')),
    tokens bytea NOT NULL,
    renew_at timestamptz NOT NULL,
    -- One process at a time renews: a refresh token works once.
    renewing_until timestamptz,
    begun_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, token_hash)
);
SELECT optima_protect('sessions');
CREATE INDEX sessions_by_end ON sessions (tenant_id, ends_at);
