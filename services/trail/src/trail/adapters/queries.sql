-- The statements that read the trail and append to it. Row-level security restricts all of them to the tenant.

-- name: lock_head
-- Locks the head, once for each batch of events of these types. The transaction with this lock numbers the next
-- entries, and creates missing keys of the people in them. Returns also the webhooks that wait for such events,
-- without those that wait for their next attempt after a failure.
SELECT number, hash, anchor_due,
       ARRAY(SELECT id FROM webhooks
             WHERE state = 'active' AND retry_at IS NULL
               AND (types = '{}' OR EXISTS (
                     SELECT FROM unnest(:types::text[]) AS come(type), unnest(types) AS wanted(beginning)
                     WHERE starts_with(come.type, wanted.beginning)))) AS waiting
FROM heads FOR UPDATE

-- name: insert_head
-- Creates the head for a tenant's first entry. Two consumers may do so at the same time.
INSERT INTO heads (number, hash) VALUES (:number, :hash) ON CONFLICT (tenant_id) DO NOTHING

-- name: find_head
SELECT number, hash FROM heads

-- name: find_event
SELECT number FROM entries WHERE event_id = :event_id

-- name: insert_entries
-- Writes a whole batch of entries in one statement, with their hours, who may see them, and the new head. Every
-- event of every service is written here.
WITH noted AS (
    INSERT INTO hours AS known (hour, first_number, last_number)
    SELECT hour, first, last
    FROM unnest(:hours::timestamptz[], :first_numbers::bigint[], :last_numbers::bigint[])
        AS h(hour, first, last)
    ON CONFLICT (tenant_id, hour) DO UPDATE
    SET first_number = least(known.first_number, excluded.first_number),
        last_number = greatest(known.last_number, excluded.last_number)
), granted AS (
    INSERT INTO grants (person_id, correlation_id, subject)
    SELECT person_id, story, subject
    FROM unnest(:granted_people::uuid[], :granted_stories::uuid[], :granted_subjects::uuid[])
        AS g(person_id, story, subject)
    ON CONFLICT DO NOTHING
), moved AS (
    UPDATE heads SET number = :number, hash = :hash, anchor_due = greatest(anchor_due, :today)
)
INSERT INTO entries (number, event_id, source, type, subject, sequence, correlation_id, causation_id,
                     actor_id, on_behalf_of, occurred_at, data, hash, recorded_at)
SELECT number, event_id, source, type, subject, sequence, correlation_id, causation_id,
       actor_id, on_behalf_of, occurred_at, data, hash, :recorded_at::timestamptz
FROM unnest(:numbers::bigint[], :event_ids::uuid[], :sources::text[], :types::text[], :subjects::uuid[],
            :sequences::bigint[], :correlation_ids::uuid[], :causation_ids::uuid[], :actor_ids::uuid[],
            :on_behalf_of::uuid[], :occurred_at::timestamptz[], :data::text[], :hashes::text[])
    AS e(number, event_id, source, type, subject, sequence, correlation_id, causation_id,
         actor_id, on_behalf_of, occurred_at, data, hash)

-- name: update_assignments
-- Stores to whom phases are assigned now. The former assignee of a phase may no longer see its job, unless another
-- phase of the job is assigned to them.
WITH told AS (
    SELECT phase_id, person_id, story, job_id
    FROM unnest(:phases::uuid[], :people::uuid[], :stories::uuid[], :jobs::uuid[])
        AS t(phase_id, person_id, story, job_id)
), assigned AS (
    INSERT INTO assignments (phase_id, person_id, correlation_id, job_id)
    SELECT phase_id, person_id, story, job_id FROM told WHERE person_id IS NOT NULL
    ON CONFLICT (tenant_id, phase_id) DO UPDATE SET person_id = excluded.person_id
), unassigned AS (
    DELETE FROM assignments AS a USING told WHERE a.phase_id = told.phase_id AND told.person_id IS NULL
)
DELETE FROM grants AS g
USING assignments AS former, told
WHERE former.phase_id = told.phase_id AND former.person_id IS DISTINCT FROM told.person_id
  AND g.person_id = former.person_id AND g.correlation_id = former.correlation_id AND g.subject = former.job_id
  AND NOT EXISTS (SELECT FROM assignments AS kept
                  WHERE kept.person_id = g.person_id AND kept.job_id = g.subject
                      AND kept.phase_id <> ALL (:phases))
  AND NOT EXISTS (SELECT FROM told AS given WHERE given.person_id = g.person_id AND given.job_id = g.subject)

