-- Webhooks. `position` is the number of the last entry that one is done with: what it owes is the trail
-- itself behind that number, so that a receiver that is away piles nothing up.
CREATE TABLE webhooks (
    tenant_id        uuid NOT NULL DEFAULT optima_tenant(),
    id               uuid NOT NULL,
    owner_id         uuid NOT NULL,
    privileges       text[] NOT NULL DEFAULT '{}',
    url              text NOT NULL,
    types            text[] NOT NULL DEFAULT '{}',
    description      text NOT NULL,
    position         bigint NOT NULL CHECK (position >= 0),
    state            text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused', 'disabled')),
    disabled_because text CHECK (disabled_because IN ('gone', 'unreachable', 'owner')),
    failures         integer NOT NULL DEFAULT 0,
    retry_at         timestamptz,
    version          integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    CHECK ((state = 'disabled') = (disabled_because IS NOT NULL))
) WITH (fillfactor = 80);
SELECT optima_protect('webhooks');

-- At most two live secrets each, encrypted.
CREATE TABLE webhook_secrets (
    tenant_id  uuid NOT NULL DEFAULT optima_tenant(),
    webhook_id uuid NOT NULL,
    id         uuid NOT NULL,
    sealed     bytea NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, webhook_id, id),
    FOREIGN KEY (tenant_id, webhook_id) REFERENCES webhooks ON DELETE CASCADE
);
SELECT optima_protect('webhook_secrets');

-- What was tried, for two weeks. Ids are in the order of time.
CREATE TABLE webhook_attempts (
    tenant_id    uuid NOT NULL DEFAULT optima_tenant(),
    id           uuid NOT NULL,
    webhook_id   uuid NOT NULL,
    event_id     uuid NOT NULL,
    number       bigint NOT NULL,
    type         text NOT NULL,
    replay       boolean NOT NULL,
    attempted_at timestamptz NOT NULL,
    outcome      text NOT NULL CHECK (outcome IN ('delivered', 'refused', 'unreachable', 'not_allowed')),
    status       smallint,
    latency_ms   integer NOT NULL,
    answer       text NOT NULL,
    PRIMARY KEY (tenant_id, webhook_id, id),
    FOREIGN KEY (tenant_id, webhook_id) REFERENCES webhooks ON DELETE CASCADE
);
CREATE INDEX webhook_attempts_by_age ON webhook_attempts (tenant_id, attempted_at);
SELECT optima_protect('webhook_attempts');
