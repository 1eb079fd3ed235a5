-- The OpenID Connect issuer that a tenant trusts beside us, at most one.
CREATE TABLE sign_in_providers (
    tenant_id uuid PRIMARY KEY DEFAULT optima_tenant() REFERENCES tenants,
    issuer text NOT NULL,
    client_id text NOT NULL,
    sealed_secret bytea,
    version integer NOT NULL
);
SELECT optima_protect('sign_in_providers');

-- Browsers that are at the provider just now; each comes back once or not at all.
CREATE TABLE sign_in_attempts (
    state_hash bytea PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    issuer text NOT NULL,
    redirect_uri text NOT NULL,
    nonce text NOT NULL,
    sealed_verifier bytea NOT NULL,
    expires_at timestamptz NOT NULL
);
SELECT optima_protect('sign_in_attempts');
CREATE INDEX sign_in_attempts_expired ON sign_in_attempts (expires_at);

-- Who a provider's subject is among us.
CREATE TABLE provider_subjects (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    issuer text NOT NULL,
    subject text NOT NULL,
    person_id uuid NOT NULL REFERENCES people,
    PRIMARY KEY (tenant_id, issuer, subject),
    UNIQUE (tenant_id, issuer, person_id)
);
SELECT optima_protect('provider_subjects');