-- name: find_window
-- Returns the numbers between which the entries of an answer are: after the entry `after` and before the entry
-- `before` (none, if that entry does not exist), and within the hours of the period. Without a bound of the period,
-- its hours are not read.
SELECT greatest(
           CASE WHEN :after::uuid IS NULL THEN 0 ELSE (SELECT number FROM entries WHERE event_id = :after) END,
           CASE WHEN :occurred_from::timestamptz IS NULL THEN 0 ELSE (
               SELECT min(first_number) - 1 FROM hours
               WHERE hour > :occurred_from - interval '1 hour'
                 AND (:occurred_before::timestamptz IS NULL OR hour < :occurred_before)) END) AS low,
       least(
           CASE WHEN :after::uuid IS NOT NULL AND NOT EXISTS (SELECT FROM entries WHERE event_id = :after)
                THEN 0 END,
           CASE WHEN :before::uuid IS NOT NULL
                THEN coalesce((SELECT number FROM entries WHERE event_id = :before) - 1, 0) END,
           CASE WHEN :occurred_before::timestamptz IS NULL THEN coalesce((SELECT number FROM heads), 0)
                ELSE (SELECT coalesce(max(last_number), 0) FROM hours
                      WHERE hour < :occurred_before AND (
                            :occurred_from::timestamptz IS NULL OR hour > :occurred_from - interval '1 hour'))
                END) AS high

-- name: count_grants
-- Counts a person's grants up to `most`, to choose between the two ways of reading what they may see.
SELECT count(*) FROM (SELECT FROM grants WHERE person_id = :person_id LIMIT :most) AS theirs

-- name: list_types
-- Lists the tenant's types with this prefix, by jumping from one to the next in the index.
WITH RECURSIVE found AS (
    (SELECT type FROM entries WHERE type >= :beginning ORDER BY type LIMIT 1)
    UNION ALL
    SELECT (SELECT type FROM entries WHERE type > found.type ORDER BY type LIMIT 1)
    FROM found WHERE starts_with(found.type, :beginning)
)
SELECT type FROM found WHERE starts_with(type, :beginning)

-- fragment: entry_columns
tenant_id, number, event_id, source, type, subject, sequence, correlation_id, causation_id,
       actor_id, on_behalf_of, occurred_at, recorded_at, data, hash

-- fragment: in_competence
CASE WHEN starts_with(type, 'optima.economics.brief_priced.') THEN :brief_prices::boolean
     WHEN starts_with(type, 'optima.economics.budget_') THEN :budgets::boolean
     WHEN starts_with(type, 'optima.economics.') THEN :economics::boolean ELSE true END

-- fragment: asked_for
number > :low AND number <= :high
  AND (:story_id::uuid IS NULL OR correlation_id = :story_id)
  AND (:occurred_from::timestamptz IS NULL OR occurred_at >= :occurred_from)
  AND (:occurred_before::timestamptz IS NULL OR occurred_at < :occurred_before)
  AND {in_competence}

-- fragment: of_types
(:types::text[] IS NULL OR type = ANY (:types))

-- fragment: of_person
(:person_id::uuid IS NULL OR actor_id = :person_id OR on_behalf_of = :person_id)

-- name: list_entries
-- plan: custom
-- Lists entries. The statement is planned for the filters that are given, each of which has an index in the order of
-- the numbers.
SELECT {entry_columns}
FROM entries AS e
WHERE {asked_for} AND {of_types} AND {of_person}
  AND (:viewer_id::uuid IS NULL OR actor_id = :viewer_id OR on_behalf_of = :viewer_id OR EXISTS (
        SELECT FROM grants AS g
        WHERE g.person_id = :viewer_id AND g.correlation_id = e.correlation_id
          AND g.subject IN (e.correlation_id, e.subject)))
ORDER BY number
LIMIT :limit

