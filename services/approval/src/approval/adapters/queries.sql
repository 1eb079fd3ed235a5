-- Processes and subject types

-- name: read_process
SELECT * FROM processes WHERE key = $1

-- name: hold_process
-- Publication and edits of one process follow one another.
SELECT * FROM processes WHERE key = $1 FOR UPDATE

-- name: add_process
INSERT INTO processes (process_id, key, name, subject_type, document, version, changed_at, changed_by)
VALUES ($1, $2, $3, $4, $5, 1, $6, $7)
ON CONFLICT (tenant_id, key) DO NOTHING
RETURNING process_id

-- name: save_process
UPDATE processes SET name = $2, subject_type = $3, document = $4, version = $5, published = $6,
    retired_at = $7, changed_at = $8, changed_by = $9
WHERE key = $1

-- name: page_of_processes
SELECT * FROM processes WHERE key > $1 ORDER BY key LIMIT $2

-- name: add_version
INSERT INTO process_versions (key, number, document, subject, published_at, published_by)
VALUES ($1, $2, $3, $4, $5, $6)

-- name: read_version
SELECT * FROM process_versions WHERE key = $1 AND number = $2

-- name: read_subject_type
SELECT * FROM subject_types WHERE key = $1

-- name: put_subject_type
INSERT INTO subject_types AS known (key, document, version, changed_at) VALUES ($1, $2, 1, $3)
ON CONFLICT (tenant_id, key) DO UPDATE
    SET document = excluded.document, version = known.version + 1, changed_at = excluded.changed_at
RETURNING version

-- name: list_subject_types
SELECT * FROM subject_types ORDER BY key LIMIT 500

-- Approvals

-- name: add_approval
-- Everything that an opening writes, in one round trip.
WITH added AS (
    INSERT INTO approvals (approval_id, process_key, process_version, subject_type, subject_id,
        subject_revision, subject_sequence, correlation_id, title, amount, requester_id, state, reason,
        content, content_hash, steps, choices, version, opened_at, ended_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 1, $18, $19)
    RETURNING search
), told AS (
    INSERT INTO approval_events (approval_id, number, at, actor_id, event)
    SELECT $1, ordinal, at, $20, event
    FROM unnest($21::timestamptz[], $22::jsonb[]) WITH ORDINALITY AS news(at, event, ordinal)
), asked AS (
    INSERT INTO open_parts (approval_id, step, person_id, why, requested_at, due_at)
    SELECT $1, * FROM unnest($23::text[], $24::uuid[], $25::text[], $26::timestamptz[], $27::timestamptz[])
), concerned_now AS (
    INSERT INTO concerned (person_id, approval_id) SELECT unnest($28::uuid[]), $1
), noted AS (
    INSERT INTO open_rules (rule, approval_id) SELECT unnest($29::text[]), $1
)
INSERT INTO approval_words (word, approval_id) SELECT unnest(tsvector_to_array(search)), $1 FROM added

-- name: save_approval
-- Everything that a change writes, in one round trip. Guarded by the version that was read: of two writers
-- exactly one changes the row. A part that was requested again, or is due at another time, replaces its row.
-- The events' numbers go on from the last: the approval's row is locked, nobody else takes the same.
WITH saved AS (
    UPDATE approvals SET process_version = $3, subject_sequence = $4, title = $5, amount = $6, state = $7,
        reason = $8, content = $9, content_hash = $10, steps = $11, choices = $12, ended_at = $13,
        before_migration = $14, version = version + 1
    WHERE approval_id = $1 AND version = $2
    RETURNING version
), told AS (
    INSERT INTO approval_events (approval_id, number, at, actor_id, event)
    SELECT $1, known.told + ordinal, at, $15, event
    FROM (SELECT coalesce(max(number), 0) AS told FROM approval_events WHERE approval_id = $1) AS known,
        unnest($16::timestamptz[], $17::jsonb[]) WITH ORDINALITY AS news(at, event, ordinal)
), closed AS (
    DELETE FROM open_parts USING unnest($18::text[], $19::uuid[]) AS gone(step, person_id)
    WHERE open_parts.approval_id = $1 AND open_parts.step = gone.step
        AND open_parts.person_id = gone.person_id
), asked AS (
    INSERT INTO open_parts (approval_id, step, person_id, why, requested_at, due_at)
    SELECT $1, * FROM unnest($20::text[], $21::uuid[], $22::text[], $23::timestamptz[], $24::timestamptz[])
    ON CONFLICT (approval_id, step, person_id) DO UPDATE
        SET why = excluded.why, requested_at = excluded.requested_at, due_at = excluded.due_at
), concerned_now AS (
    INSERT INTO concerned (person_id, approval_id) SELECT unnest($25::uuid[]), $1
    ON CONFLICT DO NOTHING
), forgotten AS (
    DELETE FROM open_rules WHERE approval_id = $1 AND rule <> ALL($26::text[])
), noted AS (
    INSERT INTO open_rules (rule, approval_id) SELECT unnest($26::text[]), $1 ON CONFLICT DO NOTHING
)
SELECT version FROM saved

