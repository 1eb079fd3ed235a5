-- Processes and their versions; approvals, their events and what they wait for; delegations; and this
-- service's own copy of the directory.

-- A process as its admin edits it. Versions are made from it and stay.
CREATE TABLE processes (
    process_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    key text NOT NULL,
    name text NOT NULL,
    subject_type text NOT NULL,
    document jsonb NOT NULL,
    version integer NOT NULL,
    -- The newest published version; none before the first publication.
    published integer,
    retired_at timestamptz,
    changed_at timestamptz NOT NULL,
    changed_by uuid,
    UNIQUE (tenant_id, key)
);
SELECT optima_protect('processes');

-- What running approvals are pinned to: the document and the subject type as they were at publication.
CREATE TABLE process_versions (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    key text NOT NULL,
    number integer NOT NULL,
    document jsonb NOT NULL,
    subject jsonb NOT NULL,
    published_at timestamptz NOT NULL,
    published_by uuid,
    PRIMARY KEY (tenant_id, key, number)
);
SELECT optima_protect('process_versions');

CREATE TABLE subject_types (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    key text NOT NULL,
    document jsonb NOT NULL,
    version integer NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, key)
);
SELECT optima_protect('subject_types');

-- One run over one revision of a subject. `steps` and `choices` are what its events lead to, kept so that
-- a decision reads one row.
CREATE TABLE approvals (
    approval_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    process_key text NOT NULL,
    process_version integer NOT NULL,
    subject_type text NOT NULL,
    subject_id uuid NOT NULL,
    subject_revision integer NOT NULL,
    -- Sequence of the newest event about the subject that is in `content`.
    subject_sequence bigint NOT NULL,
    correlation_id uuid NOT NULL,
    title text NOT NULL,
    amount numeric,
    requester_id uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'approved', 'rejected', 'changes_requested', 'cancelled',
        'expired', 'not_opened')),
    reason text,
    content jsonb NOT NULL,
    content_hash text NOT NULL,
    steps jsonb NOT NULL,
    choices jsonb NOT NULL,
    version integer NOT NULL,
    opened_at timestamptz NOT NULL,
    ended_at timestamptz
) WITH (fillfactor = 80);
SELECT optima_protect('approvals');
CREATE INDEX approvals_newest ON approvals (tenant_id, approval_id);
CREATE INDEX approvals_by_state ON approvals (tenant_id, state, approval_id);
CREATE INDEX approvals_by_process ON approvals (tenant_id, process_key, approval_id);
CREATE INDEX approvals_of_subject ON approvals (tenant_id, subject_id, approval_id);
-- One revision is decided by one run at a time.
CREATE UNIQUE INDEX approvals_open_once ON approvals (tenant_id, subject_id) WHERE state = 'open';

-- Everything that happened to an approval, in order: the truth that its row is made from. Append only.
CREATE TABLE approval_events (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    approval_id uuid NOT NULL REFERENCES approvals,
    number integer NOT NULL,
    at timestamptz NOT NULL,
    actor_id uuid,
    event jsonb NOT NULL,
    PRIMARY KEY (approval_id, number)
);
SELECT optima_protect('approval_events');

-- What waits for whom: a row as long as a part is requested, so that inboxes read nothing that is over.
CREATE TABLE open_parts (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    approval_id uuid NOT NULL REFERENCES approvals,
    step text NOT NULL,
    person_id uuid NOT NULL,
    why text NOT NULL,
    requested_at timestamptz NOT NULL,
    due_at timestamptz,
    PRIMARY KEY (approval_id, step, person_id)
);
SELECT optima_protect('open_parts');
CREATE INDEX open_parts_of_person ON open_parts (tenant_id, person_id, requested_at, approval_id, step);

-- Whose concern an approval is or was: its requester and everybody who was ever asked. Also the index of
-- a person's own list.
CREATE TABLE concerned (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    person_id uuid NOT NULL,
    approval_id uuid NOT NULL REFERENCES approvals,
    PRIMARY KEY (tenant_id, person_id, approval_id)
);
SELECT optima_protect('concerned');

-- Subjects that were cancelled for good: a submission that arrives after its cancellation opens nothing.
CREATE TABLE withdrawn_subjects (
    subject_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    withdrawn_at timestamptz NOT NULL
);
SELECT optima_protect('withdrawn_subjects');

CREATE TABLE delegations (
    delegation_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    from_person_id uuid NOT NULL,
    to_person_id uuid NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    processes text[] NOT NULL,
    up_to numeric,
    reason text,
    created_at timestamptz NOT NULL,
    created_by uuid NOT NULL,
    revoked_at timestamptz,
    CHECK (starts_at < ends_at),
    CHECK (from_person_id <> to_person_id)
);
SELECT optima_protect('delegations');
CREATE INDEX delegations_of_person ON delegations (tenant_id, from_person_id, delegation_id);
CREATE INDEX delegations_to_person ON delegations (tenant_id, to_person_id, delegation_id);

-- The copy of the directory. `directory_stamps` changes with any of it, and lets a process keep what it
-- has read for as long as nothing changed.
CREATE TABLE directory_stamps (
    tenant_id uuid PRIMARY KEY DEFAULT optima_tenant(),
    stamp uuid NOT NULL
);
SELECT optima_protect('directory_stamps');

CREATE TABLE tenants (
    tenant_id uuid PRIMARY KEY DEFAULT optima_tenant(),
    language text NOT NULL,
    time_zone text NOT NULL
);
SELECT optima_protect('tenants');

CREATE TABLE people (
    person_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    name text NOT NULL,
    email text NOT NULL,
    external boolean NOT NULL,
    roles text[] NOT NULL,
    unit_id uuid,
    manager_id uuid,
    language text NOT NULL,
    active boolean NOT NULL,
    absent_until timestamptz
);
SELECT optima_protect('people');
CREATE INDEX people_of_tenant ON people (tenant_id, person_id);

CREATE TABLE units (
    unit_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    key text NOT NULL,
    name text NOT NULL,
    parent_id uuid,
    manager_id uuid
);
SELECT optima_protect('units');

CREATE TABLE roles (
    role_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    key text NOT NULL,
    privileges text[] NOT NULL
);
SELECT optima_protect('roles');

DO $$
BEGIN
    -- History and published versions only grow.
    EXECUTE format('REVOKE UPDATE, DELETE ON approval_events, process_versions FROM %I', optima_role('rw'));
END $$;