-- name: list_entries_of_person
-- plan: custom
-- Does the same for a reader of everything who asks for one person. It reads the two indexes in the order of the
-- numbers, each no further than the page.
SELECT {entry_columns}
FROM (
    (SELECT {entry_columns} FROM entries
     WHERE actor_id = :person_id AND {asked_for} AND {of_types}
     ORDER BY number LIMIT :limit)
    UNION ALL
    (SELECT {entry_columns} FROM entries
     WHERE on_behalf_of = :person_id AND actor_id IS DISTINCT FROM :person_id AND {asked_for} AND {of_types}
     ORDER BY number LIMIT :limit)
) AS theirs
WHERE :viewer_id::uuid IS NULL -- nobody's competence narrows it
ORDER BY number
LIMIT :limit

-- name: list_entries_of_types
-- plan: custom
-- Does the same for a reader of everything who asks for a few types. It reads the index of each type in the order of
-- the numbers, no further than the page.
SELECT {entry_columns}
FROM unnest(:types::text[]) AS wanted(kind) CROSS JOIN LATERAL (
    SELECT {entry_columns} FROM entries
    WHERE type = wanted.kind AND {asked_for} AND {of_person}
    ORDER BY number LIMIT :limit) AS found
WHERE :viewer_id::uuid IS NULL -- nobody's competence narrows it
ORDER BY number
LIMIT :limit

-- name: list_entries_of_few_stories
-- plan: custom
-- Does the same for a person with few grants. It reads what they did, and each of their stories, no further than the
-- page. A scan of the whole trail would mostly find entries that they may not see.
SELECT {entry_columns}
FROM (
    (SELECT {entry_columns} FROM entries
     WHERE actor_id = :viewer_id AND {asked_for} AND {of_types} AND {of_person}
     ORDER BY number LIMIT :limit)
    UNION ALL
    (SELECT {entry_columns} FROM entries
     WHERE on_behalf_of = :viewer_id AND actor_id IS DISTINCT FROM :viewer_id
         AND {asked_for} AND {of_types} AND {of_person}
     ORDER BY number LIMIT :limit)
    UNION ALL
    (SELECT {entry_columns}
     FROM (SELECT correlation_id AS story, subject AS part FROM grants WHERE person_id = :viewer_id) AS g
     CROSS JOIN LATERAL (
        SELECT {entry_columns} FROM entries
        WHERE correlation_id = g.story AND g.part IN (correlation_id, subject)
            AND actor_id IS DISTINCT FROM :viewer_id AND on_behalf_of IS DISTINCT FROM :viewer_id
            AND {asked_for} AND {of_types} AND {of_person}
        ORDER BY number LIMIT :limit) AS found
     WHERE g.part = g.story OR NOT EXISTS ( -- a part of what they see whole
         SELECT FROM grants AS whole
         WHERE whole.person_id = :viewer_id AND whole.correlation_id = g.story AND whole.subject = g.story))
) AS theirs
ORDER BY number
LIMIT :limit

-- name: list_chain
SELECT {entry_columns}
FROM entries
WHERE number > :after AND number <= :through
ORDER BY number
LIMIT :limit

