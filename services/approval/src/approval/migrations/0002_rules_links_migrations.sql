-- Newcomers find the steps whose rules name them; e-mail links; calendars; search; moving runs to another
-- version; replaying a draft over past runs.

ALTER TABLE approvals
    -- Steps and people stand in an order, which jsonb would not keep.
    ALTER COLUMN steps TYPE json USING steps::json,
    ADD COLUMN before_migration json,
    -- Title, number and requester's name, as people look for them. Never a price.
    ADD COLUMN search tsvector GENERATED ALWAYS AS (
        to_tsvector('italian', title) || to_tsvector('simple', coalesce(content ->> 'number', ''))
            || to_tsvector('simple', coalesce(content #>> '{requester,name}', ''))) STORED;
CREATE INDEX approvals_search ON approvals USING gin (search);
-- What a migration walks over.
CREATE INDEX approvals_open_of_process ON approvals (tenant_id, process_key, process_version, approval_id)
    WHERE state = 'open';

-- By which rules the pending steps of open approvals find their people ("role:purchasing", "manager" …).
CREATE TABLE open_rules (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    rule text NOT NULL,
    approval_id uuid NOT NULL REFERENCES approvals,
    PRIMARY KEY (tenant_id, rule, approval_id)
);
SELECT optima_protect('open_rules');
CREATE INDEX open_rules_of_approval ON open_rules (approval_id);

-- Under which somebody may decide their part once, without signing in.
CREATE TABLE decision_links (
    link_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    approval_id uuid NOT NULL REFERENCES approvals,
    step text NOT NULL,
    round integer NOT NULL,
    person_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    UNIQUE (approval_id, step, round, person_id)
);
SELECT optima_protect('decision_links');

-- The tenant's working hours and closures; without a row, Monday to Friday from 9 to 13 and 14 to 18.
CREATE TABLE calendars (
    tenant_id uuid PRIMARY KEY DEFAULT optima_tenant(),
    document jsonb NOT NULL,
    version integer NOT NULL,
    changed_at timestamptz NOT NULL
);
SELECT optima_protect('calendars');

-- Moving running approvals to another version: previewed, run as a job, and reported item by item.
CREATE TABLE moves (
    move_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    process_key text NOT NULL,
    to_version integer NOT NULL,
    state text NOT NULL CHECK (state IN ('previewing', 'previewed', 'moving', 'moved', 'reverting',
        'reverted')),
    created_at timestamptz NOT NULL,
    created_by uuid NOT NULL,
    changed_at timestamptz NOT NULL,
    version integer NOT NULL
);
SELECT optima_protect('moves');
CREATE INDEX moves_of_process ON moves (tenant_id, process_key, move_id);

CREATE TABLE moved_approvals (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    move_id uuid NOT NULL REFERENCES moves,
    approval_id uuid NOT NULL REFERENCES approvals,
    from_version integer NOT NULL,
    -- 'possible' or 'refused' by the preview; then 'moved', 'refused', 'reverted' or 'kept'.
    verdict text NOT NULL CHECK (verdict IN ('possible', 'refused', 'moved', 'reverted', 'kept')),
    reason text,
    part text,
    PRIMARY KEY (move_id, approval_id)
);
SELECT optima_protect('moved_approvals');

-- A draft tried on approvals that are over.
CREATE TABLE replays (
    replay_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    process_key text NOT NULL,
    document jsonb NOT NULL,
    subject jsonb NOT NULL,
    wanted integer NOT NULL,
    done integer NOT NULL,
    report jsonb,
    created_at timestamptz NOT NULL,
    created_by uuid NOT NULL,
    ended_at timestamptz
);
SELECT optima_protect('replays');
CREATE INDEX approvals_over ON approvals (tenant_id, process_key, ended_at DESC)
    WHERE state IN ('approved', 'rejected', 'changes_requested', 'expired');
