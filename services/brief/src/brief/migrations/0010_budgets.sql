-- Budgets of units and cost centres, what briefs take of them, and every change of their balance.
CREATE TABLE budgets (
    budget_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    name text NOT NULL,
    unit_id uuid,
    cost_centre text,
    -- Whose it is, as briefs look for it.
    holder text GENERATED ALWAYS AS (coalesce('unit ' || unit_id::text, 'centre ' || cost_centre)) STORED,
    period_from date NOT NULL,
    period_to date NOT NULL,
    planned numeric(14, 2) NOT NULL CHECK (planned >= 0),
    committed numeric(14, 2) NOT NULL CHECK (committed >= 0),
    spent numeric(14, 2) NOT NULL CHECK (spent >= 0),
    available numeric(15, 2) NOT NULL GENERATED ALWAYS AS (planned - committed - spent) STORED,
    blocking boolean NOT NULL,
    version integer NOT NULL,
    UNIQUE (tenant_id, holder, period_from),
    CHECK ((unit_id IS NULL) <> (cost_centre IS NULL)),
    CHECK (period_from <= period_to),
    -- The last line against two who commit at once what is left for one.
    CHECK (NOT blocking OR planned >= committed + spent)
) WITH (fillfactor = 70);
SELECT optima_protect('budgets');
CREATE INDEX budgets_by_period ON budgets (tenant_id, period_from, budget_id);
CREATE INDEX budgets_by_available ON budgets (tenant_id, available, budget_id);

CREATE TABLE budget_charges (
    brief_id uuid PRIMARY KEY REFERENCES briefs,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    budget_id uuid NOT NULL REFERENCES budgets,
    committed numeric(14, 2) NOT NULL CHECK (committed >= 0),
    spent numeric(14, 2) NOT NULL CHECK (spent >= 0),
    uncovered numeric(14, 2) NOT NULL CHECK (uncovered >= 0),
    waiting boolean NOT NULL,
    since timestamptz NOT NULL
) WITH (fillfactor = 80);
SELECT optima_protect('budget_charges');
CREATE INDEX budget_charges_of_budget ON budget_charges (tenant_id, budget_id, brief_id);
-- Few: what there was no room for.
CREATE INDEX budget_charges_uncovered ON budget_charges (tenant_id, budget_id, since) WHERE uncovered > 0;

CREATE TABLE budget_entries (
    budget_id uuid NOT NULL REFERENCES budgets,
    entry bigint GENERATED ALWAYS AS IDENTITY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    at timestamptz NOT NULL,
    cause text NOT NULL,
    brief_id uuid,
    planned numeric(15, 2) NOT NULL,
    committed numeric(15, 2) NOT NULL,
    spent numeric(15, 2) NOT NULL,
    reason text,
    actor_id uuid,
    on_behalf_of uuid,
    PRIMARY KEY (budget_id, entry)
);
SELECT optima_protect('budget_entries');
CREATE INDEX budget_entries_of_actor ON budget_entries (tenant_id, actor_id) WHERE reason IS NOT NULL;

DO $$
BEGIN
    EXECUTE format('REVOKE UPDATE, DELETE ON budget_entries FROM %I', optima_role('rw'));
    EXECUTE format('REVOKE DELETE ON budgets, budget_charges FROM %I', optima_role('rw'));
END $$;

-- A brief that is approved may wait for its budget.
ALTER TABLE briefs DROP CONSTRAINT briefs_state_check;
ALTER TABLE briefs ADD CONSTRAINT briefs_state_check CHECK (state IN ('draft', 'submitted', 'in_approval', 'rejected',
    'over_budget', 'approved', 'in_production', 'in_delivery', 'delivered', 'closed', 'cancelled')) NOT VALID;

-- What an order's price was corrected to, and how much of a line had left when it was closed.
ALTER TABLE item_jobs ADD COLUMN unit_price numeric(13, 4);
ALTER TABLE item_jobs ADD COLUMN closed_at numeric(15, 3) NOT NULL DEFAULT 0;

-- An erasure reaches the reasons for plans. The rest is as before.
CREATE OR REPLACE FUNCTION erase_texts_of(person uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    UPDATE briefs SET requester_name = '' WHERE tenant_id = optima_tenant() AND requester_id = person;
    UPDATE briefs SET reason = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND reason IS NOT NULL AND EXISTS (
        SELECT FROM moves WHERE moves.brief_id = briefs.brief_id AND actor_id = person AND moves.reason = briefs.reason);
    UPDATE moves SET reason = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND actor_id = person AND reason IS NOT NULL;
    UPDATE comment_edits SET text = 'cancellato su richiesta'
    FROM comments
    WHERE comment_edits.tenant_id = optima_tenant() AND comments.brief_id = comment_edits.brief_id
        AND comments.comment_id = comment_edits.comment_id AND comments.author_id = person;
    UPDATE comments SET author_name = '', text = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND author_id = person;
    UPDATE quotation_requests SET note = '' WHERE tenant_id = optima_tenant() AND asked_by = person;
    UPDATE quotation_requests SET reason = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND asked_by = person AND reason IS NOT NULL;
    UPDATE quotation_answers SET reason = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND by = person AND reason IS NOT NULL;
    UPDATE quotation_answers SET quote = jsonb_set(quote, '{note}', '""')
    WHERE tenant_id = optima_tenant() AND by = person AND quote ? 'note';
    UPDATE proof_versions SET reason = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND ended_by = person AND reason IS NOT NULL;
    UPDATE proof_annotations SET author_name = '', text = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND author_id = person;
    UPDATE proof_replies SET author_name = '', text = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND author_id = person;
    UPDATE budget_entries SET reason = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND actor_id = person AND reason IS NOT NULL;
END;