-- name: note_words
INSERT INTO approval_words (word, approval_id)
SELECT unnest(tsvector_to_array(search)), approval_id FROM approvals WHERE approval_id = $1
ON CONFLICT DO NOTHING

-- name: forget_words
DELETE FROM approval_words WHERE approval_id = $1
    AND word <> ALL(SELECT unnest(tsvector_to_array(search)) FROM approvals WHERE approval_id = $1)

-- name: find_approval
SELECT * FROM approvals WHERE approval_id = $1

-- name: hold_approval
-- Decisions on one approval follow one another, each on the state that the last one left.
SELECT * FROM approvals WHERE approval_id = $1 FOR UPDATE

-- name: find_newest_of_subject
SELECT * FROM approvals WHERE subject_id = $1 ORDER BY approval_id DESC LIMIT 1 FOR UPDATE

-- name: is_concerned
SELECT EXISTS (SELECT 1 FROM concerned WHERE person_id = $1 AND approval_id = $2)

-- name: events_of
SELECT number, at, actor_id, event FROM approval_events
WHERE approval_id = $1 AND number > $2 ORDER BY number LIMIT $3

-- Lists of approvals. Each statement goes along the index of one filter, newest first, and tests the others.

-- name: page_of_approvals
SELECT * FROM approvals WHERE approval_id < $1
    AND ($3::uuid IS NULL OR subject_id = $3) AND ($4::text IS NULL OR state = $4)
    AND ($5::text IS NULL OR process_key = $5)
    AND ($6::text IS NULL OR search @@ websearch_to_tsquery('italian', $6)
        OR search @@ websearch_to_tsquery('simple', $6))
    AND ($7::uuid IS NULL OR EXISTS (SELECT FROM concerned
        WHERE concerned.person_id = $7 AND concerned.approval_id = approvals.approval_id))
ORDER BY approval_id DESC LIMIT $2

-- name: page_of_approvals_of_subject
SELECT * FROM approvals WHERE approval_id < $1 AND subject_id = $3
    AND ($3::uuid IS NULL OR subject_id = $3) AND ($4::text IS NULL OR state = $4)
    AND ($5::text IS NULL OR process_key = $5)
    AND ($6::text IS NULL OR search @@ websearch_to_tsquery('italian', $6)
        OR search @@ websearch_to_tsquery('simple', $6))
    AND ($7::uuid IS NULL OR EXISTS (SELECT FROM concerned
        WHERE concerned.person_id = $7 AND concerned.approval_id = approvals.approval_id))
ORDER BY approval_id DESC LIMIT $2

-- name: page_of_approvals_by_words
-- Goes along the index of one of the words, in both its forms: as it is and as its Italian stem.
SELECT DISTINCT ON (found.approval_id) found.*
FROM unnest(tsvector_to_array(to_tsvector('italian', $8) || to_tsvector('simple', $8))) AS form(word)
CROSS JOIN LATERAL (
    SELECT approvals.* FROM approval_words JOIN approvals USING (approval_id)
    WHERE approval_words.word = form.word AND approval_words.approval_id < $1
        AND ($3::uuid IS NULL OR subject_id = $3) AND ($4::text IS NULL OR state = $4)
        AND ($5::text IS NULL OR process_key = $5)
        AND (search @@ websearch_to_tsquery('italian', $6) OR search @@ websearch_to_tsquery('simple', $6))
        AND ($7::uuid IS NULL OR EXISTS (SELECT FROM concerned
            WHERE concerned.person_id = $7 AND concerned.approval_id = approvals.approval_id))
    ORDER BY approval_words.approval_id DESC LIMIT $2) AS found
ORDER BY found.approval_id DESC LIMIT $2

