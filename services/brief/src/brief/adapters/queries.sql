-- Row-level security confines every statement to the transaction's tenant.

-- name: next_brief_number
-- early
-- Draws from the tenant's sequence of the year.
SELECT next_brief_number(:year)

-- name: insert_brief
-- Inserts the brief and its first transition in one round trip, because drafting is the most common command.
WITH moved AS (
    INSERT INTO moves (brief_id, at, to_state, revision, cause, actor_id, on_behalf_of)
    VALUES (:brief_id, :at, :state, :revision, :cause, :actor_id, :on_behalf_of)
)
INSERT INTO briefs (brief_id, number, requester_id, requester_name, unit_id, state, cause, reason, revision,
                    version, drafted_at, changed_at, draft, type_key)
VALUES (:brief_id, :number, :requester_id, :requester_name, :unit_id, :state, :cause, NULL,
        :revision, :version, :at, :at, :draft, :type_key)

-- name: lock_briefs_under_way_of
-- Locks in the same order everywhere, so that two departures cannot deadlock.
SELECT brief_id FROM briefs
WHERE requester_id = :requester_id AND state NOT IN ('rejected', 'delivered', 'closed', 'cancelled')
ORDER BY brief_id FOR UPDATE

-- name: find_brief
-- Finds a brief with the newest frozen revision and its newest prices.
SELECT briefs.brief_id, briefs.number, briefs.requester_id, briefs.requester_name, briefs.unit_id, briefs.state,
       briefs.cause, briefs.reason, briefs.revision, briefs.version, briefs.draft, briefs.submitted_revision,
       briefs.pricing_id, briefs.approval_id, briefs.order_id, briefs.drafted_at, briefs.changed_at,
       revisions.content, revisions.content_hash, revisions.process, revisions.submitted_at,
       revisions.submitted_by, revisions.proposed_prices,
       pricings.lines, pricings.total, pricings.content_hash AS priced_hash, pricings.priced_at,
       pricings.priced_by
FROM briefs
LEFT JOIN revisions
    ON revisions.brief_id = briefs.brief_id AND revisions.revision = briefs.submitted_revision
LEFT JOIN pricings ON pricings.pricing_id = briefs.pricing_id
WHERE briefs.brief_id = :brief_id

-- name: lock_brief
-- Like find_brief. If it waited for the lock, it returns the brief as it was left, but joined rows only if they
-- existed before the wait: a newer revision or newer prices are null.
SELECT briefs.brief_id, briefs.number, briefs.requester_id, briefs.requester_name, briefs.unit_id, briefs.state,
       briefs.cause, briefs.reason, briefs.revision, briefs.version, briefs.draft, briefs.submitted_revision,
       briefs.pricing_id, briefs.approval_id, briefs.order_id, briefs.drafted_at, briefs.changed_at,
       revisions.content, revisions.content_hash, revisions.process, revisions.submitted_at,
       revisions.submitted_by, revisions.proposed_prices,
       pricings.lines, pricings.total, pricings.content_hash AS priced_hash, pricings.priced_at,
       pricings.priced_by
FROM briefs
LEFT JOIN revisions
    ON revisions.brief_id = briefs.brief_id AND revisions.revision = briefs.submitted_revision
LEFT JOIN pricings ON pricings.pricing_id = briefs.pricing_id
WHERE briefs.brief_id = :brief_id
FOR UPDATE OF briefs

-- name: update_brief
-- Updates the brief and appends its new transitions, if any, in their order.
WITH moved AS (
    INSERT INTO moves (brief_id, at, from_state, to_state, revision, cause, reason, actor_id, on_behalf_of)
    SELECT :brief_id, at, from_state, to_state, revision, cause, reason, actor_id, on_behalf_of
    FROM unnest(:move_ats::timestamptz[], :move_from_states::text[], :move_to_states::text[],
                :move_revisions::integer[], :move_causes::text[], :move_reasons::text[],
                :move_actor_ids::uuid[], :move_on_behalf_ofs::uuid[])
        WITH ORDINALITY
        AS move(at, from_state, to_state, revision, cause, reason, actor_id, on_behalf_of, nth)
    ORDER BY nth
)
UPDATE briefs
SET state = :state, cause = :cause, reason = :reason, revision = :revision, version = :version,
    draft = :draft, submitted_revision = :submitted_revision, pricing_id = :pricing_id, approval_id = :approval_id,
    order_id = :order_id, changed_at = :changed_at, requester_id = :requester_id, requester_name = :requester_name
WHERE brief_id = :brief_id

-- name: insert_revision
-- Marks the revision's files as frozen, so that they stay even if a later draft drops them.
WITH kept AS (
    UPDATE files SET frozen = true WHERE attachment_id = ANY(:attachment_ids::uuid[]) AND NOT frozen
)
INSERT INTO revisions (brief_id, revision, content, content_hash, process, submitted_at, submitted_by,
                       proposed_prices)
VALUES (:brief_id, :revision, :content, :content_hash, :process, :submitted_at, :submitted_by,
        :proposed_prices)

-- name: insert_pricing
INSERT INTO pricings (pricing_id, brief_id, revision, lines, total, content_hash, priced_at, priced_by)
VALUES (:pricing_id, :brief_id, :revision, :lines, :total, :content_hash, :priced_at, :priced_by)

-- name: insert_file
INSERT INTO files (attachment_id, brief_id, name, media_type, size, sha256, data)
VALUES (:attachment_id, :brief_id, :name, :media_type, :size, :sha256, :data)

-- name: delete_unfrozen_file
DELETE FROM files WHERE attachment_id = :attachment_id AND NOT frozen

