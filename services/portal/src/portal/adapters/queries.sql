-- name: insert_session
INSERT INTO sessions (token_hash, person_id, language, tokens, factor_needed, renew_at, begun_at, ends_at)
VALUES (:token_hash, :person_id, :language, :tokens, :factor_needed, :renew_at, :begun_at, :ends_at)

-- name: find_session
SELECT token_hash, person_id, language, tokens, factor_needed, ends_at, (
    SELECT count(*) FROM (
        SELECT notices.id FROM notices
        WHERE notices.person_id = sessions.person_id AND notices.read_at IS NULL LIMIT 100
    ) AS few
) AS unread
FROM sessions
WHERE token_hash = :token_hash AND ends_at > :now

-- name: claim_renewal
-- The process that gets the row renews the tokens; all others continue with the token that is still valid.
UPDATE sessions SET renewing_until = :until
WHERE token_hash = :token_hash AND renew_at <= :now AND (renewing_until IS NULL OR renewing_until < :now)

-- name: update_renewal
-- Makes the tokens due for renewal from this moment on.
UPDATE sessions SET renew_at = :now WHERE token_hash = :token_hash

-- name: update_tokens
UPDATE sessions
SET tokens = :tokens, factor_needed = :factor_needed, renew_at = :renew_at, renewing_until = NULL
WHERE token_hash = :token_hash

-- name: update_language
UPDATE sessions SET language = :language WHERE token_hash = :token_hash

-- name: delete_session
DELETE FROM sessions WHERE token_hash = :token_hash

-- name: delete_ended_sessions
DELETE FROM sessions WHERE ends_at <= :now

-- name: notify_change
SELECT pg_notify(:channel, :change)

-- name: list_preferences
SELECT person_id, ways, digest_at, quiet_from, quiet_until FROM notice_preferences
WHERE person_id = ANY (:people)

-- name: save_preferences
INSERT INTO notice_preferences (person_id, ways, digest_at, quiet_from, quiet_until)
VALUES (:person_id, :ways, :digest_at, :quiet_from, :quiet_until)
ON CONFLICT (tenant_id, person_id) DO UPDATE SET
    ways = excluded.ways, digest_at = excluded.digest_at, quiet_from = excluded.quiet_from,
    quiet_until = excluded.quiet_until

-- name: insert_notice
INSERT INTO notices (id, person_id, kind, what, title, detail, address, happened_at, way)
VALUES (:id, :person_id, :kind, :what, :title, :detail, :address, :happened_at, :way)

-- name: list_notices
SELECT id, person_id, kind, what, title, detail, address, happened_at, read_at FROM notices
WHERE person_id = :person_id AND (:before::uuid IS NULL OR id < :before)
ORDER BY id DESC
LIMIT :limit

-- name: list_unmailed
SELECT id, person_id, kind, what, title, detail, address, happened_at, read_at FROM notices
WHERE person_id = :person_id AND way = :way AND read_at IS NULL AND mailed_at IS NULL
ORDER BY id

-- name: update_mailed
UPDATE notices SET mailed_at = :now WHERE id = ANY (:ids)

-- name: count_unread
SELECT count(*) FROM (
    SELECT id FROM notices WHERE person_id = :person_id AND read_at IS NULL LIMIT 100
) AS unread

-- name: update_read
UPDATE notices SET read_at = coalesce(read_at, :now) WHERE id = :id AND person_id = :person_id RETURNING address

-- name: update_all_read
UPDATE notices SET read_at = :now WHERE person_id = :person_id AND read_at IS NULL

-- name: update_told_read
-- Marks one person's notices of one kind of event that lead to one page as read.
UPDATE notices SET read_at = :now
WHERE person_id = :person_id AND what = :what AND address = :address AND read_at IS NULL

-- name: delete_old_notices
DELETE FROM notices WHERE happened_at < :before

-- name: delete_notices_of
DELETE FROM notices WHERE person_id = :person_id

-- name: delete_preferences_of
DELETE FROM notice_preferences WHERE person_id = :person_id

-- name: delete_addressee
DELETE FROM addressees WHERE person_id = :person_id

-- name: find_addressee
SELECT person_id, name, email, language FROM addressees WHERE person_id = :person_id AND active

-- name: save_addressee
INSERT INTO addressees (person_id, name, email, language, active)
VALUES (:person_id, :name, :email, :language, :active)
ON CONFLICT (tenant_id, person_id) DO UPDATE SET
    name = excluded.name, email = excluded.email, language = excluded.language, active = excluded.active

-- name: find_brief
SELECT requester_id, title FROM followed_briefs WHERE brief_id = :brief_id

-- name: save_brief
INSERT INTO followed_briefs (brief_id, requester_id, title) VALUES (:brief_id, :requester_id, :title)
ON CONFLICT (tenant_id, brief_id) DO UPDATE SET requester_id = excluded.requester_id, title = excluded.title

-- name: save_visit
-- A look within half an hour of the last one belongs to the same visit, so that reloading a page hides no change.
INSERT INTO visits (person_id, subject_id, seen_at, revision, before_at, before_revision)
VALUES (:person_id, :subject_id, :now, :revision, :now, :revision)
ON CONFLICT (tenant_id, person_id, subject_id) DO UPDATE SET
    seen_at = excluded.seen_at, revision = excluded.revision,
    before_at = CASE WHEN visits.seen_at < :same_since THEN visits.seen_at ELSE visits.before_at END,
    before_revision = CASE WHEN visits.seen_at < :same_since THEN visits.revision ELSE visits.before_revision END
RETURNING before_at, before_revision

-- name: delete_old_visits
DELETE FROM visits WHERE seen_at < :before

-- name: delete_visits_of
DELETE FROM visits WHERE person_id = :person_id
