-- name: find_tenant_by_slug
-- Runs outside any tenant: who signs in has only the name of theirs.
SELECT id, slug, legal, language, time_zone, version FROM tenants WHERE slug = $1;

-- name: get_tenant
SELECT id, slug, legal, language, time_zone, version FROM tenants WHERE id = optima_tenant();

-- name: lock_tenant
-- The lock under which a tenant's directory changes, one change at a time.
SELECT id, slug, legal, language, time_zone, version FROM tenants WHERE id = optima_tenant() FOR UPDATE;

-- name: add_tenant
INSERT INTO tenants (id, slug, legal, language, time_zone, version, registered_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (slug) DO NOTHING RETURNING id;

-- name: save_tenant
UPDATE tenants SET legal = $2, language = $3, time_zone = $4, version = $5 WHERE id = $1;

-- name: find_roles
SELECT id, key, name, privileges, built_in, version FROM roles WHERE key = ANY ($1::text[]) ORDER BY key;

-- name: list_roles
SELECT id, key, name, privileges, built_in, version FROM roles
WHERE key > $1 ORDER BY key LIMIT $2;

-- name: add_role
INSERT INTO roles (id, key, name, privileges, built_in, version) VALUES ($1, $2, $3, $4, $5, $6);

-- name: save_role
UPDATE roles SET name = $2, privileges = $3, version = $4 WHERE id = $1;

-- name: find_unit
SELECT id, key, name, parent_id, manager_id, version FROM units WHERE key = $1;

-- name: list_units
SELECT id, key, name, parent_id, manager_id, version FROM units WHERE key > $1 ORDER BY key LIMIT $2;

-- name: climb_units
-- CYCLE stops the climb even if a loop got in by hand.
WITH RECURSIVE above AS (
    SELECT id, parent_id FROM units WHERE id = $1
    UNION ALL
    SELECT units.id, units.parent_id FROM units JOIN above ON units.id = above.parent_id
) CYCLE id SET looped USING path
SELECT id FROM above WHERE NOT looped;

-- name: list_units_led_by
SELECT id, key, name, parent_id, manager_id, version FROM units WHERE manager_id = $1 ORDER BY key;

-- name: add_unit
INSERT INTO units (id, key, name, parent_id, manager_id, version) VALUES ($1, $2, $3, $4, $5, $6);

-- name: save_unit
UPDATE units SET name = $2, parent_id = $3, manager_id = $4, version = $5 WHERE id = $1;

-- name: get_person
SELECT id, name, email, kind, company, roles, unit_id, manager_id, language, joined_at, suspended,
       absent_until, version
FROM people WHERE id = $1;

-- name: find_person_by_email
SELECT id, name, email, kind, company, roles, unit_id, manager_id, language, joined_at, suspended,
       absent_until, version
FROM people WHERE email = $1;

-- name: list_people
-- Walks the index people_by_name; a search text filters along the way.
SELECT id, name, email, kind, company, roles, unit_id, manager_id, language, joined_at, suspended,
       absent_until, version
FROM people
WHERE (name, id) > ($1, $2) AND ($3::text IS NULL OR strpos(lower(name || ' ' || email), lower($3)) > 0)
ORDER BY name, id LIMIT $4;

-- name: list_reports
SELECT id, name, email, kind, company, roles, unit_id, manager_id, language, joined_at, suspended,
       absent_until, version
FROM people WHERE manager_id = $1 ORDER BY name, id;

-- name: climb_managers
WITH RECURSIVE above AS (
    SELECT id, manager_id FROM people WHERE id = $1
    UNION ALL
    SELECT people.id, people.manager_id FROM people JOIN above ON people.id = above.manager_id
) CYCLE id SET looped USING path
SELECT id FROM above WHERE NOT looped;

-- name: count_other_active_admins
SELECT count(*) FROM people
WHERE 'admin' = ANY (roles) AND joined_at IS NOT NULL AND NOT suspended AND id <> $1;

-- name: is_role_held_by_external
SELECT EXISTS (SELECT FROM people WHERE kind = 'external' AND $1 = ANY (roles));

-- name: add_person
INSERT INTO people (id, name, email, kind, company, roles, unit_id, manager_id, language, joined_at,
                    suspended, absent_until, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);

-- name: save_person
UPDATE people
SET name = $2, email = $3, kind = $4, company = $5, roles = $6, unit_id = $7, manager_id = $8,
    language = $9, joined_at = $10, suspended = $11, absent_until = $12, version = $13
WHERE id = $1;

-- name: find_credentials_by_email
SELECT person_id, password_hash, failed_attempts, locked_until
FROM credentials JOIN people ON people.id = person_id WHERE email = $1;

-- name: lock_credentials
-- Guesses at one account that run at the same time are counted one after the other.
SELECT person_id, password_hash, failed_attempts, locked_until FROM credentials WHERE person_id = $1 FOR UPDATE;

-- name: set_password
INSERT INTO credentials (person_id, password_hash, changed_at) VALUES ($1, $2, $3)
ON CONFLICT (person_id) DO UPDATE
SET password_hash = excluded.password_hash, changed_at = excluded.changed_at, failed_attempts = 0,
    locked_until = NULL;

-- name: save_attempts
UPDATE credentials SET failed_attempts = $2, locked_until = $3 WHERE person_id = $1;

-- name: drop_unused_links
-- The newest link is the only one that works.
DELETE FROM links WHERE person_id = $1 AND purpose = $2 AND NOT used;

-- name: add_link
INSERT INTO links (id, person_id, purpose, secret_hash, expires_at) VALUES ($1, $2, $3, $4, $5);

-- name: lock_link
-- Of two who present the same link, the second waits here and then finds it used.
SELECT id, person_id, purpose, secret_hash, expires_at, used FROM links WHERE secret_hash = $1 FOR UPDATE;

-- name: find_newest_link
-- Used ones count too: the limit is on sending.
SELECT id, person_id, purpose, secret_hash, expires_at, used FROM links
WHERE person_id = $1 AND purpose = $2 ORDER BY expires_at DESC LIMIT 1;

-- name: use_link
UPDATE links SET used = true WHERE id = $1;

-- name: drop_expired_links
DELETE FROM links WHERE expires_at < $1;

-- name: add_session
INSERT INTO sessions (id, person_id, device, began_at, refreshed_at, ends_at) VALUES ($1, $2, $3, $4, $5, $6);

-- name: add_refresh_token
INSERT INTO refresh_tokens (secret_hash, session_id, expires_at) VALUES ($1, $2, $3);

-- name: lock_refresh_token
-- The session is locked with its token, so that a refresh and a revocation can't cross.
SELECT session.id, session.person_id, session.device, session.began_at, session.refreshed_at,
       session.ends_at, session.revoked_at, token.secret_hash, token.expires_at, token.used_at
FROM refresh_tokens AS token JOIN sessions AS session ON session.id = token.session_id
WHERE token.secret_hash = $1
FOR UPDATE;

-- name: use_refresh_token
UPDATE refresh_tokens SET used_at = $2 WHERE secret_hash = $1;

-- name: touch_session
UPDATE sessions SET refreshed_at = $2 WHERE id = $1;

-- name: list_open_sessions
SELECT id, person_id, device, began_at, refreshed_at, ends_at, revoked_at FROM sessions
WHERE person_id = $1 AND revoked_at IS NULL AND ends_at > $2 ORDER BY id DESC LIMIT 200;

-- name: revoke_session
UPDATE sessions SET revoked_at = $3
WHERE id = $2 AND person_id = $1 AND revoked_at IS NULL AND ends_at > $3 RETURNING id;

-- name: revoke_sessions
UPDATE sessions SET revoked_at = $2 WHERE person_id = $1 AND revoked_at IS NULL;

-- name: drop_ended_sessions
-- Their refresh tokens go with them.
DELETE FROM sessions WHERE coalesce(revoked_at, ends_at) < $1;

-- name: lock_second_factor
-- A code that is presented twice at once is used up by the first.
SELECT person_id, sealed_secret, confirmed, last_step, recovery_hashes FROM second_factors
WHERE person_id = $1 FOR UPDATE;

-- name: save_second_factor
INSERT INTO second_factors (person_id, sealed_secret, confirmed, last_step, recovery_hashes)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (person_id) DO UPDATE
SET sealed_secret = excluded.sealed_secret, confirmed = excluded.confirmed, last_step = excluded.last_step,
    recovery_hashes = excluded.recovery_hashes;

-- name: remove_second_factor
DELETE FROM second_factors WHERE person_id = $1 RETURNING person_id;

-- name: get_account
SELECT id, name, scopes, secret_hash, active, version FROM service_accounts WHERE id = $1;

-- name: find_account
SELECT id, name, scopes, secret_hash, active, version FROM service_accounts WHERE name = $1;

-- name: list_accounts
SELECT id, name, scopes, secret_hash, active, version FROM service_accounts
WHERE name > $1 ORDER BY name LIMIT $2;

-- name: add_account
INSERT INTO service_accounts (id, name, scopes, secret_hash, active, version) VALUES ($1, $2, $3, $4, $5, $6);

-- name: save_account
UPDATE service_accounts SET scopes = $2, secret_hash = $3, active = $4, version = $5 WHERE id = $1;

-- name: lock_signing_keys
-- One replica makes a key while the others wait, and then find it made.
SELECT pg_advisory_xact_lock(hashtextextended('identity.signing_keys', 0));

-- name: list_signing_keys
SELECT kid, algorithm, public, sealed, signs_from FROM signing_keys ORDER BY signs_from, kid;

-- name: add_signing_key
INSERT INTO signing_keys (kid, algorithm, public, sealed, signs_from) VALUES ($1, $2, $3, $4, $5);

-- name: remove_signing_key
DELETE FROM signing_keys WHERE kid = $1;

-- name: get_provider
SELECT issuer, client_id, sealed_secret, version FROM sign_in_providers;

-- name: save_provider
INSERT INTO sign_in_providers (issuer, client_id, sealed_secret, version) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant_id) DO UPDATE
SET issuer = excluded.issuer, client_id = excluded.client_id, sealed_secret = excluded.sealed_secret,
    version = excluded.version;

-- name: remove_provider
DELETE FROM sign_in_providers RETURNING version;

-- name: add_attempt
INSERT INTO sign_in_attempts (state_hash, issuer, redirect_uri, nonce, sealed_verifier, expires_at)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: take_attempt
-- Of two returns with one state, one gets the row.
DELETE FROM sign_in_attempts WHERE state_hash = $1
RETURNING state_hash, issuer, redirect_uri, nonce, sealed_verifier, expires_at;

-- name: drop_expired_attempts
DELETE FROM sign_in_attempts WHERE expires_at < $1;

-- name: find_person_of_subject
SELECT person_id FROM provider_subjects WHERE issuer = $1 AND subject = $2;

-- name: is_person_linked
SELECT EXISTS (SELECT FROM provider_subjects WHERE issuer = $1 AND person_id = $2);

-- name: link_subject
INSERT INTO provider_subjects (issuer, subject, person_id) VALUES ($1, $2, $3);
