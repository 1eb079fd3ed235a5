-- Processes and subject types

-- name: find_process
SELECT process_id, key, document, version, published, retired_at, changed_at FROM processes WHERE key = :key

-- name: lock_process
-- Locks the process, so that its edits and publications happen one after the other.
SELECT process_id, key, document, version, published, retired_at, changed_at
FROM processes WHERE key = :key FOR UPDATE

-- name: insert_process
INSERT INTO processes (process_id, key, name, subject_type, document, version, changed_at, changed_by)
VALUES (:process_id, :key, :name, :subject_type, :document, 1, :now, :actor_id)
ON CONFLICT (tenant_id, key) DO NOTHING
RETURNING process_id

-- name: update_process
UPDATE processes SET name = :name, subject_type = :subject_type, document = :document, version = :version,
    published = :published, retired_at = :retired_at, changed_at = :changed_at, changed_by = :actor_id
WHERE key = :key

-- name: list_processes
SELECT process_id, key, document, version, published, retired_at, changed_at
FROM processes WHERE key > :after ORDER BY key LIMIT :limit

-- name: insert_version
INSERT INTO process_versions (key, number, document, subject, rules, published_at, published_by)
VALUES (:key, :number, :document, :subject, :rules, :now, :actor_id)

-- name: find_version
SELECT document, subject, rules, published_at, published_by
FROM process_versions WHERE key = :key AND number = :number

-- name: list_versions
-- plan: custom
SELECT number, document->>'name' AS name, published_at, published_by FROM process_versions
WHERE key = :key AND (:before::int IS NULL OR number < :before) ORDER BY number DESC LIMIT :limit

-- name: find_subject_type
SELECT document, version FROM subject_types WHERE key = :key

-- name: put_subject_type
INSERT INTO subject_types AS known (key, document, version, changed_at) VALUES (:key, :document, 1, :now)
ON CONFLICT (tenant_id, key) DO UPDATE
    SET document = excluded.document, version = known.version + 1, changed_at = excluded.changed_at
    WHERE known.version = :expected
RETURNING version

-- name: list_brief_forms
SELECT fields FROM brief_forms ORDER BY type_key LIMIT 500

-- name: upsert_brief_form
-- Fields of earlier versions are kept, since briefs that were begun with those may still be submitted.
INSERT INTO brief_forms AS known (type_key, version, fields) VALUES (:type_key, :version, :fields)
ON CONFLICT (tenant_id, type_key) DO UPDATE SET
    version = greatest(known.version, excluded.version),
    fields = CASE WHEN known.version < excluded.version THEN known.fields || excluded.fields
        ELSE excluded.fields || known.fields END

-- name: list_subject_types
SELECT document FROM subject_types ORDER BY key LIMIT 500

-- Approvals

-- fragment: asked_together
-- Rows that differ only in the person arrive as one row, with the people's ids in one text.
SELECT step, person_id, why, requested_at, due_at
FROM unnest(:asked_people::text[], :asked_steps::text[], :asked_whys::text[], :asked_at::timestamptz[],
        :asked_due::timestamptz[]) AS shared(people, step, why, requested_at, due_at),
    unnest(string_to_array(people, ',')::uuid[]) AS person_id

-- name: insert_approval
-- Writes everything about a new approval in one round trip. A step may ask ten thousand people: they arrive
-- sorted by id, so that neighbouring rows of an index are written together.
WITH added AS (
    INSERT INTO approvals (approval_id, process_key, process_version, subject_type, subject_id,
        subject_revision, subject_sequence, correlation_id, title, amount, requester_id, state, reason,
        content, content_hash, steps, choices, version, opened_at, ended_at, today, filled)
    VALUES (:approval_id, :process_key, :process_version, :subject_type, :subject_id, :subject_revision,
        :subject_sequence, :correlation_id, :title, :amount, :requester_id, :state, :reason, :content,
        :content_hash, :steps, :choices, 1, :opened_at, :ended_at, :today, :filled)
    RETURNING search
), told AS (
    INSERT INTO approval_events (approval_id, number, at, actor_id, event)
    SELECT :approval_id, ordinal, at, :actor_id, event
    FROM unnest(:event_times::timestamptz[], :events::jsonb[]) WITH ORDINALITY AS news(at, event, ordinal)
), part AS MATERIALIZED (
    {asked_together}
), asked AS (
    INSERT INTO open_parts (approval_id, step, person_id, why, requested_at, due_at)
    SELECT :approval_id, step, person_id, why, requested_at, due_at FROM part
), concerned_now AS (
    INSERT INTO concerned (person_id, approval_id)
    SELECT person_id, :approval_id
    FROM (SELECT person_id FROM part UNION SELECT :requester_id) AS one
    ORDER BY person_id
), noted AS (
    INSERT INTO open_rules (rule, approval_id) SELECT unnest(:rules::text[]), :approval_id
)
INSERT INTO approval_words (word, approval_id)
SELECT unnest(tsvector_to_array(search)), :approval_id FROM added