-- name: check_stretch
-- Recomputes the hashes after the entry `number`. It builds the same text as `Entry.canonical`, here in the database,
-- since sending millions of entries elsewhere takes longer than hashing them. If the two differed, no hash would hold.
-- The parentheses make the concatenation faster: each step copies its parts, so the long `data` is joined late.
SELECT count(*) AS entries, max(number) AS last, min(number) FILTER (WHERE holds IS NOT TRUE) AS broken
FROM (
    SELECT number,
           number = lag(number, 1, :number::bigint) OVER by_number + 1 AND hash = encode(sha256(convert_to(
               lag(hash, 1, :hash::text) OVER by_number
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
    FROM (SELECT {entry_columns}
          FROM entries WHERE number > :number
          ORDER BY number FETCH FIRST (:limit) ROWS WITH TIES) AS stretch
    WINDOW by_number AS (ORDER BY number)) AS checked

-- name: find_entry_before
-- Finds the last entry with a lower number, even if numbers are missing in between.
SELECT number, hash FROM entries WHERE number < :number ORDER BY number DESC LIMIT 1

-- name: list_hashes
SELECT number, hash FROM entries WHERE number = ANY (:numbers::bigint[])

-- name: find_anchor
SELECT day FROM anchors WHERE day = :day

-- name: insert_anchor
INSERT INTO anchors (day, number, hash, signed_at, kid, signature)
VALUES (:day, :number, :hash, :signed_at, :kid, :signature)

-- name: list_anchors
-- Lists anchors without pages. There is one a day, so ten years give a few thousand.
SELECT tenant_id, day, number, hash, signed_at, kid, signature FROM anchors
WHERE number > :after AND (:through::bigint IS NULL OR number <= :through)
ORDER BY number, day

-- name: find_newest_anchor
SELECT tenant_id, day, number, hash, signed_at, kid, signature FROM anchors ORDER BY day DESC LIMIT 1

-- name: lock_anchor_keys
-- Makes tenants that sign at the same time take turns, so that only one of them creates the next key.
SELECT pg_advisory_xact_lock(hashtextextended('trail.anchor_keys', 0))

-- name: list_anchor_keys
SELECT kid, public, signs_from, sealed, attestation FROM anchor_keys ORDER BY signs_from, kid

-- name: insert_anchor_key
INSERT INTO anchor_keys (kid, public, attestation, sealed, signs_from)
VALUES (:kid, :public, :attestation, :sealed, :signs_from)

-- name: delete_private_key
UPDATE anchor_keys SET sealed = NULL WHERE kid = :kid

-- name: insert_person_key
INSERT INTO person_keys (person_id, sealed) VALUES (:person_id, :sealed)

-- name: list_person_keys
SELECT person_id, sealed FROM person_keys WHERE person_id = ANY (:people::uuid[])

-- name: destroy_person_key
UPDATE person_keys SET sealed = NULL, erased_at = :erased_at
WHERE person_id = :person_id AND sealed IS NOT NULL
RETURNING erased_at

-- name: find_erasure
SELECT erased_at FROM person_keys WHERE person_id = :person_id

-- name: list_newest_entries
-- Lists the newest entry of a type in each of these stories. The directory's events about each person, and about the
-- tenant, form a story of their own.
SELECT {entry_columns}
FROM unnest(:stories::uuid[]) AS wanted(story)
CROSS JOIN LATERAL (
    SELECT {entry_columns} FROM entries WHERE correlation_id = wanted.story AND type = :type
    ORDER BY number DESC LIMIT 1) AS told

-- name: list_webhooks_behind
SELECT id, owner_id, privileges, url, types, description, position, state, disabled_because, failures,
       retry_at, version
FROM webhooks
WHERE state = 'active' AND (retry_at IS NULL OR retry_at < :overdue)
  AND position < coalesce((SELECT number FROM heads), 0)

-- name: lock_webhooks
-- Locks the tenant's webhooks until the transaction ends, so that two transactions can't both add the last possible
-- webhook or use the same address.
SELECT pg_advisory_xact_lock(hashtextextended('webhooks of ' || optima_tenant()::text, 0))

-- name: count_webhooks
SELECT count(*) FROM webhooks

-- name: list_webhooks
SELECT id, owner_id, privileges, url, types, description, position, state, disabled_because, failures,
       retry_at, version
FROM webhooks
WHERE :after::uuid IS NULL OR id > :after
ORDER BY id
LIMIT :limit

-- name: find_webhook
SELECT id, owner_id, privileges, url, types, description, position, state, disabled_because, failures,
       retry_at, version
FROM webhooks WHERE id = :id

-- name: find_webhook_by_url
SELECT id, owner_id, privileges, url, types, description, position, state, disabled_because, failures,
       retry_at, version
FROM webhooks WHERE url = :url

-- name: lock_webhook
SELECT id, owner_id, privileges, url, types, description, position, state, disabled_because, failures,
       retry_at, version
FROM webhooks WHERE id = :id FOR UPDATE

-- name: insert_webhook
INSERT INTO webhooks (id, owner_id, privileges, url, types, description, position, state, disabled_because,
                      failures, retry_at, version)
VALUES (:id, :owner_id, :privileges, :url, :types, :description, :position, :state, :disabled_because,
        :failures, :retry_at, :version)

-- name: update_webhook
UPDATE webhooks
SET owner_id = :owner_id, privileges = :privileges, url = :url, types = :types, description = :description,
    position = :position, state = :state, disabled_because = :disabled_because, failures = :failures,
    retry_at = :retry_at, version = :version
WHERE id = :id

-- name: delete_webhook
DELETE FROM webhooks WHERE id = :id

-- name: list_webhook_secrets
SELECT id, sealed, created_at FROM webhook_secrets WHERE webhook_id = :webhook_id ORDER BY id

-- name: count_webhook_secrets
SELECT webhook_id, count(*) AS secrets FROM webhook_secrets WHERE webhook_id = ANY (:webhooks::uuid[])
GROUP BY webhook_id

-- name: insert_webhook_secret
INSERT INTO webhook_secrets (webhook_id, id, sealed, created_at)
VALUES (:webhook_id, :id, :sealed, :created_at)

-- name: delete_webhook_secret
DELETE FROM webhook_secrets WHERE webhook_id = :webhook_id AND id = :id

-- name: insert_webhook_attempt
INSERT INTO webhook_attempts (id, webhook_id, event_id, number, type, replay, attempted_at, outcome, status,
                              latency_ms, answer)
VALUES (:id, :webhook_id, :event_id, :number, :type, :replay, :attempted_at, :outcome, :status, :latency_ms,
        :answer)

-- name: list_webhook_attempts
-- plan: custom
-- Lists attempts, newest first, without those of events whose prices the reader may not see.
SELECT id, webhook_id, event_id, number, type, replay, attempted_at, outcome, status, latency_ms, answer
FROM webhook_attempts
WHERE webhook_id = :webhook_id
  AND CASE WHEN starts_with(type, 'optima.economics.brief_priced.') THEN :brief_prices::boolean
           WHEN starts_with(type, 'optima.economics.budget_') THEN :budgets::boolean
           WHEN starts_with(type, 'optima.economics.') THEN :economics::boolean ELSE true END
  AND (:delivered::boolean IS NULL OR (outcome = 'delivered') = :delivered)
  AND (:before::uuid IS NULL OR id < :before)
ORDER BY id DESC
LIMIT :limit

-- name: find_webhook_attempt
SELECT id, webhook_id, event_id, number, type, replay, attempted_at, outcome, status, latency_ms, answer
FROM webhook_attempts WHERE webhook_id = :webhook_id AND id = :id

-- name: delete_webhook_attempts
DELETE FROM webhook_attempts WHERE attempted_at < :before

-- name: find_owner
-- Reads the newest event of the directory about a person or service account.
SELECT (data::jsonb ->> 'active')::boolean AS active,
       CASE WHEN data::jsonb ? 'scopes'
            THEN ARRAY(SELECT jsonb_array_elements_text(data::jsonb -> 'scopes')) END AS scopes,
       ARRAY(SELECT jsonb_array_elements_text(coalesce(data::jsonb -> 'roles', '[]'))) AS roles
FROM entries
WHERE correlation_id = :owner_id AND subject = :owner_id
  AND type IN ('optima.identity.person_changed.v1', 'optima.identity.service_account_changed.v1')
ORDER BY sequence DESC
LIMIT 1

-- name: list_privileges_of_roles
-- Lists the privileges of the roles with these keys, as each role was last defined.
SELECT DISTINCT ON (subject) ARRAY(SELECT jsonb_array_elements_text(data::jsonb -> 'privileges')) AS privileges
FROM entries
WHERE type = 'optima.identity.role_changed.v1' AND data::jsonb ->> 'key' = ANY (:keys::text[])
ORDER BY subject, sequence DESC

-- Encrypting again under another secret

-- name: list_owners_of_person_keys
SELECT DISTINCT tenant_id FROM person_keys

-- name: list_sealed_person_keys
SELECT person_id AS id, person_id::text AS about, sealed FROM person_keys
WHERE sealed IS NOT NULL AND person_id > :after ORDER BY person_id LIMIT :limit

-- name: update_sealed_person_key
UPDATE person_keys SET sealed = :sealed WHERE person_id = :id AND sealed = :former

-- name: list_owners_of_webhook_secrets
SELECT DISTINCT tenant_id FROM webhook_secrets

-- name: list_sealed_webhook_secrets
SELECT id, 'webhook ' || webhook_id || ' secret ' || id AS about, sealed FROM webhook_secrets
WHERE id > :after ORDER BY id LIMIT :limit

-- name: update_sealed_webhook_secret
UPDATE webhook_secrets SET sealed = :sealed WHERE id = :id AND sealed = :former