-- name: find_file
-- Filters by the brief too, so that an attachment cannot be read through another brief.
SELECT attachment_id, name, media_type, size, sha256, data, frozen
FROM files WHERE attachment_id = :attachment_id AND brief_id = :brief_id

-- name: insert_comment
INSERT INTO comments (comment_id, brief_id, author_id, author_name, text, at, mentioned_ids)
VALUES (:comment_id, :brief_id, :author_id, :author_name, :text, :at, :mentioned_ids)

-- name: insert_comment_edit
INSERT INTO comment_edits (brief_id, comment_id, text, mentioned_ids, at)
VALUES (:brief_id, :comment_id, :text, :mentioned_ids, :at)

-- fragment: comments_as_edited
-- Each comment with the texts to which it was changed.
SELECT comments.comment_id, author_id, author_name, text, at,
       coalesce(edits.mentioned_ids, comments.mentioned_ids) AS mentioned_ids,
       coalesce(edits.texts, '{}') AS edits, coalesce(edits.ats, '{}') AS edited
FROM comments
LEFT JOIN LATERAL (
    SELECT array_agg(text ORDER BY edit) AS texts, array_agg(at ORDER BY edit) AS ats,
           (SELECT mentioned_ids FROM comment_edits AS last
            WHERE last.brief_id = comments.brief_id AND last.comment_id = comments.comment_id
            ORDER BY edit DESC LIMIT 1) AS mentioned_ids
    FROM comment_edits
    WHERE comment_edits.brief_id = comments.brief_id AND comment_edits.comment_id = comments.comment_id
) AS edits ON true

-- name: find_comment
{comments_as_edited}
WHERE brief_id = :brief_id AND comment_id = :comment_id

-- name: list_comments
{comments_as_edited}
WHERE brief_id = :brief_id AND comment_id > coalesce(:after, '00000000-0000-0000-0000-000000000000'::uuid)
ORDER BY comment_id
LIMIT :limit

-- name: upsert_comments_read
-- The marker never goes back. If it would, nothing changes and no row is returned.
INSERT INTO comment_reads AS known (brief_id, person_id, comment_id, read_at)
VALUES (:brief_id, :person_id, :comment_id, :read_at)
ON CONFLICT (tenant_id, brief_id, person_id) DO UPDATE
SET comment_id = excluded.comment_id, read_at = excluded.read_at
WHERE known.comment_id < excluded.comment_id
RETURNING comment_id

-- name: list_unread_comments
-- Counts for each brief what others wrote after the last comment that the person has read, up to `most`.
SELECT asked.brief_id, comment_reads.comment_id AS read_until, counted.comments
FROM unnest(:brief_ids::uuid[]) AS asked(brief_id)
LEFT JOIN comment_reads
    ON comment_reads.brief_id = asked.brief_id AND comment_reads.person_id = :person_id
CROSS JOIN LATERAL (
    SELECT count(*) AS comments FROM (
        SELECT comment_id FROM comments
        WHERE comments.brief_id = asked.brief_id AND comments.author_id <> :person_id
            AND comments.comment_id
                > coalesce(comment_reads.comment_id, '00000000-0000-0000-0000-000000000000'::uuid)
        LIMIT :most
    ) AS newer
) AS counted

-- name: list_moves
SELECT move, at, from_state, to_state, revision, cause, reason, actor_id, on_behalf_of
FROM moves
WHERE brief_id = :brief_id AND move > :after
ORDER BY move
LIMIT :limit

-- name: list_revisions
-- Each revision with its newest prices.
SELECT revisions.revision, revisions.content, revisions.content_hash, revisions.process, revisions.submitted_at,
       revisions.submitted_by, revisions.proposed_prices,
       pricing.pricing_id, pricing.lines, pricing.total, pricing.content_hash AS priced_hash,
       pricing.priced_at, pricing.priced_by
FROM revisions
LEFT JOIN LATERAL (
    SELECT pricing_id, lines, total, content_hash, priced_at, priced_by FROM pricings
    WHERE pricings.brief_id = revisions.brief_id AND pricings.revision = revisions.revision
    ORDER BY pricing_id DESC LIMIT 1
) AS pricing ON true
WHERE revisions.brief_id = :brief_id AND revisions.revision > :after
ORDER BY revisions.revision
LIMIT :limit

-- fragment: own_briefs
-- The person's own briefs, with the draft if there is one. They are few.
SELECT briefs.brief_id, number, state, cause, briefs.revision, requester_id, requester_name, unit_id, type_key,
       drafted_at, changed_at, coalesce(draft, content) AS shown,
       coalesce((coalesce(draft, content) ->> 'deadline')::date, DATE '9999-12-30') AS deadline,
       draft IS NULL AND pricing_id IS NOT NULL AS priced
FROM briefs
LEFT JOIN revisions
    ON revisions.brief_id = briefs.brief_id AND revisions.revision = briefs.submitted_revision
WHERE requester_id = :reader_id

-- fragment: submitted_columns
-- Columns of other people's briefs as last submitted, because only the requester may see a draft.
SELECT briefs.brief_id, number, state, cause, submitted_revision AS revision, requester_id, requester_name,
       unit_id, type_key, drafted_at, changed_at, content AS shown, briefs.deadline, pricing_id IS NOT NULL AS priced

-- fragment: brief_columns
SELECT brief_id, number, state, cause, revision, requester_id, requester_name, unit_id, type_key, drafted_at, changed_at,
       shown, deadline, priced