-- name: update_approval
-- Writes a change of a locked approval in one round trip. The row of a part that was requested again, or that
-- is due at another time, is replaced. The new events continue the numbers of the old ones; nobody else takes
-- the same numbers, since the approval's row is locked.
WITH told AS (
    INSERT INTO approval_events (approval_id, number, at, actor_id, event)
    SELECT :approval_id, known.told + ordinal, at, :actor_id, event
    FROM (SELECT coalesce(max(number), 0) AS told FROM approval_events
            WHERE approval_id = :approval_id) AS known,
        unnest(:event_times::timestamptz[], :events::jsonb[]) WITH ORDINALITY AS news(at, event, ordinal)
), closed AS (
    DELETE FROM open_parts
    USING unnest(:closed_steps::text[], :closed_people::uuid[]) AS gone(step, person_id)
    WHERE open_parts.approval_id = :approval_id AND open_parts.step = gone.step
        AND open_parts.person_id = gone.person_id
), asked AS (
    INSERT INTO open_parts (approval_id, step, person_id, why, requested_at, due_at)
    SELECT :approval_id, step, person_id, why, requested_at, due_at
    FROM unnest(:asked_steps::text[], :asked_people::uuid[], :asked_whys::text[], :asked_at::timestamptz[],
        :asked_due::timestamptz[]) AS part(step, person_id, why, requested_at, due_at)
    ON CONFLICT (approval_id, step, person_id) DO UPDATE
        SET why = excluded.why, requested_at = excluded.requested_at, due_at = excluded.due_at
), concerned_now AS (
    INSERT INTO concerned (person_id, approval_id) SELECT unnest(:concerned::uuid[]), :approval_id
    ON CONFLICT DO NOTHING
), forgotten AS (
    DELETE FROM open_rules WHERE approval_id = :approval_id AND rule <> ALL(:rules::text[])
), noted AS (
    INSERT INTO open_rules (rule, approval_id) SELECT unnest(:rules::text[]), :approval_id
    ON CONFLICT DO NOTHING
)
UPDATE approvals SET process_version = :process_version, subject_sequence = :subject_sequence,
    title = :title, amount = :amount, state = :state, reason = :reason, content = :content,
    content_hash = :content_hash, steps = :steps, choices = :choices, ended_at = :ended_at,
    before_migration = :before_migration, today = :today,
    filled = :filled, version = version + 1
WHERE approval_id = :approval_id

-- name: insert_open_parts
-- Writes whom a locked approval asks, if there were too many people to do so with the change that asks them.
-- Rows that exist already are correct. Everybody whom the approval has asked may see it, even if it was
-- decided meanwhile.
WITH part AS (
    {asked_together}
), asked AS (
    INSERT INTO open_parts (approval_id, step, person_id, why, requested_at, due_at)
    SELECT :approval_id, step, person_id, why, requested_at, due_at FROM part
    ON CONFLICT DO NOTHING
)
INSERT INTO concerned (person_id, approval_id) SELECT unnest(:concerned::uuid[]), :approval_id
ON CONFLICT DO NOTHING

-- name: insert_words
INSERT INTO approval_words (word, approval_id)
SELECT unnest(tsvector_to_array(search)), approval_id FROM approvals WHERE approval_id = :approval_id
ON CONFLICT DO NOTHING

-- name: delete_words
DELETE FROM approval_words WHERE approval_id = :approval_id
    AND word <> ALL(SELECT unnest(tsvector_to_array(search)) FROM approvals WHERE approval_id = :approval_id)

-- name: find_approval
SELECT approval_id, process_key, process_version, subject_type, subject_id, subject_revision, title,
    requester_id, state, reason, content, content_hash, opened_at, ended_at, steps, choices, before_migration,
    today, filled, version, correlation_id, subject_sequence, watchers
FROM approvals WHERE approval_id = :approval_id

-- name: lock_approval
-- Locks the approval, so that each decision about it sees the state that the previous one left.
SELECT approval_id, process_key, process_version, subject_type, subject_id, subject_revision, title,
    requester_id, state, reason, content, content_hash, opened_at, ended_at, steps, choices, before_migration,
    today, filled, version, correlation_id, subject_sequence, watchers
FROM approvals WHERE approval_id = :approval_id FOR UPDATE

-- name: lock_newest_approval
SELECT approval_id, process_key, process_version, subject_type, subject_id, subject_revision, title,
    requester_id, state, reason, content, content_hash, opened_at, ended_at, steps, choices, before_migration,
    today, filled, version, correlation_id, subject_sequence, watchers
