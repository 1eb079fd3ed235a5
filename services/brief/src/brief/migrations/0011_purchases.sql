-- Files that a supplier sends with a quotation: a price list, a drawing.
CREATE TABLE quotation_files (
    file_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    quotation_id uuid NOT NULL REFERENCES quotations,
    name text NOT NULL,
    media_type text NOT NULL,
    size integer NOT NULL,
    sha256 text NOT NULL,
    sent_at timestamptz NOT NULL,
    data bytea NOT NULL
);
-- PDF, PNG and JPEG are compressed already.
ALTER TABLE quotation_files ALTER COLUMN data SET STORAGE EXTERNAL;
SELECT optima_protect('quotation_files');
CREATE INDEX quotation_files_of_quotation ON quotation_files (tenant_id, quotation_id, file_id);

-- What was bought: the items of approved briefs that had prices, as they were approved.
CREATE TABLE purchases (
    brief_id uuid NOT NULL REFERENCES briefs,
    item_id uuid NOT NULL,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    bought_at timestamptz NOT NULL,
    kind text NOT NULL,
    description text NOT NULL,
    unit text NOT NULL,
    quantity numeric(15, 3) NOT NULL,
    unit_price numeric(16, 4) NOT NULL,
    supplier_id uuid,
    unit_id uuid,
    category text NOT NULL,
    PRIMARY KEY (brief_id, item_id)
);
SELECT optima_protect('purchases');
CREATE INDEX purchases_by_day ON purchases (tenant_id, bought_at);
-- What an article, or one of its kind, cost the last time.
CREATE INDEX purchases_of_kind ON purchases (tenant_id, kind, unit, bought_at);
CREATE INDEX purchases_of_article ON purchases (tenant_id, kind, unit, description, bought_at);

INSERT INTO purchases (brief_id, item_id, tenant_id, bought_at, kind, description, unit, quantity, unit_price,
                       supplier_id, unit_id, category)
SELECT briefs.brief_id, (item->>'item_id')::uuid, briefs.tenant_id, approval.at, item->>'kind', item->>'description',
       item->>'unit', (item->>'quantity')::numeric, (line->>'unit_price')::numeric,
       (line->'quotation'->>'supplier_id')::uuid, briefs.unit_id, coalesce(revisions.content->>'category', '')
FROM briefs
JOIN LATERAL (
    SELECT max(at) AS at FROM moves WHERE moves.brief_id = briefs.brief_id AND moves.to_state = 'approved'
) AS approval ON approval.at IS NOT NULL
JOIN pricings ON pricings.pricing_id = briefs.pricing_id
JOIN revisions ON revisions.brief_id = briefs.brief_id AND revisions.revision = pricings.revision
CROSS JOIN LATERAL jsonb_array_elements(pricings.lines) AS line
JOIN LATERAL jsonb_array_elements(revisions.content->'items') AS item ON item->>'item_id' = line->>'item_id';

DO $$
BEGIN
    EXECUTE format('REVOKE UPDATE, DELETE ON purchases FROM %I', optima_role('rw'));
    EXECUTE format('REVOKE UPDATE ON quotation_files FROM %I', optima_role('rw'));
END $$;