-- fragment: brief_filters
(:unit_id::uuid IS NULL OR unit_id = :unit_id)
AND (:type_key::text IS NULL OR type_key = :type_key)
AND (:requester_id::uuid IS NULL OR requester_id = :requester_id)
AND (:deadline_from::date IS NULL OR (deadline >= :deadline_from AND deadline < DATE '9999-12-30'))
AND (:deadline_to::date IS NULL OR deadline <= :deadline_to)
AND (:priced::boolean IS NULL OR priced = :priced)
AND (NOT :late::boolean
     OR (deadline < :today::date AND state NOT IN ('rejected', 'delivered', 'closed', 'cancelled')))

-- fragment: brief_page
-- The test for words is a CASE: for a plain condition the planner expects so few rows that it would read all briefs.
{brief_filters}
AND (:states::text[] IS NULL OR state = ANY (:states))
AND CASE WHEN :text::text IS NULL THEN true
         ELSE words_match(number || ' ' || (shown ->> 'title'), :text) END
AND CASE WHEN :last_id::uuid IS NULL THEN true
         WHEN :by_deadline::boolean THEN (deadline, brief_id) > (:last_deadline::date, :last_id)
         ELSE brief_id < :last_id END
ORDER BY CASE WHEN :by_deadline THEN deadline END, CASE WHEN :by_deadline THEN brief_id END,
         CASE WHEN NOT :by_deadline THEN brief_id END DESC
LIMIT :limit

-- name: list_briefs
-- plan: custom
-- Planned anew for the given filters and order, because each of them has its own index.
{brief_columns}
FROM (
    ({brief_columns} FROM ({own_briefs}) AS own WHERE {brief_page})
    UNION ALL
    ({brief_columns} FROM (
        {submitted_columns}
        FROM briefs
        JOIN revisions
            ON revisions.brief_id = briefs.brief_id AND revisions.revision = briefs.submitted_revision
        WHERE :reads_all::boolean AND requester_id <> :reader_id
     ) AS others WHERE {brief_page})
) AS listed
WHERE {brief_page}

-- name: list_briefs_by_words
-- plan: custom
-- Of other people's briefs it reads only those that contain the longest word, or a word that begins with it.
{brief_columns}
FROM (
    ({brief_columns} FROM ({own_briefs}) AS own WHERE {brief_page})
    UNION ALL
    ({brief_columns} FROM (
        {submitted_columns}
        FROM brief_words
        JOIN briefs ON briefs.brief_id = brief_words.brief_id
        JOIN revisions
            ON revisions.brief_id = briefs.brief_id AND revisions.revision = briefs.submitted_revision
        WHERE brief_words.word = sought_key(:text) AND :reads_all::boolean AND requester_id <> :reader_id
     ) AS others WHERE {brief_page})
) AS listed
WHERE {brief_page}

-- name: count_briefs
-- plan: custom
-- Counts up to `most` briefs in each state, so that the cost does not grow with their number.
SELECT asked.state, counted.briefs
FROM unnest(:asked_states::text[]) WITH ORDINALITY AS asked(state, nth)
CROSS JOIN LATERAL (
    SELECT count(*) AS briefs FROM (
        SELECT brief_id FROM (
            ({brief_columns} FROM ({own_briefs}) AS own)
            UNION ALL
            ({submitted_columns}
             FROM briefs
             JOIN revisions
                 ON revisions.brief_id = briefs.brief_id AND revisions.revision = briefs.submitted_revision
             WHERE :reads_all::boolean AND requester_id <> :reader_id)
        ) AS listed
        WHERE listed.state = asked.state AND {brief_filters}
        LIMIT :most
    ) AS found
) AS counted
ORDER BY asked.nth

-- name: upsert_ordered
INSERT INTO item_jobs (job_id, brief_id, item_id, ordered)
SELECT job_id, :brief_id, item_id, ordered
FROM unnest(:job_ids::uuid[], :item_ids::uuid[], :quantities::numeric[]) AS line(job_id, item_id, ordered)
ON CONFLICT (tenant_id, job_id) DO UPDATE
SET item_id = excluded.item_id, ordered = coalesce(item_jobs.ordered, excluded.ordered)

-- name: upsert_ordered_now
INSERT INTO item_jobs (job_id, brief_id, item_id, ordered)
SELECT job_id, :brief_id, item_id, ordered
FROM unnest(:job_ids::uuid[], :item_ids::uuid[], :quantities::numeric[]) AS line(job_id, item_id, ordered)
ON CONFLICT (tenant_id, job_id) DO UPDATE SET item_id = excluded.item_id, ordered = excluded.ordered

-- name: upsert_produced
INSERT INTO item_jobs (job_id, brief_id, produced) VALUES (:job_id, :brief_id, :quantity)
ON CONFLICT (tenant_id, job_id) DO UPDATE SET produced = excluded.produced

-- name: upsert_closed
INSERT INTO item_jobs (job_id, brief_id, closed, closed_at) VALUES (:job_id, :brief_id, true, :shipped)
ON CONFLICT (tenant_id, job_id) DO UPDATE SET closed = true, closed_at = excluded.closed_at

-- name: upsert_valued
INSERT INTO item_jobs (job_id, brief_id, unit_price)
SELECT job_id, :brief_id, unit_price
FROM unnest(:job_ids::uuid[], :unit_prices::numeric[]) AS line(job_id, unit_price)
ON CONFLICT (tenant_id, job_id) DO UPDATE SET unit_price = excluded.unit_price

-- name: upsert_shipment
-- The newest event counts; an older one only adds what is still missing.
INSERT INTO shipments AS known (shipment_id, brief_id, state, sequence, quantities, ddt_number, issued_on,
                                delivered_at)
