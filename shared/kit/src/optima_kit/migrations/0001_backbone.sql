-- The backbone's own tables, in every service's database. Runs as the service's owner role, before the
-- service's first migration.
--
-- Roles, by their suffix: _owner runs migrations; _rw serves commands and reactions of one tenant at a
-- time; _ro reads for people's reports; _backbone relays, retries and prunes for all tenants, and is
-- granted the tables of this file only.

-- The tenant of the current transaction; null outside of one, so that no row matches and none can be added.
CREATE FUNCTION optima_tenant() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('optima.tenant', true), '')::uuid;

-- The name of this service's role of a kind: 'rw', 'ro' or 'backbone'.
CREATE FUNCTION optima_role(kind text) RETURNS text
    LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF current_user NOT LIKE '%\_owner' THEN
        RAISE EXCEPTION 'migrations run as the role <service>_owner, not as %', current_user;
    END IF;
    RETURN regexp_replace(current_user, '_owner$', '') || '_' || kind;
END $$;

-- Confines a table to the transaction's tenant. The table has a column
-- `tenant_id uuid NOT NULL DEFAULT optima_tenant()`. Number rows with GENERATED … AS IDENTITY, which,
-- unlike serial, needs no grant on a sequence.
CREATE FUNCTION optima_protect(protected text) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', protected);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', protected);
    EXECUTE format('CREATE POLICY tenant ON %I USING (tenant_id = optima_tenant())'
                   ' WITH CHECK (tenant_id = optima_tenant())', protected);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO %I', protected, optima_role('rw'));
    EXECUTE format('GRANT SELECT ON %I TO %I', protected, optima_role('ro'));
END $$;

-- Opens a protected machinery table to the backbone role, for all tenants.
CREATE FUNCTION optima_open_to_backbone(machinery text) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE POLICY backbone ON %I TO %I USING (true) WITH CHECK (true)',
                   machinery, optima_role('backbone'));
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO %I', machinery, optima_role('backbone'));
END $$;

-- How many events each aggregate has published. Its row lock makes sequences gapless, and orders an
-- aggregate's outbox positions as its transactions committed.
CREATE TABLE stream_heads (
    subject uuid PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    head bigint NOT NULL CHECK (head > 0)
) WITH (fillfactor = 80);
SELECT optima_protect('stream_heads');

-- Events that this service has published or is about to; sent rows stay for the retention period.
CREATE TABLE outbox (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    partition smallint NOT NULL CHECK (partition BETWEEN 0 AND 15),
    type text NOT NULL,
    subject uuid NOT NULL,
    sequence bigint NOT NULL,
    envelope text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);
SELECT optima_protect('outbox');
SELECT optima_open_to_backbone('outbox');
-- What the relay reads, in its order; empty whenever it has caught up.
CREATE INDEX outbox_unsent ON outbox (partition, position) WHERE sent_at IS NULL;
-- What pruning reads: a few pages for any size, as rows are sent in about the order in which they stand.
CREATE INDEX outbox_sent ON outbox USING brin (sent_at) WITH (pages_per_range = 32, autosummarize = on);

-- What relays divide among themselves: whoever holds a partition's row lock publishes its aggregates.
CREATE TABLE outbox_partitions (partition smallint PRIMARY KEY);
INSERT INTO outbox_partitions SELECT generate_series(0, 15);

-- Events that this service has handled. It holds no tenant's data, only identifiers, and has therefore
-- no tenant: one statement serves a batch of several tenants.
CREATE TABLE inbox (
    event_id uuid PRIMARY KEY,
    handled_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX inbox_handled ON inbox USING brin (handled_at) WITH (pages_per_range = 32, autosummarize = on);

-- The newest sequence applied by reactions that want an aggregate's latest state alone. Identifiers only.
CREATE TABLE newest_applied (
    subject uuid NOT NULL,
    type text NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (subject, type)
) WITH (fillfactor = 80);

-- Messages put aside: waiting for their next attempt, or parked (no next attempt) until someone replays
-- them. `id` is the event's, or a new one where the message could not be read.
CREATE TABLE parking (
    id uuid PRIMARY KEY,
    tenant_id uuid,
    type text,
    subject uuid,
    sequence bigint,
    correlation_id uuid,
    body bytea NOT NULL,
    reason text NOT NULL
        CHECK (reason IN ('not_yet', 'failed', 'unparseable', 'unknown_type', 'delivery_limit')),
    error text NOT NULL,
    attempts integer NOT NULL,
    first_failed_at timestamptz NOT NULL DEFAULT now(),
    last_failed_at timestamptz NOT NULL DEFAULT now(),
    next_attempt_at timestamptz
);
SELECT optima_protect('parking');
SELECT optima_open_to_backbone('parking');
CREATE INDEX parking_waiting ON parking (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX parking_waiting_for ON parking (correlation_id) WHERE next_attempt_at IS NOT NULL;

-- Obligations: work due now or later. A message on the broker only hints at one; the row is the truth.
-- `revision` tells a running job that it was rescheduled meanwhile, so that it is not marked done.
CREATE TABLE jobs (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    kind text NOT NULL,
    key text NOT NULL,
    payload text NOT NULL,
    state text NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'done', 'failed', 'cancelled')),
    due_at timestamptz NOT NULL,
    revision integer NOT NULL DEFAULT 1,
    attempts integer NOT NULL DEFAULT 0,
    hinted_at timestamptz,
    locked_until timestamptz,
    last_error text,
    causation_id uuid,
    traceparent text,
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz
) WITH (autovacuum_vacuum_scale_factor = 0.05);
SELECT optima_protect('jobs');
SELECT optima_open_to_backbone('jobs');
CREATE UNIQUE INDEX jobs_unfinished ON jobs (tenant_id, kind, key) WHERE state = 'due';
CREATE INDEX jobs_due ON jobs (due_at) WHERE state = 'due';
CREATE INDEX jobs_unhinted ON jobs (due_at) WHERE state = 'due' AND hinted_at IS NULL;
CREATE INDEX jobs_hinted ON jobs (hinted_at) WHERE state = 'due' AND hinted_at IS NOT NULL;
CREATE INDEX jobs_failed ON jobs (finished_at) WHERE state = 'failed';
CREATE INDEX jobs_finished ON jobs USING brin (finished_at) WITH (pages_per_range = 32, autosummarize = on);

-- Answers already given, by the caller's Idempotency-Key; written in the command's own transaction.
CREATE TABLE idempotency_keys (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    person_id uuid NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    status smallint,
    headers text,
    body bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, person_id, key)
);
SELECT optima_protect('idempotency_keys');
SELECT optima_open_to_backbone('idempotency_keys');
CREATE INDEX idempotency_keys_created ON idempotency_keys USING brin (created_at)
    WITH (pages_per_range = 32, autosummarize = on);

DO $$
BEGIN
    -- A command adds events; only the relay marks and prunes them.
    EXECUTE format('REVOKE UPDATE, DELETE ON outbox FROM %I', optima_role('rw'));
    EXECUTE format('GRANT SELECT, UPDATE ON outbox_partitions TO %I', optima_role('backbone'));
    EXECUTE format('GRANT SELECT, INSERT ON inbox TO %I', optima_role('rw'));
    EXECUTE format('GRANT SELECT, DELETE ON inbox TO %I', optima_role('backbone'));
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON newest_applied TO %I', optima_role('rw'));
END $$;
