-- Row-level security confines every statement to the transaction's tenant.

-- name: next_brief_number
-- Draws from the tenant's sequence of the year.
SELECT next_brief_number($1)

-- name: add_brief
-- With its first move, in one round trip: drafting is the commonest command.
WITH moved AS (
    INSERT INTO moves (brief_id, at, to_state, revision, cause, actor_id, on_behalf_of)
    VALUES ($1, $11, $6, $9, $7, $12, $13)
)
INSERT INTO briefs (brief_id, number, requester_id, requester_name, unit_id, state, cause, reason, revision,
                    version, drafted_at, changed_at, draft)
VALUES ($1, $2, $3, $4, $5, $6, $7, NULL, $9, $10, $11, $11, $8)

-- name: hold_brief
-- Apart from reading it: a joined row that was added while this waited would not be seen.
SELECT FROM briefs WHERE brief_id = $1 FOR UPDATE

-- name: hold_briefs_under_way_of
-- In one order for all, so that two departures can't wait for each other.
SELECT brief_id FROM briefs
WHERE requester_id = $1 AND state NOT IN ('rejected', 'delivered', 'closed', 'cancelled')
ORDER BY brief_id FOR UPDATE

-- name: read_brief
-- With the newest frozen revision and its newest prices.
SELECT briefs.*,
       revisions.content, revisions.content_hash, revisions.process, revisions.submitted_at,
       revisions.submitted_by, revisions.proposed_prices,
       pricings.lines, pricings.total, pricings.content_hash AS priced_hash, pricings.priced_at,
       pricings.priced_by
FROM briefs
LEFT JOIN revisions
    ON revisions.brief_id = briefs.brief_id AND revisions.revision = briefs.submitted_revision
LEFT JOIN pricings ON pricings.pricing_id = briefs.pricing_id
WHERE briefs.brief_id = $1

-- name: save_brief
-- With its new moves, if any, in the order in which they were made.
WITH moved AS (
    INSERT INTO moves (brief_id, at, from_state, to_state, revision, cause, reason, actor_id, on_behalf_of)
    SELECT $1, at, from_state, to_state, revision, cause, reason, actor_id, on_behalf_of
    FROM unnest($13::timestamptz[], $14::text[], $15::text[], $16::integer[], $17::text[], $18::text[],
                $19::uuid[], $20::uuid[])
        WITH ORDINALITY
        AS move(at, from_state, to_state, revision, cause, reason, actor_id, on_behalf_of, nth)
    ORDER BY nth
)
UPDATE briefs
SET state = $2, cause = $3, reason = $4, revision = $5, version = $6, draft = $7, submitted_revision = $8,
    pricing_id = $9, approval_id = $10, order_id = $11, changed_at = $12, requester_id = $21,
    requester_name = $22
WHERE brief_id = $1

-- name: freeze_revision
-- Its files stay from now on, also when a later draft drops them.
WITH kept AS (
    UPDATE files SET frozen = true WHERE attachment_id = ANY($9::uuid[]) AND NOT frozen
)
INSERT INTO revisions (brief_id, revision, content, content_hash, process, submitted_at, submitted_by,
                       proposed_prices)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: add_pricing