VALUES (:shipment_id, :brief_id, :state, :sequence, :quantities, :ddt_number, :issued_on, :delivered_at)
ON CONFLICT (tenant_id, shipment_id) DO UPDATE SET
    state = CASE WHEN excluded.sequence >= known.sequence THEN excluded.state ELSE known.state END,
    quantities = CASE WHEN excluded.sequence >= known.sequence THEN excluded.quantities
                      ELSE known.quantities END,
    sequence = greatest(known.sequence, excluded.sequence),
    ddt_number = coalesce(known.ddt_number, excluded.ddt_number),
    issued_on = coalesce(known.issued_on, excluded.issued_on),
    delivered_at = coalesce(known.delivered_at, excluded.delivered_at)

-- name: list_item_jobs
SELECT job_id, item_id, ordered, produced, closed, closed_at, unit_price FROM item_jobs
WHERE brief_id = :brief_id ORDER BY job_id

-- name: list_shipments
SELECT shipment_id, state, quantities, ddt_number, issued_on, delivered_at
FROM shipments WHERE brief_id = :brief_id ORDER BY shipment_id

-- name: insert_type
INSERT INTO brief_types (type_id, key, version, name, form, process, kinds, purchasing_owner_id, offered, defined_at,
                         defined_by)
VALUES (:type_id, :key, :version, :name, :form, :process, :kinds, :purchasing_owner_id, :offered, :defined_at,
        :defined_by)
ON CONFLICT DO NOTHING RETURNING version

-- fragment: type_columns
type_id, key, version, name, form, process, kinds, purchasing_owner_id, offered, defined_at, defined_by

-- name: find_type
-- Finds the newest version, or the given one.
SELECT {type_columns} FROM brief_types
WHERE key = :key AND (:version::integer IS NULL OR version = :version)
ORDER BY version DESC LIMIT 1

-- name: list_types
-- Lists the newest version of each type. A tenant has few types.
SELECT DISTINCT ON (key) {type_columns} FROM brief_types
WHERE key > :after
ORDER BY key, version DESC
LIMIT :limit

-- name: insert_template
INSERT INTO brief_templates (template_id, name, content, unit_id, kept_by, kept_at)
VALUES (:template_id, :name, :content, :unit_id, :kept_by, :kept_at)

-- name: delete_template
DELETE FROM brief_templates WHERE template_id = :template_id

-- name: find_template
SELECT template_id, name, content, unit_id, kept_by, kept_at FROM brief_templates WHERE template_id = :template_id

-- name: list_templates
SELECT template_id, name, content, unit_id, kept_by, kept_at FROM brief_templates
WHERE (kept_by = :person_id OR unit_id = :unit_id) AND (:before::uuid IS NULL OR template_id < :before)
ORDER BY template_id DESC
LIMIT :limit

-- fragment: request_columns
-- Columns of a request, including whether its revision still waits for prices and approval.
requests.request_id, requests.brief_id, briefs.number, briefs.requester_id, requests.revision, requests.title,
requests.note, requests.items, requests.needed_by, requests.due_at, requests.asked_at, requests.asked_by,
requests.version, requests.settled, requests.reason, requests.awarded,
briefs.state IN ('submitted', 'in_approval') AND briefs.revision = requests.revision AS current

-- fragment: quoting_roles
-- The roles whose people may quote. A tenant's own role takes precedence over the built-in role with the same key.
(SELECT array_agg(key) FROM (
    SELECT key FROM directory_roles WHERE 'quotation.submit' = ANY (privileges)
    UNION ALL
    SELECT key FROM unnest(:built_in_roles::text[]) AS built_in(key)
    WHERE NOT EXISTS (SELECT FROM directory_roles AS told WHERE told.key = built_in.key)
) AS quoting)

-- fragment: own_quotation
-- Each quotation with its newest answer and the supplier's files.
SELECT {request_columns}, quotations.quotation_id, quotations.supplier_id,
       quotations.asked_at AS supplier_asked_at, answer.version AS answers, answer.at, answer.by, answer.quote,
       answer.reason AS declined_because,
       NOT EXISTS (SELECT FROM directory_people AS people
                   WHERE people.id = quotations.supplier_id AND people.active
                       AND people.roles && {quoting_roles}) AS supplier_left,
       (SELECT jsonb_agg(jsonb_build_object('file_id', file_id, 'name', name, 'media_type', media_type, 'size', size,
                                            'sha256', sha256, 'sent_at', sent_at) ORDER BY file_id)
        FROM quotation_files AS sent WHERE sent.quotation_id = quotations.quotation_id) AS files
FROM quotations
JOIN quotation_requests AS requests ON requests.request_id = quotations.request_id
JOIN briefs ON briefs.brief_id = requests.brief_id
LEFT JOIN LATERAL (
    SELECT version, at, by, quote, reason FROM quotation_answers
    WHERE quotation_answers.quotation_id = quotations.quotation_id ORDER BY version DESC LIMIT 1
) AS answer ON true

-- name: insert_request
INSERT INTO quotation_requests (request_id, brief_id, revision, title, note, items, needed_by, due_at, asked_at,
                                asked_by, version)
VALUES (:request_id, :brief_id, :revision, :title, :note, :items, :needed_by, :due_at, :asked_at, :asked_by,
        :version)

-- name: insert_quotations
INSERT INTO quotations (request_id, quotation_id, supplier_id, asked_at)
SELECT :request_id, quotation_id, supplier_id, asked_at
FROM unnest(:quotation_ids::uuid[], :supplier_ids::uuid[], :asked_ats::timestamptz[])
    AS asked(quotation_id, supplier_id, asked_at)

-- name: insert_answer
INSERT INTO quotation_answers (quotation_id, version, at, by, quote, reason)
VALUES (:quotation_id, :version, :at, :by, :quote, :reason)