-- name: page_of_approvals_in_state
SELECT * FROM approvals WHERE approval_id < $1 AND state = $4
    AND ($3::uuid IS NULL OR subject_id = $3) AND ($4::text IS NULL OR state = $4)
    AND ($5::text IS NULL OR process_key = $5)
    AND ($6::text IS NULL OR search @@ websearch_to_tsquery('italian', $6)
        OR search @@ websearch_to_tsquery('simple', $6))
    AND ($7::uuid IS NULL OR EXISTS (SELECT FROM concerned
        WHERE concerned.person_id = $7 AND concerned.approval_id = approvals.approval_id))
ORDER BY approval_id DESC LIMIT $2

-- name: page_of_approvals_of_process
SELECT * FROM approvals WHERE approval_id < $1 AND process_key = $5
    AND ($3::uuid IS NULL OR subject_id = $3) AND ($4::text IS NULL OR state = $4)
    AND ($5::text IS NULL OR process_key = $5)
    AND ($6::text IS NULL OR search @@ websearch_to_tsquery('italian', $6)
        OR search @@ websearch_to_tsquery('simple', $6))
    AND ($7::uuid IS NULL OR EXISTS (SELECT FROM concerned
        WHERE concerned.person_id = $7 AND concerned.approval_id = approvals.approval_id))
ORDER BY approval_id DESC LIMIT $2

-- name: page_of_own_approvals
SELECT approvals.* FROM concerned JOIN approvals USING (approval_id)
WHERE concerned.person_id = $7 AND concerned.approval_id < $1
    AND ($3::uuid IS NULL OR subject_id = $3) AND ($4::text IS NULL OR state = $4)
    AND ($5::text IS NULL OR process_key = $5)
    AND ($6::text IS NULL OR search @@ websearch_to_tsquery('italian', $6)
        OR search @@ websearch_to_tsquery('simple', $6))
ORDER BY concerned.approval_id DESC LIMIT $2

-- name: page_of_inbox
-- Open parts of oneself and of those for whom one may act, within each delegation's limits; never one's
-- own request on another's behalf. Each person's parts come from the index in order, so that a page costs
-- the same however much waits.
SELECT waiting.* FROM (SELECT DISTINCT unnest($2::uuid[]) AS person_id) AS someone
CROSS JOIN LATERAL (
    SELECT part.step, part.person_id, part.why, part.requested_at, part.due_at, approvals.*
    FROM open_parts AS part JOIN approvals USING (approval_id)
    WHERE part.person_id = someone.person_id
        AND (part.person_id = $1 OR (approvals.requester_id <> $1 AND EXISTS (
            SELECT FROM unnest($2::uuid[], $3::text[], $4::numeric[]) AS allowed(person_id, process, up_to)
            WHERE allowed.person_id = part.person_id
                AND (allowed.process IS NULL OR allowed.process = approvals.process_key)
                AND (allowed.up_to IS NULL OR approvals.amount <= allowed.up_to))))
        AND ($5::uuid IS NULL OR approvals.subject_id = $5)
        AND ($6::text IS NULL OR approvals.process_key = $6)
        AND ($7::timestamptz IS NULL OR part.due_at < $7)
        AND ($8::text IS NULL OR approvals.search @@ websearch_to_tsquery('italian', $8)
            OR approvals.search @@ websearch_to_tsquery('simple', $8))
        AND ($9::text IS NULL OR $9 = CASE WHEN part.person_id <> $1 THEN 'delegation'
            WHEN part.why LIKE 'role:%' THEN 'role' ELSE 'direct' END)
        AND ($10::timestamptz IS NULL
            OR (part.requested_at, part.approval_id, part.step, part.person_id) > ($10, $11, $12, $13))
    ORDER BY part.requested_at, part.approval_id, part.step
    LIMIT $14) AS waiting
ORDER BY waiting.requested_at, waiting.approval_id, waiting.step, waiting.person_id
LIMIT $14

-- name: count_inbox
-- What page_of_inbox would list, counted by process and by how it comes to the reader.
SELECT approvals.process_key, CASE WHEN part.person_id <> $1 THEN 'delegation'
        WHEN part.why LIKE 'role:%' THEN 'role' ELSE 'direct' END AS how,
    count(*) AS waiting, count(*) FILTER (WHERE part.due_at < $10) AS overdue