FROM approvals WHERE subject_type = :subject_type AND subject_id = :subject_id
ORDER BY approval_id DESC LIMIT 1 FOR UPDATE

-- name: is_concerned
SELECT EXISTS (SELECT 1 FROM concerned WHERE person_id = :person_id AND approval_id = :approval_id)

-- name: list_events
SELECT number, at, actor_id, event FROM approval_events
WHERE approval_id = :approval_id ORDER BY number

-- name: list_events_shown
-- Leaves out the content that events carry: nobody is shown it, and each amendment of a large subject has it.
SELECT number, at, actor_id, CASE WHEN event ? 'content' THEN event || '{"content": {}}' ELSE event END AS event
FROM approval_events
WHERE approval_id = :approval_id AND number > :after ORDER BY number LIMIT :limit

-- Lists of approvals, newest first. Each statement reads the index of one filter and checks the other filters.

-- fragment: listed_approvals
SELECT approval_id, process_key, process_version, subject_type, subject_id, subject_revision, title,
    requester_id, state, reason, content_hash, opened_at, ended_at, steps

-- name: list_approvals
-- plan: custom
{listed_approvals}
FROM approvals WHERE approval_id < :before
    AND (:subject_id::uuid IS NULL OR subject_id = :subject_id) AND (:state::text IS NULL OR state = :state)
    AND (:process::text IS NULL OR process_key = :process)
    AND (:text::text IS NULL OR search @@ websearch_to_tsquery('italian', :text)
        OR search @@ websearch_to_tsquery('simple', :text))
    AND (:concerned::uuid IS NULL OR EXISTS (SELECT FROM concerned
        WHERE concerned.person_id = :concerned AND concerned.approval_id = approvals.approval_id))
ORDER BY approval_id DESC LIMIT :limit

-- name: list_approvals_of_subject
-- plan: custom
{listed_approvals}
FROM approvals WHERE approval_id < :before AND subject_id = :subject_id
    AND (:subject_id::uuid IS NULL OR subject_id = :subject_id) AND (:state::text IS NULL OR state = :state)
    AND (:process::text IS NULL OR process_key = :process)
    AND (:text::text IS NULL OR search @@ websearch_to_tsquery('italian', :text)
        OR search @@ websearch_to_tsquery('simple', :text))
    AND (:concerned::uuid IS NULL OR EXISTS (SELECT FROM concerned
        WHERE concerned.person_id = :concerned AND concerned.approval_id = approvals.approval_id))
ORDER BY approval_id DESC LIMIT :limit

-- name: list_approvals_by_words
-- plan: custom
-- Reads the index of one of the words in both its forms: as written and as its Italian stem.
SELECT DISTINCT ON (found.approval_id) approval_id, process_key, process_version,
    subject_type, subject_id, subject_revision, title, requester_id, state, reason, content_hash, opened_at,
    ended_at, steps
FROM unnest(tsvector_to_array(to_tsvector('italian', :word) || to_tsvector('simple', :word))) AS form(word)
CROSS JOIN LATERAL (
    {listed_approvals}
    FROM approval_words JOIN approvals USING (approval_id)
    WHERE approval_words.word = form.word AND approval_words.approval_id < :before
        AND (:subject_id::uuid IS NULL OR subject_id = :subject_id) AND (:state::text IS NULL OR state = :state)
        AND (:process::text IS NULL OR process_key = :process)
        AND (search @@ websearch_to_tsquery('italian', :text)
            OR search @@ websearch_to_tsquery('simple', :text))
        AND (:concerned::uuid IS NULL OR EXISTS (SELECT FROM concerned
            WHERE concerned.person_id = :concerned AND concerned.approval_id = approvals.approval_id))
    ORDER BY approval_words.approval_id DESC LIMIT :limit) AS found
ORDER BY found.approval_id DESC LIMIT :limit

-- name: list_approvals_in_state
-- plan: custom
{listed_approvals}
FROM approvals WHERE approval_id < :before AND state = :state
    AND (:subject_id::uuid IS NULL OR subject_id = :subject_id) AND (:state::text IS NULL OR state = :state)
    AND (:process::text IS NULL OR process_key = :process)
    AND (:text::text IS NULL OR search @@ websearch_to_tsquery('italian', :text)
        OR search @@ websearch_to_tsquery('simple', :text))
    AND (:concerned::uuid IS NULL OR EXISTS (SELECT FROM concerned
        WHERE concerned.person_id = :concerned AND concerned.approval_id = approvals.approval_id))
ORDER BY approval_id DESC LIMIT :limit