-- name: insert_quotation_file
INSERT INTO quotation_files (file_id, quotation_id, name, media_type, size, sha256, sent_at, data)
VALUES (:file_id, :quotation_id, :name, :media_type, :size, :sha256, :sent_at, :data)

-- name: delete_quotation_file
DELETE FROM quotation_files WHERE file_id = :file_id

-- name: find_quotation_file_data
SELECT data FROM quotation_files WHERE file_id = :file_id

-- name: update_request
UPDATE quotation_requests SET version = :version, settled = :settled, reason = :reason, awarded = :awarded
WHERE request_id = :request_id

-- name: find_request
SELECT {request_columns}
FROM quotation_requests AS requests JOIN briefs ON briefs.brief_id = requests.brief_id
WHERE requests.request_id = :request_id

-- name: list_quotations_of_request
{own_quotation}
WHERE requests.request_id = :request_id
ORDER BY quotations.quotation_id

-- name: find_quotation
{own_quotation}
WHERE quotations.quotation_id = :quotation_id AND quotations.supplier_id = :supplier_id

-- name: list_quotations
-- A supplier has few quotations, so the open ones are filtered without an index.
{own_quotation}
WHERE quotations.supplier_id = :supplier_id
  AND (:before::uuid IS NULL OR quotations.quotation_id < :before)
  AND (NOT :open_only::boolean OR (requests.settled = 'open' AND briefs.state IN ('submitted', 'in_approval')
       AND briefs.revision = requests.revision
       AND (answer.version IS NOT NULL OR requests.due_at > :now)))
ORDER BY quotations.quotation_id DESC
LIMIT :limit

-- name: list_requests
-- plan: custom
-- Requests of briefs that the reader may see. Requests exist only for submitted briefs.
SELECT {request_columns}
FROM quotation_requests AS requests JOIN briefs ON briefs.brief_id = requests.brief_id
WHERE (:brief_id::uuid IS NULL OR requests.brief_id = :brief_id)
  AND (:reads_all::boolean OR briefs.requester_id = :requester_id)
  AND (NOT :open_only::boolean OR (requests.settled = 'open' AND briefs.state IN ('submitted', 'in_approval')
       AND briefs.revision = requests.revision))
  AND (:before::uuid IS NULL OR requests.request_id < :before)
ORDER BY requests.request_id DESC
LIMIT :limit

-- name: count_by_state
-- Counts only briefs under way. An index holds just these, so that the cost does not grow with finished briefs.
SELECT state, count(*) AS briefs FROM briefs
WHERE state NOT IN ('closed', 'rejected', 'cancelled')
GROUP BY state

-- name: insert_proof
INSERT INTO proofs (proof_id, brief_id, title) VALUES (:proof_id, :brief_id, :title)

-- name: insert_proof_version
INSERT INTO proof_versions (proof_id, version, attachment_id, name, media_type, size, sha256, data, process,
                            reviewer_ids, due_on, submitted_at, submitted_by, state, preview, pages)
VALUES (:proof_id, :version, :attachment_id, :name, :media_type, :size, :sha256, :data, :process,
        :reviewer_ids, :due_on, :submitted_at, :submitted_by, :state, :preview, :pages)

-- name: update_proof_version
UPDATE proof_versions
SET state = :state, approval_id = :approval_id, reason = :reason, ended_at = :ended_at, ended_by = :ended_by,
    preview = :preview, pages = :pages
WHERE proof_id = :proof_id AND version = :version

-- fragment: proof_versions_of
-- Each proof with all its versions, without their files.
SELECT proofs.proof_id, proofs.brief_id, proofs.title, versions.version, versions.attachment_id, versions.name,
       versions.media_type, versions.size, versions.sha256, versions.process, versions.reviewer_ids,
       versions.due_on, versions.submitted_at, versions.submitted_by, versions.state, versions.approval_id,
       versions.reason, versions.ended_at, versions.ended_by, versions.preview, versions.pages
FROM proofs JOIN proof_versions AS versions ON versions.proof_id = proofs.proof_id

-- name: find_proof
{proof_versions_of}
WHERE proofs.proof_id = :proof_id
ORDER BY versions.version

-- name: list_proofs
{proof_versions_of}
WHERE proofs.proof_id IN (
    SELECT proof_id FROM proofs
    WHERE brief_id = :brief_id AND proof_id > coalesce(:after, '00000000-0000-0000-0000-000000000000'::uuid)
    ORDER BY proof_id
    LIMIT :limit
)
ORDER BY proofs.proof_id, versions.version

-- name: find_proof_file
SELECT data FROM proof_versions WHERE proof_id = :proof_id AND version = :version

-- name: insert_proof_page
INSERT INTO proof_pages (proof_id, version, page, width, height, image, thumbnail)
VALUES (:proof_id, :version, :page, :width, :height, :image, :thumbnail)
ON CONFLICT DO NOTHING

-- name: find_proof_page
SELECT CASE WHEN :thumbnail::boolean THEN thumbnail ELSE image END FROM proof_pages
WHERE proof_id = :proof_id AND version = :version AND page = :page

-- name: insert_annotation
INSERT INTO proof_annotations (annotation_id, proof_id, version, page, area, text, author_id, author_name, at)
VALUES (:annotation_id, :proof_id, :version, :page, :area, :text, :author_id, :author_name, :at)

-- name: update_annotation
UPDATE proof_annotations SET resolved_at = :resolved_at, resolved_by = :resolved_by
WHERE annotation_id = :annotation_id

-- name: insert_reply
INSERT INTO proof_replies (annotation_id, text, author_id, author_name, at)
VALUES (:annotation_id, :text, :author_id, :author_name, :at)

