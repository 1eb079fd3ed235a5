-- name: find_tenant_by_slug
-- Runs outside any tenant, because people who sign in know only their tenant's name.
SELECT id, slug, legal, language, time_zone, version FROM tenants WHERE slug = :slug

-- name: list_tenants
-- Runs outside any tenant, for the operator who publishes the directories of all tenants again.
SELECT id, slug, legal, language, time_zone, version FROM tenants ORDER BY slug

-- name: find_tenant
SELECT id, slug, legal, language, time_zone, version FROM tenants WHERE id = optima_tenant()

-- name: lock_tenant
-- Takes the lock under which a tenant's directory changes, one change at a time.
SELECT id, slug, legal, language, time_zone, version FROM tenants WHERE id = optima_tenant() FOR UPDATE

-- name: insert_tenant
INSERT INTO tenants (id, slug, legal, language, time_zone, version, registered_at)
VALUES (:id, :slug, :legal, :language, :time_zone, :version, :registered_at)
ON CONFLICT (slug) DO NOTHING

-- name: update_tenant
UPDATE tenants SET legal = :legal, language = :language, time_zone = :time_zone, version = :version
WHERE id = :id

-- name: list_roles_by_keys
SELECT id, key, name, privileges, built_in, version, second_factor FROM roles WHERE key = ANY (:keys::text[]) ORDER BY key

-- name: list_roles
SELECT id, key, name, privileges, built_in, version, second_factor FROM roles
WHERE key > :after ORDER BY key LIMIT :limit

-- name: insert_role
INSERT INTO roles (id, key, name, privileges, built_in, version, second_factor)
VALUES (:id, :key, :name, :privileges, :built_in, :version, :second_factor)

-- name: update_role
UPDATE roles SET name = :name, privileges = :privileges, version = :version, second_factor = :second_factor
WHERE id = :id

-- name: find_unit_by_key
SELECT id, key, name, parent_id, manager_id, version FROM units WHERE key = :key

-- name: list_units
SELECT id, key, name, parent_id, manager_id, version FROM units WHERE key > :after ORDER BY key LIMIT :limit

-- name: list_units_from
-- CYCLE ends the recursion even if somebody created a cycle by hand.
WITH RECURSIVE above AS (
    SELECT id, parent_id FROM units WHERE id = :unit_id
    UNION ALL
    SELECT units.id, units.parent_id FROM units JOIN above ON units.id = above.parent_id
) CYCLE id SET looped USING path
SELECT id FROM above WHERE NOT looped

-- name: list_units_led_by
SELECT id, key, name, parent_id, manager_id, version FROM units WHERE manager_id = :manager_id ORDER BY key

-- name: insert_unit
INSERT INTO units (id, key, name, parent_id, manager_id, version)
VALUES (:id, :key, :name, :parent_id, :manager_id, :version)

-- name: update_unit
UPDATE units SET name = :name, parent_id = :parent_id, manager_id = :manager_id, version = :version
WHERE id = :id

-- name: list_names
SELECT id, name FROM people WHERE id = ANY (:ids) UNION ALL SELECT id, name FROM units WHERE id = ANY (:ids)

-- name: find_person
SELECT id, name, email, kind, company, roles, unit_id, manager_id, language, joined_at, suspended,
       absent_until, version, access_version
FROM people WHERE id = :id

-- name: lock_person
SELECT id, name, email, kind, company, roles, unit_id, manager_id, language, joined_at, suspended,
       absent_until, version, access_version
FROM people WHERE id = :id FOR SHARE

-- name: find_person_by_email
SELECT id, name, email, kind, company, roles, unit_id, manager_id, language, joined_at, suspended,
       absent_until, version, access_version
FROM people WHERE email = :email

-- name: list_people
-- Walks the index people_by_name.
SELECT id, name, email, kind, company, roles, unit_id, manager_id, language, joined_at, suspended,
       absent_until, version, access_version
FROM people
WHERE (name, id) > (:after_name, :after_id)
ORDER BY name, id LIMIT :limit

-- name: list_people_by_text
-- plan: custom
-- Reads the keys that begin with the sought one in their order; OFFSET 0 keeps the planner from another join
-- order. A person is listed at the first of their matching keys, if each word of the text begins one of their
-- words. With two words the key itself already shows this. chr(1114111) sorts after every other character.
SELECT person.id, person.name, person.email, person.kind, person.company, person.roles, person.unit_id,
       person.manager_id, person.language, person.joined_at, person.suspended, person.absent_until,
       person.version, person.access_version, found.key
