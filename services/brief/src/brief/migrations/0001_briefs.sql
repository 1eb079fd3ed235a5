-- Briefs: their draft and state; what was frozen at submission; prices; files; comments; history.

CREATE TABLE briefs (
    brief_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    number text NOT NULL,
    requester_id uuid NOT NULL,
    requester_name text NOT NULL,
    unit_id uuid,
    state text NOT NULL CHECK (state IN ('draft', 'submitted', 'in_approval', 'rejected', 'approved',
        'in_production', 'in_delivery', 'delivered', 'closed', 'cancelled')),
    cause text NOT NULL,
    reason text,
    revision integer NOT NULL,
    version integer NOT NULL,
    -- Content that is not frozen yet.
    draft jsonb,
    -- The newest frozen revision, and its newest prices.
    submitted_revision integer,
    pricing_id uuid,
    approval_id uuid,
    order_id uuid,
    drafted_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    UNIQUE (tenant_id, number),
    CHECK (draft IS NOT NULL OR submitted_revision IS NOT NULL)
) WITH (fillfactor = 80);
SELECT optima_protect('briefs');
CREATE INDEX briefs_newest ON briefs (tenant_id, brief_id);
CREATE INDEX briefs_by_state ON briefs (tenant_id, state, brief_id);
CREATE INDEX briefs_by_requester ON briefs (tenant_id, requester_id, brief_id);
-- What the gauge counts: small, since most briefs are over.
CREATE INDEX briefs_under_way ON briefs (state)
    WHERE state NOT IN ('closed', 'rejected', 'cancelled');

-- What was submitted, for good.
CREATE TABLE revisions (
    brief_id uuid NOT NULL REFERENCES briefs,
    revision integer NOT NULL,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    content jsonb NOT NULL,
    content_hash text NOT NULL,
    process text NOT NULL,
    submitted_at timestamptz NOT NULL,
    submitted_by uuid NOT NULL,
    proposed_prices jsonb NOT NULL,
    PRIMARY KEY (brief_id, revision)
);
SELECT optima_protect('revisions');

-- Prices of a revision, one row each time that they were set; the newest counts.
CREATE TABLE pricings (
    pricing_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    brief_id uuid NOT NULL,
    revision integer NOT NULL,
    lines jsonb NOT NULL,
    total numeric(14, 2) NOT NULL,
    content_hash text NOT NULL,
    priced_at timestamptz NOT NULL,
    priced_by uuid NOT NULL,
    FOREIGN KEY (brief_id, revision) REFERENCES revisions
);
SELECT optima_protect('pricings');
CREATE INDEX pricings_of_revision ON pricings (brief_id, revision, pricing_id);

CREATE TABLE files (
    attachment_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    brief_id uuid NOT NULL REFERENCES briefs,
    name text NOT NULL,
    media_type text NOT NULL,
    size integer NOT NULL,
    sha256 text NOT NULL,
    data bytea NOT NULL,
    -- A frozen revision has it: it is never deleted any more.
    frozen boolean NOT NULL DEFAULT false
);
-- PDF, PNG and JPEG are compressed already.
ALTER TABLE files ALTER COLUMN data SET STORAGE EXTERNAL;
SELECT optima_protect('files');

CREATE TABLE comments (
    comment_id uuid NOT NULL,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    brief_id uuid NOT NULL REFERENCES briefs,
    author_id uuid NOT NULL,
    author_name text NOT NULL,
    text text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (brief_id, comment_id)
);
SELECT optima_protect('comments');

-- Every change of a brief's state.
CREATE TABLE moves (
    brief_id uuid NOT NULL REFERENCES briefs,
    move bigint GENERATED ALWAYS AS IDENTITY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    at timestamptz NOT NULL,
    from_state text,
    to_state text NOT NULL,
    revision integer NOT NULL,
    cause text NOT NULL,
    reason text,
    actor_id uuid,
    on_behalf_of uuid,
    PRIMARY KEY (brief_id, move)
);
SELECT optima_protect('moves');

DO $$
BEGIN
    -- History is only ever added to, and briefs are never deleted.
    EXECUTE format('REVOKE UPDATE, DELETE ON revisions, pricings, comments, moves FROM %I', optima_role('rw'));
    EXECUTE format('REVOKE DELETE ON briefs FROM %I', optima_role('rw'));
    -- The gauge of briefs by state counts across tenants, and sees nothing else of a brief.
    EXECUTE format('CREATE POLICY counted ON briefs FOR SELECT TO %I USING (true)', optima_role('backbone'));
    EXECUTE format('GRANT SELECT (state) ON briefs TO %I', optima_role('backbone'));
END $$;

-- The tenant's next brief number of a year. A sequence for each tenant and year, since a counter row would
-- make all of a tenant's draftings wait for each other's commits. Sequences keep what a rollback drew, so
-- that a number may be missing: a brief's number need not be gapless.
CREATE FUNCTION next_brief_number(year integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    tenant uuid := optima_tenant();
    numbers text := format('brief_numbers_%s_%s', replace(tenant::text, '-', ''), year);
BEGIN
    IF tenant IS NULL THEN
        RAISE EXCEPTION 'brief numbers are drawn inside a tenant''s transaction';
    END IF;
    IF to_regclass(numbers) IS NULL THEN
        -- The year's first: the lock keeps two from creating the same sequence.
        PERFORM pg_advisory_xact_lock(hashtextextended(numbers, 0));
        EXECUTE format('CREATE SEQUENCE IF NOT EXISTS %I', numbers);
    END IF;
    RETURN nextval(numbers);
END $$;
DO $$
BEGIN
    REVOKE EXECUTE ON FUNCTION next_brief_number FROM PUBLIC;
    EXECUTE format('GRANT EXECUTE ON FUNCTION next_brief_number TO %I', optima_role('rw'));
END $$;