INSERT INTO pricings (pricing_id, brief_id, revision, lines, total, content_hash, priced_at, priced_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: add_file
INSERT INTO files (attachment_id, brief_id, name, media_type, size, sha256, data)
VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: drop_unfrozen_file
DELETE FROM files WHERE attachment_id = $1 AND NOT frozen

-- name: read_file
-- The brief is asked for too, so that an attachment can't be reached through another brief.
SELECT attachment_id, name, media_type, size, sha256, data, frozen
FROM files WHERE attachment_id = $2 AND brief_id = $1

-- name: add_comment
INSERT INTO comments (comment_id, brief_id, author_id, author_name, text, at) VALUES ($1, $2, $3, $4, $5, $6)

-- name: page_of_comments
SELECT comment_id, author_id, author_name, text, at
FROM comments
WHERE brief_id = $1 AND comment_id > coalesce($2, '00000000-0000-0000-0000-000000000000'::uuid)
ORDER BY comment_id
LIMIT $3

-- name: page_of_moves
SELECT move, at, from_state, to_state, revision, cause, reason, actor_id, on_behalf_of
FROM moves
WHERE brief_id = $1 AND move > $2
ORDER BY move
LIMIT $3

-- name: page_of_revisions
-- Each with its newest prices.
SELECT revisions.*,
       pricing.pricing_id, pricing.lines, pricing.total, pricing.content_hash AS priced_hash,
       pricing.priced_at, pricing.priced_by
FROM revisions
LEFT JOIN LATERAL (
    SELECT * FROM pricings
    WHERE pricings.brief_id = revisions.brief_id AND pricings.revision = revisions.revision
    ORDER BY pricing_id DESC LIMIT 1
) AS pricing ON true
WHERE revisions.brief_id = $1 AND revisions.revision > $2
ORDER BY revisions.revision
LIMIT $3

-- name: page_of_own_briefs
-- A person's own are few: a state is looked for among them.
SELECT briefs.brief_id, number, state, cause, briefs.revision, requester_id, requester_name, drafted_at,
       changed_at, coalesce(draft, content) AS shown
FROM briefs
LEFT JOIN revisions
    ON revisions.brief_id = briefs.brief_id AND revisions.revision = briefs.submitted_revision
WHERE requester_id = $1 AND briefs.brief_id < $2 AND ($5::text IS NULL OR state = $5)
  AND ($4::text IS NULL
       OR strpos(lower(number || ' ' || (coalesce(draft, content) ->> 'title')), lower($4)) > 0)
ORDER BY briefs.brief_id DESC
LIMIT $3

-- name: page_of_briefs
-- Others' as last submitted, also to the search: a draft is its requester's alone.
SELECT briefs.brief_id, number, state, cause, requester_id, requester_name, drafted_at, changed_at,
       CASE WHEN requester_id = $1 THEN briefs.revision ELSE submitted_revision END AS revision,
       CASE WHEN requester_id = $1 THEN coalesce(draft, content) ELSE content END AS shown
FROM briefs
LEFT JOIN revisions
    ON revisions.brief_id = briefs.brief_id AND revisions.revision = briefs.submitted_revision
WHERE (requester_id = $1 OR submitted_revision IS NOT NULL) AND briefs.brief_id < $2
  AND ($4::text IS NULL
       OR strpos(lower(number || ' ' || (CASE WHEN requester_id = $1 THEN coalesce(draft, content)
                                              ELSE content END ->> 'title')), lower($4)) > 0)
ORDER BY briefs.brief_id DESC
LIMIT $3

-- name: page_of_briefs_in_state
-- A statement of its own, so that the index on states serves it whatever the plan cache decides.
SELECT briefs.brief_id, number, state, cause, requester_id, requester_name, drafted_at, changed_at,
       CASE WHEN requester_id = $1 THEN briefs.revision ELSE submitted_revision END AS revision,
       CASE WHEN requester_id = $1 THEN coalesce(draft, content) ELSE content END AS shown
FROM briefs
LEFT JOIN revisions
    ON revisions.brief_id = briefs.brief_id AND revisions.revision = briefs.submitted_revision
WHERE state = $5 AND (requester_id = $1 OR submitted_revision IS NOT NULL) AND briefs.brief_id < $2
  AND ($4::text IS NULL
       OR strpos(lower(number || ' ' || (CASE WHEN requester_id = $1 THEN coalesce(draft, content)
                                              ELSE content END ->> 'title')), lower($4)) > 0)
ORDER BY briefs.brief_id DESC
LIMIT $3

-- name: count_by_state
-- Those under way only: an index holds just them, so that a scrape costs the same however many are over.
SELECT state, count(*) AS briefs FROM briefs
WHERE state NOT IN ('closed', 'rejected', 'cancelled')
GROUP BY state
