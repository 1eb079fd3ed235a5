-- name: insert_session
INSERT INTO sessions (token_hash, person_id, language, tokens, factor_needed, renew_at, begun_at, ends_at)
VALUES (:token_hash, :person_id, :language, :tokens, :factor_needed, :renew_at, :begun_at, :ends_at)

-- name: find_session
SELECT token_hash, person_id, language, tokens, factor_needed, ends_at FROM sessions
WHERE token_hash = :token_hash AND ends_at > :now

-- name: claim_renewal
-- Whoever gets the row renews; everybody else goes on with the token that still works.
UPDATE sessions SET renewing_until = :until
WHERE token_hash = :token_hash AND renew_at <= :now AND (renewing_until IS NULL OR renewing_until < :now)

-- name: update_renewal
-- The tokens are due for renewal from this moment on.
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