-- fragment: annotations_with_replies
SELECT annotations.annotation_id, annotations.proof_id, annotations.version, annotations.page, annotations.area,
       annotations.text, annotations.author_id, annotations.author_name, annotations.at,
       annotations.resolved_at, annotations.resolved_by,
       coalesce(replies.texts, '{}') AS reply_texts, coalesce(replies.authors, '{}') AS reply_authors,
       coalesce(replies.names, '{}') AS reply_names, coalesce(replies.ats, '{}') AS reply_ats
FROM proof_annotations AS annotations
LEFT JOIN LATERAL (
    SELECT array_agg(text ORDER BY reply) AS texts, array_agg(author_id ORDER BY reply) AS authors,
           array_agg(author_name ORDER BY reply) AS names, array_agg(at ORDER BY reply) AS ats
    FROM proof_replies WHERE proof_replies.annotation_id = annotations.annotation_id
) AS replies ON true

-- name: find_annotation
{annotations_with_replies}
WHERE annotations.annotation_id = :annotation_id

-- name: list_annotations
{annotations_with_replies}
WHERE annotations.proof_id = :proof_id AND annotations.version = :version
  AND annotations.annotation_id > coalesce(:after, '00000000-0000-0000-0000-000000000000'::uuid)
ORDER BY annotations.annotation_id
LIMIT :limit

-- fragment: budget_columns
budget_id, name, unit_id, cost_centre, period_from, period_to, planned, committed, spent, blocking, version

-- name: lock_budget_holder
-- Serialises planning for one unit or cost centre.
SELECT pg_advisory_xact_lock(hashtextextended('budgets ' || optima_tenant()::text || :holder, 0))

-- name: find_overlapping_budget
SELECT budget_id FROM budgets
WHERE holder = :holder AND period_from <= :period_to AND period_to >= :period_from
  AND (:without::uuid IS NULL OR budget_id <> :without)
LIMIT 1

-- name: is_charged
SELECT EXISTS (SELECT FROM budget_charges WHERE budget_id = :budget_id)

-- name: insert_budget
-- Inserts the budget and its first entry.
WITH planned AS (
    INSERT INTO budgets (budget_id, name, unit_id, cost_centre, period_from, period_to, planned, committed, spent,
                         blocking, version)
    VALUES (:budget_id, :name, :unit_id, :cost_centre, :period_from, :period_to, :planned, 0, 0, :blocking, :version)
    RETURNING budget_id, planned
)
INSERT INTO budget_entries (budget_id, at, cause, planned, committed, spent, reason, actor_id)
SELECT budget_id, :at, :cause, planned, 0, 0, :reason, :actor_id FROM planned

-- name: update_budget
UPDATE budgets SET period_from = :period_from, period_to = :period_to, planned = :planned, committed = :committed,
    spent = :spent, blocking = :blocking, version = :version
WHERE budget_id = :budget_id

-- name: insert_budget_entry
INSERT INTO budget_entries (budget_id, at, cause, brief_id, planned, committed, spent, reason, actor_id, on_behalf_of)
VALUES (:budget_id, :at, :cause, :brief_id, :planned, :committed, :spent, :reason, :actor_id, :on_behalf_of)

-- name: upsert_charge
INSERT INTO budget_charges (brief_id, budget_id, committed, spent, uncovered, waiting, since)
VALUES (:brief_id, :budget_id, :committed, :spent, :uncovered, :waiting, :since)
ON CONFLICT (brief_id) DO UPDATE SET
    committed = excluded.committed, spent = excluded.spent, uncovered = excluded.uncovered, waiting = excluded.waiting

-- fragment: budget_of_holder
-- Periods of one holder never overlap, so only the last one that began by that day can contain it.
SELECT {budget_columns} FROM budgets
WHERE holder = :holder AND period_from <= :day AND period_to >= :day
ORDER BY period_from DESC
LIMIT 1

-- name: find_budget_of_holder
{budget_of_holder}

-- name: lock_budget_of_holder
{budget_of_holder} FOR UPDATE

-- name: find_budget
SELECT {budget_columns} FROM budgets WHERE budget_id = :budget_id

-- name: lock_budget
SELECT {budget_columns} FROM budgets WHERE budget_id = :budget_id FOR UPDATE

-- name: find_charge
SELECT brief_id, budget_id, committed, spent, uncovered, waiting, since FROM budget_charges
WHERE brief_id = :brief_id

-- name: lock_charge
-- Lock the charge before reading the brief, so that what is read is what is charged.
SELECT brief_id, budget_id, committed, spent, uncovered, waiting, since FROM budget_charges
WHERE brief_id = :brief_id FOR UPDATE

-- name: list_uncovered_briefs
-- The brief that waits longest comes first.
SELECT brief_id FROM budget_charges
WHERE budget_id = :budget_id AND uncovered > 0
ORDER BY since, brief_id
LIMIT :limit

-- name: list_budgets
-- plan: custom
-- Newest period first, or by rising availability. Each order has its own index.
SELECT {budget_columns}, available, EXISTS (
           SELECT FROM budget_charges
           WHERE budget_charges.budget_id = budgets.budget_id AND budget_charges.uncovered > 0
       ) AS uncovered
FROM budgets
WHERE (:unit_id::uuid IS NULL OR unit_id = :unit_id)
  AND (:cost_centre::text IS NULL OR cost_centre = :cost_centre)
  AND (:day::date IS NULL OR (period_from <= :day AND period_to >= :day))
  AND (NOT :exceeded::boolean OR available < 0 OR EXISTS (
           SELECT FROM budget_charges
           WHERE budget_charges.budget_id = budgets.budget_id AND budget_charges.uncovered > 0))
  AND (:last_id::uuid IS NULL
       OR CASE WHEN :by_available::boolean THEN (available, budget_id) > (:last_available::numeric, :last_id)
               ELSE (period_from, budget_id) < (:last_from::date, :last_id) END)
