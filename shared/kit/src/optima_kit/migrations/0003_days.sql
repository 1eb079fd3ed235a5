-- Outbox, inbox and kept answers in partitions of a day (UTC), so that what has had its time is dropped whole.
--
-- The tables as they were become their first partitions. No row is rewritten but the unsent events, which move;
-- PostgreSQL reads outbox and inbox once to check the bounds, and commands wait meanwhile.
--
-- A partition is named by its day. What no partition takes lands in <table>_default, so that a missing one
-- refuses no write; retention deletes it there row by row.

CREATE FUNCTION optima_day(at timestamptz) RETURNS date
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (at AT TIME ZONE 'UTC')::date;

-- The least UUIDv7 of a day: its first 48 bits are milliseconds.
CREATE FUNCTION optima_first_id(day date) RETURNS uuid
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN rpad(lpad(to_hex((day - date '1970-01-01') * bigint '86400000'), 12, '0'), 32, '0')::uuid;

ALTER TABLE outbox RENAME TO outbox_before;
ALTER TABLE inbox RENAME TO inbox_before;
ALTER TABLE idempotency_keys RENAME TO idempotency_keys_before;
DROP INDEX outbox_unsent, outbox_sent, idempotency_keys_created;
ALTER TABLE outbox_before RENAME CONSTRAINT outbox_pkey TO outbox_before_pkey;
ALTER INDEX outbox_unsent_in_order RENAME TO outbox_before_unsent_in_order;
ALTER TABLE inbox_before RENAME CONSTRAINT inbox_pkey TO inbox_before_pkey;
ALTER INDEX inbox_handled RENAME TO inbox_before_handled;
ALTER TABLE idempotency_keys_before DROP CONSTRAINT idempotency_keys_pkey;

DO $$
DECLARE
    before text;
BEGIN
    FOREACH before IN ARRAY ARRAY['outbox_before', 'inbox_before', 'idempotency_keys_before'] LOOP
        EXECUTE format('DROP POLICY IF EXISTS tenant ON %I', before);
        EXECUTE format('DROP POLICY IF EXISTS backbone ON %I', before);
        EXECUTE format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', before);
        EXECUTE format('ALTER TABLE %I DISABLE ROW LEVEL SECURITY', before);
        EXECUTE format('REVOKE ALL ON %I FROM %I, %I, %I', before,
                       optima_role('rw'), optima_role('ro'), optima_role('backbone'));
    END LOOP;
END $$;

-- Events, by the day on which they were sent. All that is unsent stands together: a small table, the only one that
-- an idle or busy relay touches. Marking an event as sent moves it to its day, where nothing changes any more.
CREATE TABLE outbox (
    position bigint GENERATED ALWAYS AS IDENTITY,
    id uuid NOT NULL,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    partition smallint NOT NULL CONSTRAINT outbox_partition_check CHECK (partition BETWEEN 0 AND 15),
    type text NOT NULL,
    subject uuid NOT NULL,
    sequence bigint NOT NULL,
    envelope text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz
) PARTITION BY LIST (optima_day(sent_at));
SELECT optima_protect('outbox');
SELECT optima_open_to_backbone('outbox');
CREATE TABLE outbox_unsent PARTITION OF outbox (PRIMARY KEY (position)) FOR VALUES IN (NULL)
    WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE TABLE outbox_default PARTITION OF outbox (PRIMARY KEY (position)) DEFAULT;

-- For the previous release's relays, which don't know the days; the next release drops it.
CREATE INDEX outbox_unsent_in_order ON outbox (position) WHERE sent_at IS NULL;

-- Handled events, by the day on which they happened, which their UUIDv7 carries: so the key is unique over all days.
CREATE TABLE inbox (
    event_id uuid NOT NULL,
    handled_at timestamptz NOT NULL DEFAULT now()
) PARTITION BY RANGE (event_id);
ALTER TABLE inbox ADD PRIMARY KEY (event_id);
CREATE INDEX inbox_handled ON inbox USING brin (handled_at) WITH (pages_per_range = 32, autosummarize = on);
CREATE TABLE inbox_default PARTITION OF inbox DEFAULT;

-- Answers already given, by the day of the request. An index holds the key unique within a day; over the days whoever
-- writes looks for it (`looked`).
CREATE TABLE idempotency_keys (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    person_id uuid NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    status smallint,
    headers text,
    body bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    day date NOT NULL DEFAULT optima_day(now()),
    looked boolean NOT NULL DEFAULT false
) PARTITION BY LIST (day);
SELECT optima_protect('idempotency_keys');
SELECT optima_open_to_backbone('idempotency_keys');
ALTER TABLE idempotency_keys ADD PRIMARY KEY (tenant_id, person_id, key, day);
CREATE TABLE idempotency_keys_default PARTITION OF idempotency_keys DEFAULT;

-- For the previous release, which does not look; the next release drops it and the column.
CREATE FUNCTION optima_look_for_key() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM idempotency_keys WHERE tenant_id = NEW.tenant_id AND person_id = NEW.person_id
                   AND key = NEW.key AND day BETWEEN NEW.day - 2 AND NEW.day - 1) THEN
        RAISE unique_violation USING MESSAGE = 'the key was used on another day', TABLE = 'idempotency_keys';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER look_for_key BEFORE INSERT ON idempotency_keys
    FOR EACH ROW WHEN (NOT NEW.looked) EXECUTE FUNCTION optima_look_for_key();