-- name: list_approvals_of_process
-- plan: custom
{listed_approvals}
FROM approvals WHERE approval_id < :before AND process_key = :process
    AND (:subject_id::uuid IS NULL OR subject_id = :subject_id) AND (:state::text IS NULL OR state = :state)
    AND (:process::text IS NULL OR process_key = :process)
    AND (:text::text IS NULL OR search @@ websearch_to_tsquery('italian', :text)
        OR search @@ websearch_to_tsquery('simple', :text))
    AND (:concerned::uuid IS NULL OR EXISTS (SELECT FROM concerned
        WHERE concerned.person_id = :concerned AND concerned.approval_id = approvals.approval_id))
ORDER BY approval_id DESC LIMIT :limit

-- name: list_own_approvals
-- plan: custom
{listed_approvals}
FROM concerned JOIN approvals USING (approval_id)
WHERE concerned.person_id = :concerned AND concerned.approval_id < :before
    AND (:subject_id::uuid IS NULL OR subject_id = :subject_id) AND (:state::text IS NULL OR state = :state)
    AND (:process::text IS NULL OR process_key = :process)
    AND (:text::text IS NULL OR search @@ websearch_to_tsquery('italian', :text)
        OR search @@ websearch_to_tsquery('simple', :text))
ORDER BY concerned.approval_id DESC LIMIT :limit

-- name: list_open_parts
SELECT step, person_id, claimed_at, follow_up_on FROM open_parts
WHERE approval_id = :approval_id AND (claimed_at IS NOT NULL OR follow_up_on IS NOT NULL)

-- name: update_claim
UPDATE open_parts SET claimed_at = :claimed_at
WHERE approval_id = :approval_id AND step = :step AND person_id = :person_id

-- name: update_follow_up
UPDATE open_parts SET follow_up_on = :follow_up_on
WHERE approval_id = :approval_id AND step = :step AND person_id = :person_id