FROM people_search_keys AS found
CROSS JOIN LATERAL (
    SELECT id, name, email, kind, company, roles, unit_id, manager_id, language, joined_at, suspended,
           absent_until, version, access_version
    FROM people
    WHERE id = found.person_id
      AND found.key = (SELECT min(key) FROM people_search_keys
                       WHERE person_id = found.person_id AND key >= search_key(:text))
      AND (strpos(:text, '@') > 0 OR cardinality(search_words(:text)) <= 2 OR NOT EXISTS (
          SELECT FROM unnest(search_words(:text)) AS word
          WHERE NOT EXISTS (SELECT FROM people_search_keys
                            WHERE person_id = found.person_id AND key >= word AND key < word || chr(1114111))
      ))
    OFFSET 0
) AS person
WHERE search_key(:text) <> ''
  AND (found.key, found.person_id) > (coalesce(:after_key, search_key(:text)), :after_id)
  AND found.key < search_key(:text) || chr(1114111)
ORDER BY found.key, found.person_id LIMIT :limit

-- name: list_reports
SELECT id, name, email, kind, company, roles, unit_id, manager_id, language, joined_at, suspended,
       absent_until, version, access_version
FROM people WHERE manager_id = :manager_id ORDER BY name, id

-- name: list_managers_from
WITH RECURSIVE above AS (
    SELECT id, manager_id FROM people WHERE id = :person_id
    UNION ALL
    SELECT people.id, people.manager_id FROM people JOIN above ON people.id = above.manager_id
) CYCLE id SET looped USING path
SELECT id FROM above WHERE NOT looped

-- name: count_other_active_admins
SELECT count(*) FROM people
WHERE 'admin' = ANY (roles) AND joined_at IS NOT NULL AND NOT suspended AND id <> :person_id

-- name: is_role_held_by_external
-- plan: custom
-- A plan for any role would read all holders if most of them hold the same role.
SELECT EXISTS (SELECT FROM external_role_holders WHERE role = :role)

-- name: insert_person
INSERT INTO people (id, name, email, kind, company, roles, unit_id, manager_id, language, joined_at,
                    suspended, absent_until, version, access_version)
VALUES (:id, :name, :email, :kind, :company, :roles, :unit_id,
        :manager_id, :language, :joined_at, :suspended, :absent_until, :version, :access_version)

-- name: update_person
UPDATE people
SET name = :name, email = :email, kind = :kind, company = :company, roles = :roles,
    unit_id = :unit_id, manager_id = :manager_id, language = :language, joined_at = :joined_at,
    suspended = :suspended, absent_until = :absent_until, version = :version,
    access_version = :access_version
WHERE id = :id

-- name: find_credentials_by_email
SELECT person_id, password_hash FROM credentials JOIN people ON people.id = person_id WHERE email = :email

-- name: lock_credentials
SELECT person_id, password_hash FROM credentials WHERE person_id = :person_id FOR UPDATE

-- name: set_password
INSERT INTO credentials (person_id, password_hash, changed_at)
VALUES (:person_id, :password_hash, :changed_at)
ON CONFLICT (person_id) DO UPDATE
SET password_hash = excluded.password_hash, changed_at = excluded.changed_at, failed_attempts = 0,
    locked_until = NULL

-- name: lock_failures
-- Simultaneous attempts wait here for each other. They lock in the same order, so that they cannot deadlock.
INSERT INTO sign_in_failures AS known (account, source, failed, last_at)
SELECT account, source, 0, :now
FROM unnest(:accounts::bytea[], :sources::bytea[]) AS asked (account, source) ORDER BY account, source
ON CONFLICT (tenant_id, account, source) DO UPDATE SET failed = known.failed
RETURNING account, source, failed, last_at

-- name: update_failures
UPDATE sign_in_failures SET failed = :failed, last_at = :last_at WHERE account = :account AND source = :source

-- name: delete_failures
DELETE FROM sign_in_failures WHERE account = :account AND source = :source

-- name: delete_failures_of_account
DELETE FROM sign_in_failures WHERE account = :account

-- name: delete_old_failures
-- plan: custom
DELETE FROM sign_in_failures WHERE last_at < :before

-- name: delete_unused_links
-- Deletes earlier links, so that only the newest one works.
DELETE FROM links WHERE person_id = :person_id AND purpose = :purpose AND NOT used

