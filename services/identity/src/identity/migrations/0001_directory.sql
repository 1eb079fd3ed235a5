-- Tenants are looked up by slug before anybody has a tenant, so every connection may read their names and
-- legal identities, which are public facts. Only the tenant's own transactions may write its row.
CREATE TABLE tenants (
    id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    legal jsonb NOT NULL,
    language text NOT NULL,
    time_zone text NOT NULL,
    version integer NOT NULL,
    registered_at timestamptz NOT NULL
);
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY known_to_all ON tenants FOR SELECT USING (true);
CREATE POLICY written_by_itself ON tenants FOR INSERT WITH CHECK (id = optima_tenant());
CREATE POLICY revised_by_itself ON tenants FOR UPDATE USING (id = optima_tenant()) WITH CHECK (id = optima_tenant());
DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON tenants TO %I', optima_role('rw'));
    EXECUTE format('GRANT SELECT ON tenants TO %I', optima_role('ro'));
END $$;

-- A built-in role's privileges are kept as they were last told to other services; what counts is the
-- product's own table.
CREATE TABLE roles (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant() REFERENCES tenants,
    key text NOT NULL,
    name text NOT NULL,
    privileges text[] NOT NULL,
    built_in boolean NOT NULL,
    version integer NOT NULL,
    UNIQUE (tenant_id, key)
);
SELECT optima_protect('roles');

CREATE TABLE units (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant() REFERENCES tenants,
    key text NOT NULL,
    name text NOT NULL,
    parent_id uuid REFERENCES units,
    manager_id uuid,
    version integer NOT NULL,
    UNIQUE (tenant_id, key)
);
SELECT optima_protect('units');

-- `email` is stored case-folded.
CREATE TABLE people (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant() REFERENCES tenants,
    name text NOT NULL,
    email text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('internal', 'external')),
    company text CHECK ((company IS NOT NULL) = (kind = 'external')),
    roles text[] NOT NULL,
    unit_id uuid REFERENCES units,
    manager_id uuid REFERENCES people,
    language text NOT NULL,
    joined_at timestamptz,
    suspended boolean NOT NULL,
    absent_until timestamptz,
    version integer NOT NULL,
    UNIQUE (tenant_id, email)
);
SELECT optima_protect('people');
CREATE INDEX people_by_name ON people (tenant_id, name, id);
CREATE INDEX people_admins ON people (tenant_id) WHERE 'admin' = ANY (roles);
ALTER TABLE units ADD FOREIGN KEY (manager_id) REFERENCES people;

CREATE TABLE credentials (
    person_id uuid PRIMARY KEY REFERENCES people,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    password_hash text NOT NULL,
    changed_at timestamptz NOT NULL,
    failed_attempts integer NOT NULL DEFAULT 0,
    locked_until timestamptz
) WITH (fillfactor = 80);
SELECT optima_protect('credentials');

-- Invitations and password resets; the secret itself is kept nowhere.
CREATE TABLE links (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    person_id uuid NOT NULL REFERENCES people,
    purpose text NOT NULL CHECK (purpose IN ('invitation', 'password_reset')),
    secret_hash bytea NOT NULL UNIQUE,
    expires_at timestamptz NOT NULL,
    used boolean NOT NULL DEFAULT false
);
SELECT optima_protect('links');
CREATE INDEX links_of_person ON links (person_id, purpose) WHERE NOT used;

CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    person_id uuid NOT NULL REFERENCES people,
    device text NOT NULL,
    began_at timestamptz NOT NULL,
    refreshed_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    revoked_at timestamptz
) WITH (fillfactor = 80);
SELECT optima_protect('sessions');
CREATE INDEX sessions_open ON sessions (person_id) WHERE revoked_at IS NULL;

-- Used ones stay until they would have expired: coming again, they betray a theft.
CREATE TABLE refresh_tokens (
    secret_hash bytea PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
) WITH (fillfactor = 80);
SELECT optima_protect('refresh_tokens');
CREATE INDEX refresh_tokens_of_session ON refresh_tokens (session_id);

CREATE TABLE service_accounts (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant() REFERENCES tenants,
    name text NOT NULL,
    scopes text[] NOT NULL,
    secret_hash bytea NOT NULL,
    active boolean NOT NULL,
    version integer NOT NULL,
    UNIQUE (tenant_id, name)
);
SELECT optima_protect('service_accounts');

-- The issuer's keys belong to no customer: they lie in the platform's own tenant, whose id is zero.
CREATE TABLE signing_keys (
    kid text PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    algorithm text NOT NULL,
    public jsonb NOT NULL,
    sealed bytea NOT NULL,
    signs_from timestamptz NOT NULL
);
SELECT optima_protect('signing_keys');
