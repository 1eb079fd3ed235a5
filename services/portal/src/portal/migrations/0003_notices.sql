-- What people were told of. Title and step are what the event told its recipients.
CREATE TABLE notices (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    id uuid NOT NULL,
    person_id uuid NOT NULL,
    kind text NOT NULL,
    what text NOT NULL,
    title text NOT NULL,
    detail text NOT NULL,
    address text NOT NULL,
    happened_at timestamptz NOT NULL,
    read_at timestamptz,
    way text NOT NULL CHECK (way IN ('at_once', 'digest', 'page')),
    mailed_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);
SELECT optima_protect('notices');
CREATE INDEX notices_by_person ON notices (tenant_id, person_id, id);
CREATE INDEX notices_unread ON notices (tenant_id, person_id, id) WHERE read_at IS NULL;
CREATE INDEX notices_by_age ON notices (tenant_id, happened_at);

-- How people want to be told, where they have said so.
CREATE TABLE notice_preferences (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    person_id uuid NOT NULL,
    ways jsonb NOT NULL,
    digest_at time NOT NULL,
    quiet_from time,
    quiet_until time,
    PRIMARY KEY (tenant_id, person_id)
);
SELECT optima_protect('notice_preferences');

-- Where mail goes, as identity last told it.
CREATE TABLE addressees (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    person_id uuid NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    language text NOT NULL CHECK (language IN ('it', 'en')),
    active boolean NOT NULL,
    PRIMARY KEY (tenant_id, person_id)
);
SELECT optima_protect('addressees');

-- Who is told how a brief gets on: later events of it name no requester.
CREATE TABLE followed_briefs (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    brief_id uuid NOT NULL,
    requester_id uuid NOT NULL,
    title text NOT NULL,
    PRIMARY KEY (tenant_id, brief_id)
);
SELECT optima_protect('followed_briefs');
