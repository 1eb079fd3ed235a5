-- What the trail reads and appends. Row-level security narrows everything to the tenant.

-- name: lock_head
-- Once a batch: who holds this row numbers the next entries.
SELECT number, hash, anchor_due FROM heads FOR UPDATE

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
-- the hours that the period [$2, $3) touches. Without a bound of the period, its hours are not looked at.
SELECT greatest(
           CASE WHEN $1::uuid IS NULL THEN 0 ELSE (SELECT number FROM entries WHERE event_id = $1) END,
           CASE WHEN $2::timestamptz IS NULL THEN 0 ELSE (
               SELECT min(first_number) - 1 FROM hours
               WHERE hour > $2 - interval '1 hour' AND ($3::timestamptz IS NULL OR hour < $3)) END) AS low,
       CASE WHEN $1::uuid IS NOT NULL AND NOT EXISTS (SELECT FROM entries WHERE event_id = $1) THEN 0
            WHEN $3::timestamptz IS NULL THEN coalesce((SELECT number FROM heads), 0)
            ELSE (SELECT coalesce(max(last_number), 0) FROM hours
                  WHERE hour < $3 AND ($2::timestamptz IS NULL OR hour > $2 - interval '1 hour')) END AS high

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

-- name: select_entries_of_person
-- The same for who reads everything and asks for one person ($5): the two indexes in number order, each no
-- further than the page.
SELECT tenant_id, number, event_id, source, type, subject, sequence, correlation_id, causation_id,
       actor_id, on_behalf_of, occurred_at, recorded_at, data, hash
FROM (
    (SELECT * FROM entries
     WHERE actor_id = $5 AND number > $1 AND number <= $2
      AND ($4::uuid IS NULL OR correlation_id = $4)
      AND ($6::text[] IS NULL OR type = ANY ($6))
      AND ($7::timestamptz IS NULL OR occurred_at >= $7)
      AND ($8::timestamptz IS NULL OR occurred_at < $8)
      AND CASE WHEN starts_with(type, 'optima.economics.brief_priced.') THEN $9::boolean
               WHEN starts_with(type, 'optima.economics.') THEN $10::boolean ELSE true END
     ORDER BY number LIMIT $3)
    UNION ALL
    (SELECT * FROM entries
     WHERE on_behalf_of = $5 AND actor_id IS DISTINCT FROM $5 AND number > $1 AND number <= $2
      AND ($4::uuid IS NULL OR correlation_id = $4)
      AND ($6::text[] IS NULL OR type = ANY ($6))
      AND ($7::timestamptz IS NULL OR occurred_at >= $7)
      AND ($8::timestamptz IS NULL OR occurred_at < $8)
      AND CASE WHEN starts_with(type, 'optima.economics.brief_priced.') THEN $9::boolean
               WHEN starts_with(type, 'optima.economics.') THEN $10::boolean ELSE true END
     ORDER BY number LIMIT $3)
) AS theirs
WHERE $11::uuid IS NULL -- nobody's competence narrows it
ORDER BY number
LIMIT $3

-- name: select_entries_of_types
-- The same for who reads everything and asks for a few kinds ($6): the index of each in number order, no further
-- than the page.
SELECT tenant_id, number, event_id, source, type, subject, sequence, correlation_id, causation_id,
       actor_id, on_behalf_of, occurred_at, recorded_at, data, hash
FROM (
    SELECT found.* FROM unnest($6::text[]) AS wanted(type) CROSS JOIN LATERAL (
        SELECT * FROM entries
        WHERE type = wanted.type AND number > $1 AND number <= $2
          AND ($4::uuid IS NULL OR correlation_id = $4)
          AND ($5::uuid IS NULL OR actor_id = $5 OR on_behalf_of = $5)
          AND ($7::timestamptz IS NULL OR occurred_at >= $7)
          AND ($8::timestamptz IS NULL OR occurred_at < $8)
          AND CASE WHEN starts_with(type, 'optima.economics.brief_priced.') THEN $9::boolean
                   WHEN starts_with(type, 'optima.economics.') THEN $10::boolean ELSE true END
        ORDER BY number LIMIT $3) AS found) AS theirs
WHERE $11::uuid IS NULL -- nobody's competence narrows it
ORDER BY number
LIMIT $3

