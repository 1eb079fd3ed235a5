-- What the trail reads and appends. Row-level security narrows everything to the tenant.

-- name: lock_head
-- Once a batch: who holds this row numbers the next entries.
SELECT number, hash FROM heads FOR UPDATE

-- name: begin_chain
-- A tenant's first entry; two consumers may begin at once.
INSERT INTO heads (number, hash) VALUES ($1, $2) ON CONFLICT (tenant_id) DO NOTHING

-- name: read_head
SELECT number, hash FROM heads

-- name: find_event
SELECT number FROM entries WHERE event_id = $1

-- name: append_entries
-- One statement for a whole batch and all that follows from it: entries ($1–$14), their hours ($15–$17), who
-- may see them ($18–$20), and the new head ($21, $22). Every event of every service comes through here.
WITH noted AS (
    INSERT INTO hours AS known (hour, first_number, last_number)
    SELECT * FROM unnest($15::timestamptz[], $16::bigint[], $17::bigint[])
    ON CONFLICT (tenant_id, hour) DO UPDATE
    SET first_number = least(known.first_number, excluded.first_number),
        last_number = greatest(known.last_number, excluded.last_number)
), granted AS (
    INSERT INTO grants (person_id, correlation_id, subject)
    SELECT * FROM unnest($18::uuid[], $19::uuid[], $20::uuid[])
    ON CONFLICT DO NOTHING
), moved AS (
    UPDATE heads SET number = $21, hash = $22
)
INSERT INTO entries (number, event_id, source, type, subject, sequence, correlation_id, causation_id,
                     actor_id, on_behalf_of, occurred_at, data, hash, recorded_at)
SELECT *, $14::timestamptz
FROM unnest($1::bigint[], $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::bigint[], $7::uuid[],
            $8::uuid[], $9::uuid[], $10::uuid[], $11::timestamptz[], $12::text[], $13::text[])

-- name: find_window
-- The numbers between which the answer lies: after the entry $1 (nothing, if it isn't there), and within
-- the hours that the period [$2, $3) touches.
SELECT greatest(
           CASE WHEN $1::uuid IS NULL THEN 0 ELSE (SELECT number FROM entries WHERE event_id = $1) END,
           period.first_number - 1) AS low,
       CASE WHEN $1::uuid IS NOT NULL AND NOT EXISTS (SELECT FROM entries WHERE event_id = $1) THEN 0
            ELSE period.last_number END AS high
FROM (SELECT coalesce(min(first_number), 1) AS first_number, coalesce(max(last_number), 0) AS last_number
      FROM hours
      WHERE ($2::timestamptz IS NULL OR hour > $2 - interval '1 hour')
        AND ($3::timestamptz IS NULL OR hour < $3)) AS period

-- name: count_grants
-- Up to $2: decides between the two ways of reading one's competence.
SELECT count(*) FROM (SELECT FROM grants WHERE person_id = $1 LIMIT $2) AS theirs

-- name: find_types
-- The tenant's types that begin with $1, hopping along the index from one to the next.
WITH RECURSIVE found AS (
    (SELECT type FROM entries WHERE type >= $1 ORDER BY type LIMIT 1)
    UNION ALL
    SELECT (SELECT type FROM entries WHERE type > found.type ORDER BY type LIMIT 1)
    FROM found WHERE starts_with(found.type, $1)
)
SELECT type FROM found WHERE starts_with(type, $1)

-- name: select_entries
-- Planned for the filters that are really given (force_custom_plan): each has its index in number order.
SELECT tenant_id, number, event_id, source, type, subject, sequence, correlation_id, causation_id,
       actor_id, on_behalf_of, occurred_at, recorded_at, data, hash
FROM entries AS e
WHERE number > $1 AND number <= $2
  AND ($4::uuid IS NULL OR correlation_id = $4)
  AND ($5::uuid IS NULL OR actor_id = $5 OR on_behalf_of = $5)
  AND ($6::text[] IS NULL OR type = ANY ($6))
  AND ($7::timestamptz IS NULL OR occurred_at >= $7)
  AND ($8::timestamptz IS NULL OR occurred_at < $8)
  AND CASE WHEN starts_with(type, 'optima.economics.brief_priced.') THEN $9::boolean
           WHEN starts_with(type, 'optima.economics.') THEN $10::boolean ELSE true END
  AND ($11::uuid IS NULL OR actor_id = $11 OR on_behalf_of = $11 OR EXISTS (
        SELECT FROM grants AS g
        WHERE g.person_id = $11 AND g.correlation_id = e.correlation_id
          AND g.subject IN (e.correlation_id, e.subject)))
ORDER BY number
LIMIT $3

-- name: select_entries_of_few_stories
-- The same for a person with few grants: gathers their entries first, since a walk along the whole trail
-- would mostly meet what they may not see.
SELECT tenant_id, number, event_id, source, type, subject, sequence, correlation_id, causation_id,
       actor_id, on_behalf_of, occurred_at, recorded_at, data, hash
FROM entries
WHERE number IN (
        SELECT number FROM entries WHERE actor_id = $11 AND number > $1 AND number <= $2
        UNION
        SELECT number FROM entries WHERE on_behalf_of = $11 AND number > $1 AND number <= $2
        UNION
        SELECT e.number FROM grants AS g JOIN entries AS e ON e.correlation_id = g.correlation_id
        WHERE g.person_id = $11 AND g.subject IN (e.correlation_id, e.subject)
          AND e.number > $1 AND e.number <= $2)
  AND ($4::uuid IS NULL OR correlation_id = $4)
  AND ($5::uuid IS NULL OR actor_id = $5 OR on_behalf_of = $5)
  AND ($6::text[] IS NULL OR type = ANY ($6))
  AND ($7::timestamptz IS NULL OR occurred_at >= $7)
  AND ($8::timestamptz IS NULL OR occurred_at < $8)
  AND CASE WHEN starts_with(type, 'optima.economics.brief_priced.') THEN $9::boolean
           WHEN starts_with(type, 'optima.economics.') THEN $10::boolean ELSE true END
ORDER BY number
LIMIT $3

-- name: walk_chain
SELECT tenant_id, number, event_id, source, type, subject, sequence, correlation_id, causation_id,
       actor_id, on_behalf_of, occurred_at, recorded_at, data, hash
FROM entries
WHERE number > $1
ORDER BY number
LIMIT $2

-- name: walk_canonical
-- The same text as `Entry.canonical`, written here since millions of entries are verified with it: the
-- database makes it several times as fast. Both stand or fall by the hashes.
SELECT number,
       '{"actor_id":' || coalesce('"' || actor_id || '"', 'null')
       || ',"causation_id":' || coalesce('"' || causation_id || '"', 'null')
       || ',"correlation_id":"' || correlation_id || '","data":' || data
       || ',"event_id":"' || event_id || '","number":' || number
       || ',"occurred_at":"' || to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')
       || '+00:00","on_behalf_of":' || coalesce('"' || on_behalf_of || '"', 'null')
       || ',"recorded_at":"' || to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')
       || '+00:00","sequence":' || sequence || ',"source":"' || source || '","subject":"' || subject
       || '","tenant_id":"' || tenant_id || '","type":"' || type || '"}' AS canonical,
       hash
FROM entries
WHERE number > $1
ORDER BY number
LIMIT $2