FROM open_parts AS part JOIN approvals USING (approval_id)
WHERE part.person_id = ANY($2::uuid[])
    AND (part.person_id = $1 OR (approvals.requester_id <> $1 AND EXISTS (
        SELECT FROM unnest($2::uuid[], $3::text[], $4::numeric[]) AS allowed(person_id, process, up_to)
        WHERE allowed.person_id = part.person_id
            AND (allowed.process IS NULL OR allowed.process = approvals.process_key)
            AND (allowed.up_to IS NULL OR approvals.amount <= allowed.up_to))))
    AND ($5::uuid IS NULL OR approvals.subject_id = $5)
    AND ($6::text IS NULL OR approvals.process_key = $6)
    AND ($7::timestamptz IS NULL OR part.due_at < $7)
    AND ($8::text IS NULL OR approvals.search @@ websearch_to_tsquery('italian', $8)
        OR approvals.search @@ websearch_to_tsquery('simple', $8))
    AND ($9::text IS NULL OR $9 = CASE WHEN part.person_id <> $1 THEN 'delegation'
        WHEN part.why LIKE 'role:%' THEN 'role' ELSE 'direct' END)
GROUP BY 1, 2 ORDER BY 1, 2

-- name: withdraw_subject
INSERT INTO withdrawn_subjects (subject_id, withdrawn_at) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: is_withdrawn
SELECT EXISTS (SELECT 1 FROM withdrawn_subjects WHERE subject_id = $1)

-- name: open_approvals_asking
-- Open approvals that wait for one of the people or were asked for by them, or whose steps find people by one
-- of the rules.
SELECT approval_id FROM (
    SELECT approval_id FROM open_parts WHERE person_id = ANY($1::uuid[])
    UNION SELECT approval_id FROM approvals WHERE requester_id = ANY($1::uuid[]) AND state = 'open'
    UNION SELECT approval_id FROM open_rules WHERE rule = ANY($2::text[])) AS touched
WHERE $3::uuid IS NULL OR approval_id > $3 ORDER BY approval_id LIMIT $4

-- name: concern_with_requests
INSERT INTO concerned (person_id, approval_id)
SELECT $1, approval_id FROM approvals WHERE requester_id = ANY($2::uuid[]) AND state = 'open'
ON CONFLICT DO NOTHING

-- Delegations

-- name: add_delegation
INSERT INTO delegations (delegation_id, from_person_id, to_person_id, starts_at, ends_at, processes, up_to,
    reason, created_at, created_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)

-- name: hold_delegation
SELECT * FROM delegations WHERE delegation_id = $1 FOR UPDATE

-- name: hold_delegations_in_force
SELECT * FROM delegations
WHERE (from_person_id = $1 OR to_person_id = $1) AND revoked_at IS NULL AND ends_at > $2
ORDER BY delegation_id FOR UPDATE

-- name: revoke_delegation
UPDATE delegations SET revoked_at = $2 WHERE delegation_id = $1

-- name: page_of_delegations
-- All of the tenant, or those given or received by one person.
SELECT * FROM delegations
WHERE ($1::uuid IS NULL OR from_person_id = $1 OR to_person_id = $1)
    AND ($2::uuid IS NULL OR delegation_id < $2)
ORDER BY delegation_id DESC LIMIT $3

-- The directory

-- name: read_stamp
SELECT stamp FROM directory_stamps

-- name: change_stamp
INSERT INTO directory_stamps (stamp) VALUES ($1) ON CONFLICT (tenant_id) DO UPDATE SET stamp = excluded.stamp

-- name: read_tenant
SELECT language, time_zone FROM tenants

-- name: put_tenant
INSERT INTO tenants (language, time_zone) VALUES ($1, $2)
ON CONFLICT (tenant_id) DO UPDATE SET language = excluded.language, time_zone = excluded.time_zone

-- name: read_people
SELECT * FROM people ORDER BY person_id

-- name: put_person
INSERT INTO people (person_id, name, email, external, roles, unit_id, manager_id, language, active,
    absent_until)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (person_id) DO UPDATE SET name = excluded.name, email = excluded.email,
    external = excluded.external, roles = excluded.roles, unit_id = excluded.unit_id,
    manager_id = excluded.manager_id, language = excluded.language, active = excluded.active,
    absent_until = excluded.absent_until,
    successor_id = CASE WHEN excluded.active THEN NULL ELSE people.successor_id END

-- name: put_successor
UPDATE people SET successor_id = $2 WHERE person_id = $1

-- name: read_units
SELECT * FROM units ORDER BY unit_id

-- name: put_unit
INSERT INTO units (unit_id, key, name, parent_id, manager_id) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (unit_id) DO UPDATE SET key = excluded.key, name = excluded.name,
    parent_id = excluded.parent_id, manager_id = excluded.manager_id

-- name: read_roles
SELECT key, privileges FROM roles

-- name: put_role
INSERT INTO roles (role_id, key, privileges) VALUES ($1, $2, $3)
ON CONFLICT (role_id) DO UPDATE SET key = excluded.key, privileges = excluded.privileges