-- name: select_entries_of_few_stories
-- The same for a person ($11) with few grants: what they did, and each of their stories, each no further than
-- the page, since a walk along the whole trail would mostly meet what they may not see.
SELECT tenant_id, number, event_id, source, type, subject, sequence, correlation_id, causation_id,
       actor_id, on_behalf_of, occurred_at, recorded_at, data, hash
FROM (
    (SELECT * FROM entries
     WHERE actor_id = $11 AND number > $1 AND number <= $2
      AND ($4::uuid IS NULL OR correlation_id = $4)
      AND ($5::uuid IS NULL OR actor_id = $5 OR on_behalf_of = $5)
      AND ($6::text[] IS NULL OR type = ANY ($6))
      AND ($7::timestamptz IS NULL OR occurred_at >= $7)
      AND ($8::timestamptz IS NULL OR occurred_at < $8)
      AND CASE WHEN starts_with(type, 'optima.economics.brief_priced.') THEN $9::boolean
               WHEN starts_with(type, 'optima.economics.') THEN $10::boolean ELSE true END
     ORDER BY number LIMIT $3)
    UNION ALL
    (SELECT * FROM entries
     WHERE on_behalf_of = $11 AND actor_id IS DISTINCT FROM $11 AND number > $1 AND number <= $2
      AND ($4::uuid IS NULL OR correlation_id = $4)
      AND ($5::uuid IS NULL OR actor_id = $5 OR on_behalf_of = $5)
      AND ($6::text[] IS NULL OR type = ANY ($6))
      AND ($7::timestamptz IS NULL OR occurred_at >= $7)
      AND ($8::timestamptz IS NULL OR occurred_at < $8)
      AND CASE WHEN starts_with(type, 'optima.economics.brief_priced.') THEN $9::boolean
               WHEN starts_with(type, 'optima.economics.') THEN $10::boolean ELSE true END
     ORDER BY number LIMIT $3)
    UNION ALL
    (SELECT found.* FROM grants AS g CROSS JOIN LATERAL (
        (SELECT * FROM entries
         WHERE correlation_id = g.correlation_id AND g.subject IN (correlation_id, subject)
          AND actor_id IS DISTINCT FROM $11 AND on_behalf_of IS DISTINCT FROM $11
          AND number > $1 AND number <= $2
          AND ($4::uuid IS NULL OR correlation_id = $4)
          AND ($5::uuid IS NULL OR actor_id = $5 OR on_behalf_of = $5)
          AND ($6::text[] IS NULL OR type = ANY ($6))
          AND ($7::timestamptz IS NULL OR occurred_at >= $7)
          AND ($8::timestamptz IS NULL OR occurred_at < $8)
          AND CASE WHEN starts_with(type, 'optima.economics.brief_priced.') THEN $9::boolean
                   WHEN starts_with(type, 'optima.economics.') THEN $10::boolean ELSE true END
         ORDER BY number LIMIT $3)
     ) AS found
     WHERE g.person_id = $11
         AND (g.subject = g.correlation_id OR NOT EXISTS ( -- a part of what they see whole
             SELECT FROM grants AS whole
             WHERE whole.person_id = $11 AND whole.correlation_id = g.correlation_id
                 AND whole.subject = g.correlation_id)))
) AS theirs
ORDER BY number
LIMIT $3

-- name: walk_chain
SELECT tenant_id, number, event_id, source, type, subject, sequence, correlation_id, causation_id,
       actor_id, on_behalf_of, occurred_at, recorded_at, data, hash
FROM entries
WHERE number > $1 AND number <= $2
ORDER BY number
LIMIT $3

-- name: check_stretch
-- Recomputes up to $3 hashes after the entry $1 with hash $2. The text is `Entry.canonical`'s, written here
-- since millions of entries are verified: to send them elsewhere takes longer than to hash them. Both stand
-- or fall by the hashes. In parentheses: each step copies what it joins, so that the long `data` comes late.
SELECT count(*) AS entries, max(number) AS last, min(number) FILTER (WHERE holds IS NOT TRUE) AS broken
FROM (
    SELECT number,
           number = lag(number, 1, $1::bigint) OVER by_number + 1 AND hash = encode(sha256(convert_to(
               lag(hash, 1, $2::text) OVER by_number
               || ('{"actor_id":' || coalesce('"' || actor_id || '"', 'null')
                   || ',"causation_id":' || coalesce('"' || causation_id || '"', 'null')
                   || ',"correlation_id":"' || correlation_id || '","data":')
               || data
               || (',"event_id":"' || event_id || '","number":' || number || ',"occurred_at":"'
                   || to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')
                   || '+00:00","on_behalf_of":' || coalesce('"' || on_behalf_of || '"', 'null')
                   || ',"recorded_at":"'
                   || to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')
                   || '+00:00","sequence":' || sequence || ',"source":"' || source || '","subject":"' || subject
                   || '","tenant_id":"' || tenant_id || '","type":"' || type || '"}'), 'UTF8')), 'hex') AS holds
    FROM (SELECT * FROM entries WHERE number > $1
          ORDER BY number FETCH FIRST ($3) ROWS WITH TIES) AS stretch
    WINDOW by_number AS (ORDER BY number)) AS checked

