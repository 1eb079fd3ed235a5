-- What a purchase is measured by: what the first quote for it asked, and its part of the brief's budget, in
-- proportion to its amount.
ALTER TABLE purchases ADD COLUMN first_unit_price numeric(16, 4), ADD COLUMN budget_part numeric(16, 2);

-- The owner too sees no tenant's rows otherwise.
ALTER TABLE purchases NO FORCE ROW LEVEL SECURITY;
ALTER TABLE briefs NO FORCE ROW LEVEL SECURITY;
ALTER TABLE moves NO FORCE ROW LEVEL SECURITY;
ALTER TABLE pricings NO FORCE ROW LEVEL SECURITY;
ALTER TABLE revisions NO FORCE ROW LEVEL SECURITY;
ALTER TABLE quotation_requests NO FORCE ROW LEVEL SECURITY;
ALTER TABLE quotations NO FORCE ROW LEVEL SECURITY;
ALTER TABLE quotation_answers NO FORCE ROW LEVEL SECURITY;

-- What was approved before purchases were kept: the owner had not seen it, under row-level security.
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
JOIN LATERAL jsonb_array_elements(revisions.content->'items') AS item ON item->>'item_id' = line->>'item_id'
ON CONFLICT DO NOTHING;

UPDATE purchases SET first_unit_price = (
    SELECT (step->>'unit_price')::numeric
    FROM quotation_requests AS requests
    JOIN quotations ON quotations.request_id = requests.request_id
    JOIN quotation_answers AS answers ON answers.quotation_id = quotations.quotation_id
    CROSS JOIN LATERAL jsonb_array_elements(answers.quote->'lines') AS line
    CROSS JOIN LATERAL jsonb_array_elements(line->'breaks') AS step
    WHERE requests.brief_id = purchases.brief_id AND line->>'item_id' = purchases.item_id::text
        AND (step->>'from_quantity')::numeric <= purchases.quantity
    ORDER BY answers.at, answers.quotation_id, answers.version, (step->>'from_quantity')::numeric DESC LIMIT 1
);

UPDATE purchases SET budget_part = round(
    asked.budget * round(purchases.quantity * purchases.unit_price, 2) / asked.total, 2)
FROM (
    SELECT briefs.brief_id, (revisions.content->>'budget')::numeric AS budget,
           (SELECT sum(round(quantity * unit_price, 2)) FROM purchases AS own WHERE own.brief_id = briefs.brief_id) AS total
    FROM briefs JOIN revisions
        ON revisions.brief_id = briefs.brief_id AND revisions.revision = briefs.submitted_revision
) AS asked
WHERE asked.brief_id = purchases.brief_id AND asked.total > 0 AND asked.budget IS NOT NULL;

ALTER TABLE purchases FORCE ROW LEVEL SECURITY;
ALTER TABLE briefs FORCE ROW LEVEL SECURITY;
ALTER TABLE moves FORCE ROW LEVEL SECURITY;
ALTER TABLE pricings FORCE ROW LEVEL SECURITY;
ALTER TABLE revisions FORCE ROW LEVEL SECURITY;
ALTER TABLE quotation_requests FORCE ROW LEVEL SECURITY;
ALTER TABLE quotations FORCE ROW LEVEL SECURITY;
ALTER TABLE quotation_answers FORCE ROW LEVEL SECURITY;