-- name: read_delegations
-- Those that are or may come into force.
SELECT * FROM delegations WHERE revoked_at IS NULL AND ends_at > $1 ORDER BY delegation_id

-- name: read_calendar
SELECT document, version FROM calendars

-- name: put_calendar
INSERT INTO calendars AS known (document, version, changed_at) VALUES ($1, 1, $2)
ON CONFLICT (tenant_id) DO UPDATE
    SET document = excluded.document, version = known.version + 1, changed_at = excluded.changed_at
RETURNING version

-- E-mail links

-- name: add_link
-- One for each time that somebody is asked.
INSERT INTO decision_links (link_id, approval_id, step, round, person_id, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (approval_id, step, round, person_id) DO UPDATE SET expires_at = excluded.expires_at
RETURNING link_id

-- name: find_link
SELECT * FROM decision_links WHERE link_id = $1

-- name: hold_link
SELECT * FROM decision_links WHERE link_id = $1 FOR UPDATE

-- name: find_link_of_part
SELECT * FROM decision_links WHERE approval_id = $1 AND step = $2 AND round = $3 AND person_id = $4

-- name: use_link
UPDATE decision_links SET used_at = $2 WHERE link_id = $1

-- Moving running approvals

-- name: add_move
INSERT INTO moves (move_id, process_key, to_version, state, created_at, created_by, changed_at, version)
VALUES ($1, $2, $3, 'previewing', $4, $5, $4, 1)

-- name: find_move
SELECT * FROM moves WHERE move_id = $1

-- name: hold_move
SELECT * FROM moves WHERE move_id = $1 FOR UPDATE

-- name: save_move
UPDATE moves SET state = $2, changed_at = $3, version = version + 1 WHERE move_id = $1

-- name: page_of_moves
SELECT * FROM moves WHERE process_key = $1 AND ($2::uuid IS NULL OR move_id < $2)
ORDER BY move_id DESC LIMIT $3

-- name: count_moved
SELECT verdict, count(*) FROM moved_approvals WHERE move_id = $1 GROUP BY verdict

-- name: movable_approvals
-- Open runs of other versions, by id.
SELECT * FROM approvals WHERE state = 'open' AND process_key = $1 AND process_version <> $2
    AND ($3::uuid IS NULL OR approval_id > $3)
ORDER BY approval_id LIMIT $4

-- name: note_moved
INSERT INTO moved_approvals (move_id, approval_id, from_version, verdict, reason, part)
SELECT $1, * FROM unnest($2::uuid[], $3::int[], $4::text[], $5::text[], $6::text[])
ON CONFLICT (move_id, approval_id) DO UPDATE
    SET verdict = excluded.verdict, reason = excluded.reason, part = excluded.part

-- name: page_of_moved
SELECT * FROM moved_approvals WHERE move_id = $1 AND ($2::uuid IS NULL OR approval_id > $2)
    AND ($3::text IS NULL OR verdict = $3)
ORDER BY approval_id LIMIT $4

-- Replays

-- name: add_replay
INSERT INTO replays (replay_id, process_key, document, subject, wanted, done, created_at, created_by)
VALUES ($1, $2, $3, $4, $5, 0, $6, $7)

-- name: find_replay
SELECT * FROM replays WHERE replay_id = $1

-- name: save_replay
UPDATE replays SET done = $2, report = $3, ended_at = $4 WHERE replay_id = $1

-- name: past_approvals
-- The newest that are over, the newest first.
SELECT * FROM approvals WHERE process_key = $1
    AND state IN ('approved', 'rejected', 'changes_requested', 'expired')
ORDER BY ended_at DESC LIMIT $2

-- name: count_waiting
SELECT (SELECT count(*) FROM approvals WHERE state = 'open') AS open,
    count(*) AS waiting, count(*) FILTER (WHERE due_at < now()) AS overdue
FROM open_parts

-- Evidence

-- name: add_evidence
INSERT INTO evidence (evidence_id, approval_id, person_id, name, media_type, size, sha256, data, added_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- name: count_evidence
SELECT count(*) FROM evidence WHERE approval_id = $1 AND person_id = $2

-- name: find_evidence
SELECT evidence_id, approval_id, person_id, name, media_type, size, sha256 FROM evidence
WHERE approval_id = $1 AND evidence_id = ANY($2::uuid[])

-- name: read_evidence
SELECT * FROM evidence WHERE approval_id = $1 AND evidence_id = $2
