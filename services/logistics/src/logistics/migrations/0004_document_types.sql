-- What a shipment does with its goods, as its document type says. Those from before delivered an order's line to
-- a recipient, whose the goods became. `lookups` of the kind transport_reason, and `reason` of a shipment, hold
-- document types and their codes.
ALTER TABLE shipments
    ADD COLUMN goods_go_to text NOT NULL DEFAULT 'recipient'
        CHECK (goods_go_to IN ('recipient', 'third_party', 'warehouse')),
    ADD COLUMN closes_order_line boolean NOT NULL DEFAULT true;
ALTER TABLE shipment_lines
    ADD COLUMN came_back numeric(15, 3) NOT NULL DEFAULT 0 CHECK (came_back BETWEEN 0 AND quantity);

-- A causale that was a sale is to be invoiced.
UPDATE lookups SET content = content || '{"to_be_invoiced": true}'
WHERE kind = 'transport_reason' AND content @> '{"sale": true}';

-- Each difference has a kind of its own; `adjustment` stays for what was written before.
ALTER TABLE movements
    DROP CONSTRAINT movements_kind_check,
    DROP CONSTRAINT movements_check,
    DROP CONSTRAINT movements_check1,
    DROP CONSTRAINT movements_check2,
    ADD CONSTRAINT movements_kind CHECK (kind IN
        ('receipt', 'issue', 'arrival', 'return', 'found', 'missing', 'damaged', 'adjustment')),
    ADD CONSTRAINT movements_sign CHECK (CASE
        WHEN kind IN ('issue', 'missing', 'damaged') THEN quantity < 0
        WHEN kind = 'adjustment' THEN quantity <> 0
        ELSE quantity > 0 END),
    ADD CONSTRAINT movements_reason CHECK (
        kind NOT IN ('found', 'missing', 'damaged', 'adjustment') OR reason IS NOT NULL),
    ADD CONSTRAINT movements_shipment CHECK (CASE
        WHEN kind IN ('issue', 'arrival', 'return') THEN shipment_id IS NOT NULL
        WHEN kind IN ('receipt', 'adjustment') THEN shipment_id IS NULL
        ELSE true END);