-- name: list_inbox
-- plan: custom
-- Lists the open parts of the reader and of those for whom the reader may act, within the limits of each
-- delegation. A delegate never sees their own request on somebody's behalf. Each person's parts come from the
-- index in order, so that a page costs the same however much waits. The sort order is known when the query is
-- planned: amounts are ranked by their cents, and the other orders have the same rank for all rows. A large
-- content is shortened to the presence of lists and the beginnings of texts.
SELECT rank, moment, step, waiting.person_id, why, requested_at, due_at, follow_up_on, claimed_by, approval_id,
    process_key, process_version,
    subject_type, subject_id, subject_revision, title, requester_id, state, reason,
    CASE WHEN pg_column_size(content) + pg_column_size(filled) < 4000 THEN content || filled ELSE (
        SELECT jsonb_object_agg(key, CASE jsonb_typeof(value) WHEN 'array' THEN 'true'::jsonb
            WHEN 'object' THEN 'true'::jsonb WHEN 'string' THEN to_jsonb(left(value #>> '{}', 200))
            ELSE value END) FROM jsonb_each(content || filled)) END AS content,
    content_hash, opened_at, ended_at, steps
FROM (SELECT DISTINCT unnest(:people::uuid[]) AS person_id) AS someone
CROSS JOIN LATERAL (
    SELECT part.step, part.person_id, part.why, part.requested_at, part.due_at, part.follow_up_on,
        (SELECT claimed.person_id FROM open_parts AS claimed WHERE claimed.approval_id = part.approval_id
            AND claimed.step = part.step AND claimed.claimed_at IS NOT NULL) AS claimed_by,
        approval_id, process_key, process_version, subject_type, subject_id, subject_revision, title,
        requester_id, state, reason, content, filled, content_hash, opened_at, ended_at, steps,
        place.rank, place.moment
    FROM open_parts AS part JOIN approvals USING (approval_id)
    CROSS JOIN LATERAL (SELECT
        CASE WHEN :sort = 'amount' THEN -(coalesce(approvals.amount, -1) * 100)::bigint ELSE 0 END AS rank,
        CASE WHEN :sort = 'due' THEN coalesce(part.due_at, '2200-01-01Z') ELSE part.requested_at END
            AS moment) AS place
    WHERE part.person_id = someone.person_id
        AND (part.person_id = :reader_id OR (approvals.requester_id <> :reader_id AND EXISTS (
            SELECT FROM unnest(:people::uuid[], :processes::text[], :limits::numeric[])
                AS allowed(person_id, process, up_to)
            WHERE allowed.person_id = part.person_id
                AND (allowed.process IS NULL OR allowed.process = approvals.process_key)
                AND (allowed.up_to IS NULL OR approvals.amount <= allowed.up_to))))
        AND (:subject_id::uuid IS NULL OR approvals.subject_id = :subject_id)
        AND (:process::text IS NULL OR approvals.process_key = :process)
        AND (:due_before::timestamptz IS NULL OR part.due_at < :due_before)
        AND (:back_by::date IS NULL OR part.person_id <> :reader_id OR part.follow_up_on IS NULL
            OR part.follow_up_on <= :back_by)
        AND (:requesters::uuid[] IS NULL OR approvals.requester_id = ANY(:requesters))
        AND (:least::numeric IS NULL OR approvals.amount >= :least)
        AND (:most::numeric IS NULL OR approvals.amount <= :most)
        AND (:text::text IS NULL OR approvals.search @@ websearch_to_tsquery('italian', :text)
            OR approvals.search @@ websearch_to_tsquery('simple', :text))
        AND (:how::text IS NULL OR :how = CASE WHEN part.person_id <> :reader_id THEN 'delegation'
            WHEN part.why LIKE 'role:%' THEN 'role' ELSE 'direct' END)
        AND (place.rank > :after_rank OR (place.rank = :after_rank
            AND (place.moment, part.approval_id, part.step, part.person_id)
                > (:after_moment, :after_approval_id, :after_step, :after_person_id)))
    ORDER BY place.rank, place.moment, part.approval_id, part.step
    LIMIT :limit) AS waiting
ORDER BY waiting.rank, waiting.moment, waiting.approval_id, waiting.step, waiting.person_id
LIMIT :limit

-- name: count_inbox
-- plan: custom
-- Counts what list_inbox would list, by process and by why it is in the reader's inbox.
SELECT approvals.process_key, CASE WHEN part.person_id <> :reader_id THEN 'delegation'
        WHEN part.why LIKE 'role:%' THEN 'role' ELSE 'direct' END AS how,
    count(*) AS waiting, count(*) FILTER (WHERE part.due_at < :now) AS overdue,
    coalesce(sum(approvals.amount), 0) AS amount
FROM open_parts AS part JOIN approvals USING (approval_id)
WHERE part.person_id = ANY(:people::uuid[])
    AND (part.person_id = :reader_id OR (approvals.requester_id <> :reader_id AND EXISTS (
        SELECT FROM unnest(:people::uuid[], :processes::text[], :limits::numeric[])
            AS allowed(person_id, process, up_to)
        WHERE allowed.person_id = part.person_id
            AND (allowed.process IS NULL OR allowed.process = approvals.process_key)
            AND (allowed.up_to IS NULL OR approvals.amount <= allowed.up_to))))
    AND (:subject_id::uuid IS NULL OR approvals.subject_id = :subject_id)
    AND (:process::text IS NULL OR approvals.process_key = :process)
    AND (:due_before::timestamptz IS NULL OR part.due_at < :due_before)
    AND (:back_by::date IS NULL OR part.person_id <> :reader_id OR part.follow_up_on IS NULL
            OR part.follow_up_on <= :back_by)
    AND (:requesters::uuid[] IS NULL OR approvals.requester_id = ANY(:requesters))
    AND (:least::numeric IS NULL OR approvals.amount >= :least)
    AND (:most::numeric IS NULL OR approvals.amount <= :most)
    AND (:text::text IS NULL OR approvals.search @@ websearch_to_tsquery('italian', :text)
        OR approvals.search @@ websearch_to_tsquery('simple', :text))
    AND (:how::text IS NULL OR :how = CASE WHEN part.person_id <> :reader_id THEN 'delegation'
        WHEN part.why LIKE 'role:%' THEN 'role' ELSE 'direct' END)
GROUP BY 1, 2 ORDER BY 1, 2

-- name: list_approvals_naming
-- plan: custom
-- Reads every event of the tenant, some approvals at a time. There is no index for the people whom a content
-- names, and people are erased seldom.
SELECT approval_id FROM (
    SELECT approval_id FROM approval_events WHERE approval_id > :after
        AND (actor_id = :person_id OR strpos(event::text, :name) > 0)
    UNION SELECT approval_id FROM approvals WHERE approval_id > :after AND state = 'not_opened'
        AND strpos(content::text, :name) > 0) AS named
ORDER BY approval_id LIMIT :limit

-- name: update_event
SELECT erase_in_event(:approval_id, :number, :event)

-- name: update_whys
UPDATE open_parts SET why = 'person:' || person_id
WHERE approval_id = :approval_id AND person_id = :person_id AND why LIKE 'person:%'

-- name: update_texts
UPDATE approvals SET reason = :reason, content = :content, steps = :steps,
    before_migration = :before_migration
WHERE approval_id = :approval_id

-- name: update_texts_of_comments
UPDATE comments SET text = CASE WHEN person_id = :person_id THEN '' ELSE text END,
    answer = CASE WHEN answered_by = :person_id THEN '' ELSE answer END
WHERE person_id = :person_id OR answered_by = :person_id

-- name: update_reasons_of_delegations
UPDATE delegations SET reason = NULL WHERE from_person_id = :person_id OR created_by = :person_id

-- name: update_addresses
SELECT erase_address(:email, :person_id)

-- name: update_names_of_evidence
SELECT erase_names_of_evidence(:person_id, :name)

-- name: insert_comment
INSERT INTO comments (comment_id, approval_id, step, person_id, text, to_person_id, written_at)
VALUES (:comment_id, :approval_id, :step, :person_id, :text, :to_person_id, :written_at)

-- name: lock_comment
SELECT comment_id, approval_id, step, person_id, text, to_person_id, written_at, answer, answered_by,
    answered_at
FROM comments WHERE approval_id = :approval_id AND comment_id = :comment_id FOR UPDATE

-- name: update_answer
UPDATE comments SET answer = :answer, answered_by = :answered_by, answered_at = :answered_at
WHERE comment_id = :comment_id

-- name: list_comments
SELECT comment_id, approval_id, step, person_id, text, to_person_id, written_at, answer, answered_by,
    answered_at
FROM comments WHERE approval_id = :approval_id AND comment_id > :after
ORDER BY comment_id LIMIT :limit

-- name: update_watchers
UPDATE approvals SET watchers = :watchers WHERE approval_id = :approval_id

-- name: insert_withdrawn_subject
INSERT INTO withdrawn_subjects (subject_id, withdrawn_at) VALUES (:subject_id, :now) ON CONFLICT DO NOTHING

-- name: insert_budget_figures
INSERT INTO budget_figures (subject_id, revision, figures) VALUES (:subject_id, :revision, :figures)
ON CONFLICT DO NOTHING

-- name: find_budget_figures
SELECT figures FROM budget_figures WHERE subject_id = :subject_id AND revision = :revision

-- name: is_withdrawn
SELECT EXISTS (SELECT 1 FROM withdrawn_subjects WHERE subject_id = :subject_id)

-- name: list_open_approvals_asking
-- Lists the open approvals that wait for one of the people, that one of them requested, or whose steps find
-- people by one of the rules.
SELECT approval_id FROM (
    SELECT approval_id FROM open_parts WHERE person_id = ANY(:people::uuid[])
    UNION SELECT approval_id FROM approvals WHERE requester_id = ANY(:people::uuid[]) AND state = 'open'
    UNION SELECT approval_id FROM open_rules WHERE rule = ANY(:rules::text[])) AS touched
WHERE :after::uuid IS NULL OR approval_id > :after ORDER BY approval_id LIMIT :limit

-- name: list_open_approvals
-- Lists all open approvals in the order of their ids.
SELECT approval_id FROM approvals WHERE state = 'open' AND approval_id > :after ORDER BY approval_id LIMIT :limit

-- name: insert_concerned_with_requests
INSERT INTO concerned (person_id, approval_id)
SELECT :person_id, approval_id FROM approvals WHERE requester_id = ANY(:requesters::uuid[]) AND state = 'open'
ON CONFLICT DO NOTHING

-- Delegations

-- name: insert_delegation
INSERT INTO delegations (delegation_id, from_person_id, to_person_id, starts_at, ends_at, processes, up_to,
    reason, created_at, created_by)
VALUES (:delegation_id, :from_person_id, :to_person_id, :starts_at, :ends_at, :processes, :up_to,
    :reason, :created_at, :created_by)

-- name: lock_delegation
SELECT delegation_id, from_person_id, to_person_id, starts_at, ends_at, processes, up_to, reason,
    created_at, created_by, revoked_at
FROM delegations WHERE delegation_id = :delegation_id FOR UPDATE

-- name: lock_delegations_in_force
SELECT delegation_id, from_person_id, to_person_id, starts_at, ends_at, processes, up_to, reason,
    created_at, created_by, revoked_at
FROM delegations
WHERE (from_person_id = :person_id OR to_person_id = :person_id) AND revoked_at IS NULL AND ends_at > :now
ORDER BY delegation_id FOR UPDATE

-- name: revoke_delegation
UPDATE delegations SET revoked_at = :at WHERE delegation_id = :delegation_id

-- name: list_delegations
-- plan: custom
-- Lists all delegations of the tenant, or those that one person gave or received.
SELECT delegation_id, from_person_id, to_person_id, starts_at, ends_at, processes, up_to, reason,
    created_at, created_by, revoked_at
FROM delegations
WHERE (:person_id::uuid IS NULL OR from_person_id = :person_id OR to_person_id = :person_id)
    AND (:before::uuid IS NULL OR delegation_id < :before)
ORDER BY delegation_id DESC LIMIT :limit

-- The directory

-- name: find_stamp
SELECT stamp FROM directory_stamps

-- name: put_stamp
INSERT INTO directory_stamps (stamp) VALUES (:stamp)
ON CONFLICT (tenant_id) DO UPDATE SET stamp = excluded.stamp

-- name: find_tenant
SELECT language, time_zone FROM tenants

-- name: put_tenant
INSERT INTO tenants (language, time_zone) VALUES (:language, :time_zone)
ON CONFLICT (tenant_id) DO UPDATE SET language = excluded.language, time_zone = excluded.time_zone

-- name: list_people
SELECT person_id, name, email, external, roles, unit_id, manager_id, language, active, absent_until,
    successor_id
FROM people ORDER BY person_id

-- name: find_person
SELECT roles, unit_id, manager_id, active, absent_until FROM people WHERE person_id = :person_id

-- name: put_person
INSERT INTO people (person_id, name, email, external, roles, unit_id, manager_id, language, active,
    absent_until)
VALUES (:person_id, :name, :email, :external, :roles, :unit_id, :manager_id, :language, :active, :absent_until)
ON CONFLICT (person_id) DO UPDATE SET
    name = CASE WHEN people.erased THEN '' ELSE excluded.name END,
    email = CASE WHEN people.erased THEN '' ELSE excluded.email END,
    external = excluded.external, roles = excluded.roles, unit_id = excluded.unit_id,
    manager_id = excluded.manager_id, language = excluded.language, active = excluded.active,
    absent_until = excluded.absent_until,
    successor_id = CASE WHEN excluded.active THEN NULL ELSE people.successor_id END

-- name: put_erased
INSERT INTO people (person_id, name, email, external, roles, language, active, erased)
VALUES (:person_id, '', '', false, '{}', 'it', false, true)
ON CONFLICT (person_id) DO UPDATE SET name = '', email = '', erased = true

-- name: update_successor
UPDATE people SET successor_id = :successor_id WHERE person_id = :person_id

-- name: list_units
SELECT unit_id, key, parent_id, manager_id FROM units ORDER BY unit_id

-- name: find_unit
SELECT unit_id, key, parent_id, manager_id FROM units WHERE unit_id = :unit_id

-- name: put_unit
INSERT INTO units (unit_id, key, name, parent_id, manager_id)
VALUES (:unit_id, :key, :name, :parent_id, :manager_id)
ON CONFLICT (unit_id) DO UPDATE SET key = excluded.key, name = excluded.name,
    parent_id = excluded.parent_id, manager_id = excluded.manager_id

-- name: list_roles
SELECT key, privileges FROM roles

-- name: put_role
INSERT INTO roles (role_id, key, privileges) VALUES (:role_id, :key, :privileges)
ON CONFLICT (role_id) DO UPDATE SET key = excluded.key, privileges = excluded.privileges

-- name: list_delegations_in_force
-- Lists the delegations that are in force or will be.
SELECT delegation_id, from_person_id, to_person_id, starts_at, ends_at, processes, up_to
FROM delegations WHERE revoked_at IS NULL AND ends_at > :now ORDER BY delegation_id

-- name: find_calendar
SELECT document, version FROM calendars

-- name: put_calendar
INSERT INTO calendars AS known (document, version, changed_at) VALUES (:document, 1, :now)
ON CONFLICT (tenant_id) DO UPDATE
    SET document = excluded.document, version = known.version + 1, changed_at = excluded.changed_at
    WHERE known.version = :expected
RETURNING version

-- E-mail links

-- name: insert_links
-- Keeps one link for each round in which a person is asked.
INSERT INTO decision_links (link_id, approval_id, step, round, person_id, created_at, expires_at)
SELECT link_id, approval_id, step, round, person_id, :created_at, expires_at
FROM unnest(:link_ids::uuid[], :approval_ids::uuid[], :steps::text[], :rounds::int[], :people::uuid[],
        :expiries::timestamptz[])
    AS offered(link_id, approval_id, step, round, person_id, expires_at)
ON CONFLICT (approval_id, step, round, person_id) DO UPDATE SET expires_at = excluded.expires_at
RETURNING link_id

-- name: find_link
SELECT link_id, approval_id, step, round, person_id, expires_at, used_at
FROM decision_links WHERE link_id = :link_id

-- name: lock_link
SELECT link_id, approval_id, step, round, person_id, expires_at, used_at
FROM decision_links WHERE link_id = :link_id FOR UPDATE

-- name: find_link_of_part
SELECT link_id, approval_id, step, round, person_id, expires_at, used_at
FROM decision_links
WHERE approval_id = :approval_id AND step = :step AND round = :round AND person_id = :person_id

-- name: use_link
UPDATE decision_links SET used_at = :at WHERE link_id = :link_id

-- Moving running approvals

-- name: insert_move
INSERT INTO moves (move_id, process_key, to_version, state, created_at, created_by, changed_at, version)
VALUES (:move_id, :process_key, :to_version, 'previewing', :created_at, :created_by, :created_at, 1)

-- name: find_move
SELECT move_id, process_key, to_version, state, created_at, created_by, version, carried_out_by
FROM moves WHERE move_id = :move_id

-- name: lock_move
SELECT move_id, process_key, to_version, state, created_at, created_by, version, carried_out_by
FROM moves WHERE move_id = :move_id FOR UPDATE

-- name: update_move
UPDATE moves SET state = :state, changed_at = :now, version = version + 1, carried_out_by = :carried_out_by
WHERE move_id = :move_id

-- name: list_moves
SELECT move_id, process_key, to_version, state, created_at, created_by, version, carried_out_by
FROM moves WHERE process_key = :process_key AND (:before::uuid IS NULL OR move_id < :before)
ORDER BY move_id DESC LIMIT :limit

-- name: count_moved
SELECT move_id, verdict, count(*) FROM moved_approvals WHERE move_id = ANY(:move_ids::uuid[])
GROUP BY move_id, verdict

-- name: list_movable_approvals
-- Lists the open approvals of other versions in the order of their ids.
SELECT approval_id, process_key, process_version, subject_type, subject_id, subject_revision, title,
    requester_id, state, reason, content, content_hash, opened_at, ended_at, steps, choices, before_migration,
    today, filled, version, correlation_id, subject_sequence, watchers
FROM approvals WHERE state = 'open' AND process_key = :process_key AND process_version <> :to_version
    AND approval_id > :after
ORDER BY approval_id LIMIT :limit

-- name: put_moved
INSERT INTO moved_approvals (move_id, approval_id, from_version, verdict, reason, part)
SELECT :move_id, approval_id, from_version, verdict, reason, part
FROM unnest(:approval_ids::uuid[], :from_versions::int[], :verdicts::text[], :reasons::text[], :parts::text[])
    AS item(approval_id, from_version, verdict, reason, part)
ON CONFLICT (move_id, approval_id) DO UPDATE
    SET verdict = excluded.verdict, reason = excluded.reason, part = excluded.part

-- name: list_titles
SELECT approval_id, title FROM approvals WHERE approval_id = ANY(:approval_ids::uuid[]) AND title <> ''

-- name: list_moved
SELECT approval_id, from_version, verdict, reason, part
FROM moved_approvals WHERE move_id = :move_id AND approval_id > :after
    AND (:verdict::text IS NULL OR verdict = :verdict)
ORDER BY approval_id LIMIT :limit

-- Replays

-- name: insert_replay
INSERT INTO replays (replay_id, process_key, document, subject, wanted, done, created_at, created_by)
VALUES (:replay_id, :process_key, :document, :subject, :wanted, 0, :created_at, :created_by)

-- name: find_replay
SELECT replay_id, process_key, document, subject, wanted, done, report, created_at, created_by,
    ended_at
FROM replays WHERE replay_id = :replay_id

-- name: update_replay
UPDATE replays SET done = :done, report = :report, ended_at = :ended_at WHERE replay_id = :replay_id

-- name: list_past_approvals
-- Lists the approvals that were decided or expired, newest first. A page begins after a key, not at an offset.
SELECT approval_id, process_key, process_version, subject_type, subject_id, subject_revision, title,
    requester_id, state, reason, content, content_hash, opened_at, ended_at, steps, choices, before_migration,
    today, filled, version, correlation_id, subject_sequence, watchers
FROM approvals WHERE process_key = :process_key
    AND state IN ('approved', 'rejected', 'changes_requested', 'expired')
    AND (ended_at, approval_id) < (:ended_at, :before)
ORDER BY ended_at DESC, approval_id DESC LIMIT :limit

-- name: count_waiting
SELECT (SELECT count(*) FROM approvals WHERE state = 'open') AS open,
    count(*) AS waiting, count(*) FILTER (WHERE due_at < now()) AS overdue
FROM open_parts

-- Evidence

-- name: insert_evidence
INSERT INTO evidence (evidence_id, approval_id, person_id, name, media_type, size, sha256, data, added_at)
VALUES (:evidence_id, :approval_id, :person_id, :name, :media_type, :size, :sha256, :data, :now)

-- name: count_evidence
SELECT count(*) FROM evidence WHERE approval_id = :approval_id AND person_id = :person_id

-- name: list_evidence
SELECT evidence_id, approval_id, person_id, name, media_type, size, sha256 FROM evidence
WHERE approval_id = :approval_id AND evidence_id = ANY(:evidence_ids::uuid[])

-- name: find_evidence
SELECT evidence_id, approval_id, person_id, name, media_type, size, sha256, data
FROM evidence WHERE approval_id = :approval_id AND evidence_id = :evidence_id