-- name: insert_link
INSERT INTO links (id, person_id, purpose, secret_hash, expires_at)
VALUES (:id, :person_id, :purpose, :secret_hash, :expires_at)

-- name: lock_link
-- If two requests present the same link, the second one waits here and then finds it used.
SELECT id, person_id, purpose, secret_hash, expires_at, used FROM links
WHERE secret_hash = :secret_hash FOR UPDATE

-- name: find_newest_link
-- Used links count too, because the limit is on sending.
SELECT id, person_id, purpose, secret_hash, expires_at, used FROM links
WHERE person_id = :person_id AND purpose = :purpose ORDER BY expires_at DESC LIMIT 1

-- name: use_link
UPDATE links SET used = true WHERE id = :id

-- name: delete_expired_links
-- plan: custom
DELETE FROM links WHERE expires_at < :before

-- name: insert_session
-- Inserts the session and its first refresh token.
WITH session AS (
    INSERT INTO sessions (id, person_id, device, began_at, refreshed_at, ends_at, factor_shown)
    VALUES (:id, :person_id, :device, :began_at, :refreshed_at, :ends_at, :factor_shown)
)
INSERT INTO refresh_tokens (secret_hash, session_id, expires_at) VALUES (:secret_hash, :id, :expires_at)

-- name: find_session
SELECT id, person_id, device, began_at, refreshed_at, ends_at, revoked_at, proven_at, factor_shown
FROM sessions
WHERE id = :id

-- name: update_session_proven
UPDATE sessions SET proven_at = :now, factor_shown = factor_shown OR :factor_shown WHERE id = :id

-- name: lock_refresh_token
-- Locks the session together with its token, so that a refresh and a revocation cannot interleave.
SELECT session.id, session.person_id, session.device, session.began_at, session.refreshed_at,
       session.ends_at, session.revoked_at, session.proven_at, session.factor_shown, token.secret_hash, token.expires_at, token.used_at
FROM refresh_tokens AS token JOIN sessions AS session ON session.id = token.session_id
WHERE token.secret_hash = :secret_hash
FOR UPDATE

-- name: update_session_refreshed
-- Marks the presented token as used and inserts the next one.
WITH session AS (
    UPDATE sessions SET refreshed_at = :now WHERE id = :id
), presented AS (
    UPDATE refresh_tokens SET used_at = :now WHERE secret_hash = :presented_hash
)
INSERT INTO refresh_tokens (secret_hash, session_id, expires_at) VALUES (:secret_hash, :id, :expires_at)

-- name: list_open_sessions
SELECT id, person_id, device, began_at, refreshed_at, ends_at, revoked_at, proven_at, factor_shown
FROM sessions
WHERE person_id = :person_id AND id < :before AND revoked_at IS NULL AND ends_at > :now
ORDER BY id DESC LIMIT :limit

-- name: revoke_session
UPDATE sessions SET revoked_at = :now
WHERE id = :id AND person_id = :person_id AND revoked_at IS NULL AND ends_at > :now

-- name: revoke_sessions
UPDATE sessions SET revoked_at = :now
WHERE person_id = :person_id AND revoked_at IS NULL AND ends_at > :now AND id IS DISTINCT FROM :but
RETURNING id

-- name: delete_ended_sessions
-- plan: custom
-- Deletes their refresh tokens too, by a foreign key. Each half of the condition has its own index.
DELETE FROM sessions WHERE revoked_at < :before OR ends_at < :before

-- name: delete_sessions_of_person
-- Deletes their refresh tokens too, by a foreign key.
DELETE FROM sessions WHERE person_id = :person_id

-- name: delete_credentials_of_person
DELETE FROM credentials WHERE person_id = :person_id

-- name: delete_links_of_person
DELETE FROM links WHERE person_id = :person_id

-- name: delete_second_factor_of_person
DELETE FROM second_factors WHERE person_id = :person_id

-- name: delete_subjects_of_person
DELETE FROM provider_subjects WHERE person_id = :person_id

-- name: find_second_factor
SELECT person_id, sealed_secret, confirmed, last_step, recovery_hashes FROM second_factors
WHERE person_id = :person_id

-- name: lock_second_factor
-- If one code is presented twice at the same time, the lock lets only the first use it up.
SELECT person_id, sealed_secret, confirmed, last_step, recovery_hashes FROM second_factors
WHERE person_id = :person_id FOR UPDATE