-- Makes the partitions of the next three days. Holds up no command: what is attached is empty, and the parent is
-- locked against other changes of its shape alone.
CREATE FUNCTION optima_add_days(today date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '1s' AS $$
DECLARE
    parent text;
    day date;
    partition text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('optima_days'));
    FOREACH parent IN ARRAY ARRAY['outbox', 'inbox', 'idempotency_keys'] LOOP
        FOR ahead IN 1..3 LOOP
            day := today + ahead;
            partition := parent || to_char(day, '_YYYYMMDD');
            CONTINUE WHEN to_regclass(partition) IS NOT NULL;
            EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)',
                           partition, parent || '_default');
            EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES ', parent, partition)
                || CASE parent WHEN 'inbox'
                   THEN format('FROM (%L) TO (%L)', optima_first_id(day), optima_first_id(day + 1))
                   ELSE format('IN (%L)', day) END;
        END LOOP;
    END LOOP;
END $$;

-- Drops the partitions of days before `kept`. One of the inbox stays while it holds an event that was handled since.
-- Returns the names. Waits a second for the commands in hand, or leaves it to the next time.
CREATE FUNCTION optima_drop_days(parent text, kept date) RETURNS SETOF text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp SET lock_timeout = '1s' SET timezone = 'UTC' AS $$
DECLARE
    partition text;
    in_use boolean := false;
BEGIN
    IF parent NOT IN ('outbox', 'inbox', 'idempotency_keys') THEN
        RAISE EXCEPTION '% has no days', parent;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('optima_days'));
    FOR partition IN
        SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
        WHERE inhparent = parent::regclass AND relname ~ '_\d{8}$'
            AND to_date(right(relname, 8), 'YYYYMMDD') < kept
        ORDER BY relname
    LOOP
        IF parent = 'inbox' THEN
            EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE handled_at >= %L)', partition, kept) INTO in_use;
            CONTINUE WHEN in_use;
            -- A late event may have come in between: now none can.
            LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE;
            EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE handled_at >= %L)', partition, kept) INTO in_use;
            CONTINUE WHEN in_use;
        END IF;
        EXECUTE format('DROP TABLE %I', partition);
        RETURN NEXT partition;
    END LOOP;
END $$;

DO $$
DECLARE
    -- Now that nobody else writes: the transaction may have begun before midnight and waited.
    today date := optima_day(clock_timestamp());
    days text;
    parent text;
BEGIN
    -- An answer is kept 48 hours from here: longer than before, never shorter.
    EXECUTE format('ALTER TABLE idempotency_keys_before ADD day date NOT NULL DEFAULT %L', today);
    ALTER TABLE idempotency_keys_before ALTER day SET DEFAULT optima_day(now()),
        ADD looked boolean NOT NULL DEFAULT false;

    INSERT INTO outbox_unsent (position, id, tenant_id, partition, type, subject, sequence, envelope, created_at)
        OVERRIDING SYSTEM VALUE
        SELECT position, id, tenant_id, partition, type, subject, sequence, envelope, created_at
        FROM outbox_before WHERE sent_at IS NULL;
    DELETE FROM outbox_before WHERE sent_at IS NULL;
    PERFORM setval(pg_get_serial_sequence('outbox', 'position'),
                   nextval(pg_get_serial_sequence('outbox_before', 'position')), false);
    ALTER TABLE outbox_before ALTER position DROP IDENTITY;

    -- Only identifiers made by hand are no UUIDv7 of the past.
    WITH moved AS (
        DELETE FROM inbox_before WHERE event_id >= optima_first_id(today + 1) RETURNING event_id, handled_at)
    INSERT INTO inbox_default (event_id, handled_at) SELECT event_id, handled_at FROM moved;

    SELECT string_agg(quote_literal(day::date), ', ') INTO days
    FROM generate_series(least((SELECT optima_day(min(sent_at)) FROM outbox_before), today), today, '1 day') AS day;
    EXECUTE format('ALTER TABLE outbox ATTACH PARTITION outbox_before FOR VALUES IN (%s)', days);
    EXECUTE format('ALTER TABLE inbox ATTACH PARTITION inbox_before FOR VALUES FROM (MINVALUE) TO (%L)',
                   optima_first_id(today + 1));
    EXECUTE format('ALTER TABLE idempotency_keys ATTACH PARTITION idempotency_keys_before FOR VALUES IN (%L)', today);
    FOREACH parent IN ARRAY ARRAY['outbox', 'inbox', 'idempotency_keys'] LOOP
        EXECUTE format('ALTER TABLE %I RENAME TO %I', parent || '_before', parent || to_char(today, '_YYYYMMDD'));
    END LOOP;

    -- As before: a command adds events, and only the relay marks them.
    EXECUTE format('REVOKE UPDATE, DELETE ON outbox FROM %I', optima_role('rw'));
    EXECUTE format('GRANT SELECT, INSERT ON inbox TO %I', optima_role('rw'));
    EXECUTE format('GRANT SELECT, DELETE ON inbox TO %I', optima_role('backbone'));
    EXECUTE format('GRANT SELECT, DELETE ON outbox_default, inbox_default, idempotency_keys_default TO %I',
                   optima_role('backbone'));
    REVOKE EXECUTE ON FUNCTION optima_add_days(date), optima_drop_days(text, date) FROM PUBLIC;
    EXECUTE format('GRANT EXECUTE ON FUNCTION optima_add_days(date), optima_drop_days(text, date) TO %I',
                   optima_role('backbone'));
END $$;