ORDER BY CASE WHEN :by_available::boolean THEN available END,
         CASE WHEN :by_available::boolean THEN budget_id END,
         CASE WHEN NOT :by_available::boolean THEN period_from END DESC,
         CASE WHEN NOT :by_available::boolean THEN budget_id END DESC
LIMIT :limit

-- name: list_budget_entries
-- plan: custom
SELECT entries.entry, entries.at, entries.cause, entries.brief_id, entries.planned, entries.committed, entries.spent,
       entries.reason, entries.actor_id, entries.on_behalf_of, briefs.number, briefs.requester_id
FROM budget_entries AS entries LEFT JOIN briefs ON briefs.brief_id = entries.brief_id
WHERE entries.budget_id = :budget_id AND (:before::bigint IS NULL OR entries.entry < :before)
ORDER BY entries.entry DESC
LIMIT :limit

-- name: list_budget_charges
-- plan: custom
SELECT charges.brief_id, charges.budget_id, charges.committed, charges.spent, charges.uncovered, charges.waiting,
       charges.since, briefs.number, briefs.requester_id, briefs.state, revisions.content ->> 'title' AS title
FROM budget_charges AS charges
JOIN briefs ON briefs.brief_id = charges.brief_id
JOIN revisions ON revisions.brief_id = briefs.brief_id AND revisions.revision = briefs.submitted_revision
WHERE charges.budget_id = :budget_id
  AND (NOT :uncovered_only::boolean OR charges.uncovered > 0)
  AND (:before::uuid IS NULL OR charges.brief_id < :before)
ORDER BY charges.brief_id DESC
LIMIT :limit

-- name: list_cost_centres
-- early
-- Lists the cost centres that a brief may name, which are those with a budget that is not over.
SELECT DISTINCT ON (cost_centre) cost_centre, name FROM budgets
WHERE cost_centre > :after AND period_to >= :day
ORDER BY cost_centre, period_from
LIMIT :limit

-- name: insert_purchases
-- Stores with each item the unit price of the first quote for this quantity, whoever sent it.
INSERT INTO purchases (brief_id, item_id, bought_at, kind, description, unit, quantity, unit_price, supplier_id,
                       unit_id, category, first_unit_price, budget_part)
SELECT :brief_id, bought.item_id, :bought_at, bought.kind, bought.description, bought.unit, bought.quantity,
       bought.unit_price, bought.supplier_id, :unit_id, :category, first_quote.unit_price, bought.budget_part
FROM unnest(:item_ids::uuid[], :kinds::text[], :descriptions::text[], :units::text[], :quantities::numeric[],
            :unit_prices::numeric[], :supplier_ids::uuid[], :budget_parts::numeric[])
    AS bought(item_id, kind, description, unit, quantity, unit_price, supplier_id, budget_part)
LEFT JOIN LATERAL (
    SELECT (step->>'unit_price')::numeric AS unit_price
    FROM quotation_requests AS requests
    JOIN quotations ON quotations.request_id = requests.request_id
    JOIN quotation_answers AS answers ON answers.quotation_id = quotations.quotation_id
    CROSS JOIN LATERAL jsonb_array_elements(answers.quote->'lines') AS line
    CROSS JOIN LATERAL jsonb_array_elements(line->'breaks') AS step
    WHERE requests.brief_id = :brief_id AND line->>'item_id' = bought.item_id::text
        AND (step->>'from_quantity')::numeric <= bought.quantity
    ORDER BY answers.at, answers.quotation_id, answers.version, (step->>'from_quantity')::numeric DESC LIMIT 1
) AS first_quote ON true
ON CONFLICT DO NOTHING

-- fragment: bought
-- Items of briefs that are not cancelled, at the order's quantity and price if these differ by now. For a line that
-- was closed short the shipped quantity counts; once the brief is delivered, without what came back.
SELECT purchases.brief_id, briefs.number, purchases.bought_at, purchases.kind, purchases.description, purchases.unit,
       coalesce(job.quantity, purchases.quantity) AS quantity,
       coalesce(job.unit_price, purchases.unit_price) AS unit_price,
       purchases.supplier_id, purchases.unit_id, purchases.category, purchases.first_unit_price,
       purchases.budget_part
FROM purchases
JOIN briefs ON briefs.brief_id = purchases.brief_id AND briefs.state <> 'cancelled'
LEFT JOIN LATERAL (
    SELECT sum(CASE WHEN NOT closed THEN ordered
                    WHEN briefs.state IN ('delivered', 'closed') THEN sent.quantity
                    ELSE greatest(closed_at, sent.quantity) END) AS quantity,
           max(unit_price) AS unit_price
    FROM item_jobs CROSS JOIN LATERAL (
        SELECT coalesce(sum((quantities ->> item_jobs.job_id::text)::numeric), 0) AS quantity
        FROM shipments
        WHERE item_jobs.closed AND shipments.brief_id = item_jobs.brief_id
            AND shipments.state IN ('issued', 'departed', 'delivered')
    ) AS sent
    WHERE item_jobs.brief_id = purchases.brief_id AND item_jobs.item_id = purchases.item_id
) AS job ON true

-- name: list_last_paid
-- Finds the newest purchase of the same article or, if there is none, of the same kind. Each search has its index.
SELECT wanted.place, paid.unit_price, paid.bought_at, paid.kind, paid.description, paid.unit, paid.quantity,
       paid.brief_id, paid.number, paid.supplier_id
