-- Requests for quotation: what suppliers are asked for a brief's revision, and what each answers.
CREATE TABLE quotation_requests (
    request_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    brief_id uuid NOT NULL REFERENCES briefs,
    revision integer NOT NULL,
    title text NOT NULL,
    note text NOT NULL,
    items jsonb NOT NULL,
    needed_by date,
    due_at timestamptz NOT NULL,
    asked_at timestamptz NOT NULL,
    asked_by uuid NOT NULL,
    version integer NOT NULL,
    settled text NOT NULL DEFAULT 'open' CHECK (settled IN ('open', 'awarded', 'cancelled')),
    reason text,
    -- By item, the quotation that was chosen.
    awarded jsonb NOT NULL DEFAULT '{}'
);
SELECT optima_protect('quotation_requests');
CREATE INDEX quotation_requests_newest ON quotation_requests (tenant_id, request_id);
CREATE INDEX quotation_requests_of_brief ON quotation_requests (tenant_id, brief_id, request_id);

CREATE TABLE quotations (
    quotation_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    request_id uuid NOT NULL REFERENCES quotation_requests,
    supplier_id uuid NOT NULL,
    asked_at timestamptz NOT NULL,
    UNIQUE (request_id, supplier_id)
);
SELECT optima_protect('quotations');
CREATE INDEX quotations_of_supplier ON quotations (tenant_id, supplier_id, quotation_id);

-- Every answer of a supplier; the newest counts. Without a quote, the supplier declined.
CREATE TABLE quotation_answers (
    quotation_id uuid NOT NULL REFERENCES quotations,
    version integer NOT NULL,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    at timestamptz NOT NULL,
    by uuid NOT NULL,
    quote jsonb,
    reason text,
    PRIMARY KEY (quotation_id, version)
);
SELECT optima_protect('quotation_answers');

DO $$
BEGIN
    EXECUTE format('REVOKE UPDATE, DELETE ON quotations, quotation_answers FROM %I', optima_role('rw'));
    EXECUTE format('REVOKE DELETE ON quotation_requests FROM %I', optima_role('rw'));
END $$;