-- name: find_before
-- The entry before $1, whatever its number.
SELECT number, hash FROM entries WHERE number < $1 ORDER BY number DESC LIMIT 1

-- name: hashes_at
SELECT number, hash FROM entries WHERE number = ANY ($1::bigint[])

-- name: owe_anchor
-- The day's first entry owes the day's anchor.
UPDATE heads SET anchor_due = $1

-- name: find_anchor
SELECT day FROM anchors WHERE day = $1

-- name: add_anchor
INSERT INTO anchors (day, number, hash, signed_at, kid, signature) VALUES ($1, $2, $3, $4, $5, $6)

-- name: list_anchors
-- One a day: a decade is a few thousand.
SELECT tenant_id, day, number, hash, signed_at, kid, signature FROM anchors
WHERE number > $1 AND ($2::bigint IS NULL OR number <= $2)
ORDER BY number, day

-- name: newest_anchor
SELECT tenant_id, day, number, hash, signed_at, kid, signature FROM anchors ORDER BY day DESC LIMIT 1

-- name: lock_anchor_keys
-- Of all tenants that anchor at once, one makes the successor.
SELECT pg_advisory_xact_lock(hashtextextended('trail.anchor_keys', 0))

-- name: list_anchor_keys
SELECT kid, public, signs_from, sealed, attestation FROM anchor_keys ORDER BY signs_from, kid

-- name: add_anchor_key
INSERT INTO anchor_keys (kid, public, attestation, sealed, signs_from) VALUES ($1, $2, $3, $4, $5)

-- name: forget_private_key
UPDATE anchor_keys SET sealed = NULL WHERE kid = $1

-- name: make_person_keys
-- In the order of people; whoever has a key, or was erased, keeps that.
INSERT INTO person_keys (person_id, sealed)
SELECT * FROM unnest($1::uuid[], $2::bytea[])
ON CONFLICT (tenant_id, person_id) DO NOTHING

-- name: find_person_keys
SELECT person_id, sealed FROM person_keys WHERE person_id = ANY ($1::uuid[])

-- name: destroy_person_key
UPDATE person_keys SET sealed = NULL, erased_at = $2
WHERE person_id = $1 AND sealed IS NOT NULL
RETURNING erased_at

-- name: find_erasure
SELECT erased_at FROM person_keys WHERE person_id = $1

-- name: newest_words
-- The newest entry of the type $2 in each of these stories: what the directory tells of a person, or of the
-- tenant, is a story of its own.
SELECT told.*
FROM unnest($1::uuid[]) AS story(id)
CROSS JOIN LATERAL (
    SELECT tenant_id, number, event_id, source, type, subject, sequence, correlation_id, causation_id,
           actor_id, on_behalf_of, occurred_at, recorded_at, data, hash
    FROM entries WHERE correlation_id = story.id AND type = $2
    ORDER BY number DESC LIMIT 1) AS told

-- name: find_webhooks_that_wait_for
-- Once a batch of events of the types $1. A webhook whose receiver fails is left to its next attempt.
SELECT id FROM webhooks
WHERE state = 'active' AND retry_at IS NULL
  AND (types = '{}' OR EXISTS (
        SELECT FROM unnest($1::text[]) AS come(type), unnest(types) AS wanted(beginning)
        WHERE starts_with(come.type, wanted.beginning)))

-- name: find_webhooks_behind
SELECT id, owner_id, privileges, url, types, description, position, state, disabled_because, failures,
       retry_at, version
FROM webhooks
WHERE state = 'active' AND (retry_at IS NULL OR retry_at < $1)
  AND position < coalesce((SELECT number FROM heads), 0)