FROM unnest(:kinds::text[], :descriptions::text[], :units::text[]) WITH ORDINALITY
    AS wanted(kind, description, unit, place)
JOIN LATERAL (
    SELECT found.unit_price, found.bought_at, found.kind, found.description, found.unit, found.quantity,
           found.brief_id, found.number, found.supplier_id
    FROM (
        (SELECT bought.unit_price, bought.bought_at, bought.kind, bought.description, bought.unit, bought.quantity,
                bought.brief_id, bought.number, bought.supplier_id, true AS same FROM ({bought}) AS bought
         WHERE bought.kind = wanted.kind AND bought.unit = wanted.unit AND bought.description = wanted.description
             AND bought.brief_id <> :without_brief AND bought.quantity > 0
         ORDER BY bought.bought_at DESC LIMIT 1)
        UNION ALL
        (SELECT bought.unit_price, bought.bought_at, bought.kind, bought.description, bought.unit, bought.quantity,
                bought.brief_id, bought.number, bought.supplier_id, false FROM ({bought}) AS bought
         WHERE bought.kind = wanted.kind AND bought.unit = wanted.unit AND bought.brief_id <> :without_brief
             AND bought.quantity > 0
         ORDER BY bought.bought_at DESC LIMIT 1)
    ) AS found ORDER BY found.same DESC LIMIT 1
) AS paid ON true

-- name: insert_catalogue_price
INSERT INTO catalogue_prices (price_id, supplier_id, kind, description, unit, breaks, lead_time_days, valid_from,
                              valid_until, kept_at, kept_by, version)
VALUES (:price_id, :supplier_id, :kind, :description, :unit, :breaks, :lead_time_days, :valid_from, :valid_until,
        :kept_at, :kept_by, :version)

-- name: update_catalogue_price
UPDATE catalogue_prices SET breaks = :breaks, lead_time_days = :lead_time_days, valid_from = :valid_from,
    valid_until = :valid_until, kept_at = :kept_at, kept_by = :kept_by, version = :version
WHERE price_id = :price_id

-- fragment: catalogue_columns
SELECT price_id, supplier_id, kind, description, unit, breaks, lead_time_days, valid_from, valid_until, kept_at,
       kept_by, version
FROM catalogue_prices

-- name: find_catalogue_price
{catalogue_columns} WHERE price_id = :price_id

-- name: lock_catalogue_price
{catalogue_columns} WHERE price_id = :price_id FOR NO KEY UPDATE

-- name: list_catalogue_prices
-- plan: custom
{catalogue_columns}
WHERE (:supplier_id::uuid IS NULL OR supplier_id = :supplier_id)
  AND (:kind::text IS NULL OR kind = :kind)
  AND (:day::date IS NULL OR :day BETWEEN valid_from AND valid_until)
  AND (:before::uuid IS NULL OR price_id < :before)
ORDER BY price_id DESC LIMIT :limit

-- name: list_valid_catalogue_prices
-- Finds prices of each article and of its kind by an index, of suppliers who still quote. For each article it reads
-- the 100 that are valid longest, on the assumption that the cheapest for any quantity are among them.
SELECT DISTINCT prices.price_id, prices.supplier_id, prices.kind, prices.description, prices.unit, prices.breaks,
       prices.lead_time_days, prices.valid_from, prices.valid_until, prices.kept_at, prices.kept_by, prices.version
FROM unnest(:kinds::text[], :descriptions::text[], :units::text[]) AS wanted(kind, description, unit)
CROSS JOIN LATERAL (
    {catalogue_columns}
    WHERE catalogue_prices.kind = wanted.kind AND catalogue_prices.unit = wanted.unit AND valid_until >= :day
        AND valid_from <= :day
        AND (catalogue_prices.description IS NULL OR catalogue_prices.description = wanted.description)
        AND EXISTS (SELECT FROM directory_people AS people
                    WHERE people.id = catalogue_prices.supplier_id AND people.active
                        AND people.roles && {quoting_roles})
    ORDER BY valid_until DESC LIMIT 100
) AS prices

-- name: list_spend
-- plan: custom
SELECT CASE WHEN :by = 'supplier' THEN bought.supplier_id END AS supplier_id,
       CASE WHEN :by = 'unit' THEN bought.unit_id END AS unit_id,
       CASE WHEN :by = 'category' THEN bought.category END AS category,
       CASE WHEN :by = 'kind' THEN bought.kind END AS kind,
       CASE WHEN :by = 'month' THEN to_char(bought.bought_at AT TIME ZONE 'Europe/Rome', 'YYYY-MM') END AS month,
       count(DISTINCT bought.brief_id) AS briefs, count(*) AS items,
       sum(round(bought.quantity * bought.unit_price, 2)) AS amount,
       sum(round(bought.quantity * bought.first_unit_price, 2)) AS first_quotes,
       sum(round(bought.quantity * bought.unit_price, 2)) FILTER (WHERE bought.first_unit_price IS NOT NULL)
           AS amount_quoted,
       sum(bought.budget_part) AS budget
FROM ({bought}) AS bought
WHERE bought.bought_at >= :since AND bought.bought_at < :until
GROUP BY 1, 2, 3, 4, 5
ORDER BY month NULLS LAST, amount DESC, supplier_id, unit_id, category, kind LIMIT :limit

-- name: list_purchases
SELECT bought.number, bought.bought_at, bought.kind, bought.description, bought.unit, bought.quantity,
       bought.unit_price, bought.supplier_id, bought.unit_id, bought.category, bought.first_unit_price,
       bought.budget_part
FROM ({bought}) AS bought
WHERE bought.bought_at >= :since AND bought.bought_at < :until
ORDER BY bought.bought_at, bought.brief_id LIMIT :limit