-- name: save_second_factor
INSERT INTO second_factors (person_id, sealed_secret, confirmed, last_step, recovery_hashes)
VALUES (:person_id, :sealed_secret, :confirmed, :last_step, :recovery_hashes)
ON CONFLICT (person_id) DO UPDATE
SET sealed_secret = excluded.sealed_secret, confirmed = excluded.confirmed, last_step = excluded.last_step,
    recovery_hashes = excluded.recovery_hashes

-- name: delete_second_factor
DELETE FROM second_factors WHERE person_id = :person_id

-- name: find_account
SELECT id, name, scopes, secret_hash, active, version FROM service_accounts WHERE id = :id

-- name: find_account_by_name
SELECT id, name, scopes, secret_hash, active, version FROM service_accounts WHERE name = :name

-- name: list_accounts
SELECT id, name, scopes, secret_hash, active, version FROM service_accounts
WHERE name > :after ORDER BY name LIMIT :limit

-- name: insert_account
INSERT INTO service_accounts (id, name, scopes, secret_hash, active, version)
VALUES (:id, :name, :scopes, :secret_hash, :active, :version)

-- name: update_account
UPDATE service_accounts SET scopes = :scopes, secret_hash = :secret_hash, active = :active, version = :version
WHERE id = :id

-- name: lock_signing_keys
-- One replica makes a key while the others wait and then find it made.
SELECT pg_advisory_xact_lock(hashtextextended('identity.signing_keys', 0))

-- name: list_signing_keys
SELECT kid, algorithm, public, sealed, signs_from FROM signing_keys ORDER BY signs_from, kid

-- name: insert_signing_key
INSERT INTO signing_keys (kid, algorithm, public, sealed, signs_from)
VALUES (:kid, :algorithm, :public, :sealed, :signs_from)

-- name: delete_signing_key
DELETE FROM signing_keys WHERE kid = :kid

-- name: find_provider
SELECT issuer, client_id, sealed_secret, version FROM sign_in_providers

-- name: save_provider
INSERT INTO sign_in_providers (issuer, client_id, sealed_secret, version)
VALUES (:issuer, :client_id, :sealed_secret, :version)
ON CONFLICT (tenant_id) DO UPDATE
SET issuer = excluded.issuer, client_id = excluded.client_id, sealed_secret = excluded.sealed_secret,
    version = excluded.version

-- name: delete_provider
DELETE FROM sign_in_providers

-- name: insert_attempt
INSERT INTO sign_in_attempts (state_hash, issuer, redirect_uri, nonce, sealed_verifier, browser_hash, expires_at)
VALUES (:state_hash, :issuer, :redirect_uri, :nonce, :sealed_verifier, :browser_hash, :expires_at)

-- name: take_attempt
-- If two browsers return with one state, only one gets the row.
DELETE FROM sign_in_attempts WHERE state_hash = :state_hash
RETURNING state_hash, issuer, redirect_uri, nonce, sealed_verifier, browser_hash, expires_at

-- name: delete_expired_attempts
-- plan: custom
DELETE FROM sign_in_attempts WHERE expires_at < :before

-- name: find_person_of_subject
SELECT person_id FROM provider_subjects WHERE issuer = :issuer AND subject = :subject

-- name: is_person_linked
SELECT EXISTS (SELECT FROM provider_subjects WHERE issuer = :issuer AND person_id = :person_id)

-- name: insert_subject
INSERT INTO provider_subjects (issuer, subject, person_id) VALUES (:issuer, :subject, :person_id)

-- Sealing again with a new key

-- name: list_owners_of_second_factors
SELECT DISTINCT tenant_id FROM second_factors

-- name: list_sealed_second_factors
SELECT person_id AS id, person_id::text AS about, sealed_secret AS sealed FROM second_factors
WHERE person_id > :after ORDER BY person_id LIMIT :limit

-- name: update_sealed_second_factor
UPDATE second_factors SET sealed_secret = :sealed WHERE person_id = :id AND sealed_secret = :former

-- name: list_owners_of_sign_in_providers
SELECT DISTINCT tenant_id FROM sign_in_providers

-- name: list_sealed_sign_in_providers
SELECT tenant_id AS id, 'provider ' || tenant_id AS about, sealed_secret AS sealed FROM sign_in_providers
WHERE sealed_secret IS NOT NULL AND tenant_id > :after ORDER BY tenant_id LIMIT :limit

-- name: update_sealed_sign_in_provider
UPDATE sign_in_providers SET sealed_secret = :sealed WHERE tenant_id = :id AND sealed_secret = :former