-- name: lock_webhooks
-- Held until the transaction ends: two at once must not both find room for one more, nor take one address.
SELECT pg_advisory_xact_lock(hashtextextended('webhooks of ' || optima_tenant()::text, 0))

-- name: count_webhooks
SELECT count(*) FROM webhooks

-- name: list_webhooks
SELECT id, owner_id, privileges, url, types, description, position, state, disabled_because, failures,
       retry_at, version
FROM webhooks
WHERE $1::uuid IS NULL OR id > $1
ORDER BY id
LIMIT $2

-- name: get_webhook
SELECT id, owner_id, privileges, url, types, description, position, state, disabled_because, failures,
       retry_at, version
FROM webhooks WHERE id = $1

-- name: find_webhook
SELECT id, owner_id, privileges, url, types, description, position, state, disabled_because, failures,
       retry_at, version
FROM webhooks WHERE url = $1

-- name: lock_webhook
SELECT id, owner_id, privileges, url, types, description, position, state, disabled_because, failures,
       retry_at, version
FROM webhooks WHERE id = $1 FOR UPDATE

-- name: add_webhook
INSERT INTO webhooks (id, owner_id, privileges, url, types, description, position, state, disabled_because,
                      failures, retry_at, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)

-- name: save_webhook
UPDATE webhooks
SET owner_id = $2, privileges = $3, url = $4, types = $5, description = $6, position = $7, state = $8,
    disabled_because = $9, failures = $10, retry_at = $11, version = $12
WHERE id = $1

-- name: remove_webhook
DELETE FROM webhooks WHERE id = $1

-- name: list_webhook_secrets
SELECT id, sealed, created_at FROM webhook_secrets WHERE webhook_id = $1 ORDER BY id

-- name: add_webhook_secret
INSERT INTO webhook_secrets (webhook_id, id, sealed, created_at) VALUES ($1, $2, $3, $4)

-- name: remove_webhook_secret
DELETE FROM webhook_secrets WHERE webhook_id = $1 AND id = $2

-- name: note_webhook_attempt
INSERT INTO webhook_attempts (id, webhook_id, event_id, number, type, replay, attempted_at, outcome, status,
                              latency_ms, answer)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)

-- name: list_webhook_attempts
-- Newest first, without those of events whose prices the reader may not see.
SELECT id, webhook_id, event_id, number, type, replay, attempted_at, outcome, status, latency_ms, answer
FROM webhook_attempts
WHERE webhook_id = $1
  AND CASE WHEN starts_with(type, 'optima.economics.brief_priced.') THEN $2::boolean
           WHEN starts_with(type, 'optima.economics.') THEN $3::boolean ELSE true END
  AND ($4::boolean IS NULL OR (outcome = 'delivered') = $4)
  AND ($5::uuid IS NULL OR id < $5)
ORDER BY id DESC
LIMIT $6

-- name: get_webhook_attempt
SELECT id, webhook_id, event_id, number, type, replay, attempted_at, outcome, status, latency_ms, answer
FROM webhook_attempts WHERE webhook_id = $1 AND id = $2

-- name: forget_webhook_attempts
DELETE FROM webhook_attempts WHERE attempted_at < $1

-- name: find_owner
-- The newest word of the directory about a person or service account, in their own story.
SELECT (data::jsonb ->> 'active')::boolean AS active,
       CASE WHEN data::jsonb ? 'scopes'
            THEN ARRAY(SELECT jsonb_array_elements_text(data::jsonb -> 'scopes')) END AS scopes,
       ARRAY(SELECT jsonb_array_elements_text(coalesce(data::jsonb -> 'roles', '[]'))) AS roles
FROM entries
WHERE correlation_id = $1 AND subject = $1
  AND type IN ('optima.identity.person_changed.v1', 'optima.identity.service_account_changed.v1')
ORDER BY sequence DESC
LIMIT 1

-- name: find_privileges_of_roles
-- Of the roles with the keys $1, as each was defined last.
SELECT DISTINCT ON (subject) ARRAY(SELECT jsonb_array_elements_text(data::jsonb -> 'privileges')) AS privileges
FROM entries
WHERE type = 'optima.identity.role_changed.v1' AND data::jsonb ->> 'key' = ANY ($1::text[])
ORDER BY subject, sequence DESC
