-- An event whose identifier carries a day to come (another machine's clock, an identifier made by hand) lies in
-- inbox_default when that day gets its partition. PostgreSQL refuses a partition whose rows are elsewhere, and with it
-- the days of all three tables and `migrate`. So the rows move to their day.
CREATE OR REPLACE FUNCTION optima_add_days(today date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp SET lock_timeout = '1s' SET row_security = off AS $$
DECLARE
    parent text;
    day date;
    partition text;
    of_the_day text;
    bounds text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('optima_days'));
    FOREACH parent IN ARRAY ARRAY['outbox', 'inbox', 'idempotency_keys'] LOOP
        FOR ahead IN 1..3 LOOP
            day := today + ahead;
            partition := parent || to_char(day, '_YYYYMMDD');
            CONTINUE WHEN to_regclass(partition) IS NOT NULL;
            CASE parent
                WHEN 'inbox' THEN
                    of_the_day := format('event_id >= %L AND event_id < %L',
                                         optima_first_id(day), optima_first_id(day + 1));
                    bounds := format('FROM (%L) TO (%L)', optima_first_id(day), optima_first_id(day + 1));
                WHEN 'outbox' THEN
                    of_the_day := format('optima_day(sent_at) = %L', day);
                    bounds := format('IN (%L)', day);
                ELSE
                    of_the_day := format('day = %L', day);
                    bounds := format('IN (%L)', day);
            END CASE;
            EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)',
                           partition, parent || '_default');
            EXECUTE format('WITH moved AS (DELETE FROM %I WHERE %s RETURNING *) INSERT INTO %I SELECT * FROM moved',
                           parent || '_default', of_the_day, partition);
            EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES ', parent, partition) || bounds;
        END LOOP;
    END LOOP;
END $$;
