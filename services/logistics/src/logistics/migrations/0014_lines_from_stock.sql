-- A line of an order that is taken from stock names its article. What is set aside for it changes hands in the ledger:
-- a movement of the article's goods and one of the line's, in the same warehouse, that add up to nothing.
ALTER TABLE order_lines ADD COLUMN article_id uuid;
CREATE INDEX order_lines_from_stock ON order_lines (tenant_id, order_id) WHERE article_id IS NOT NULL;

ALTER TABLE movements
    DROP CONSTRAINT movements_kind,
    DROP CONSTRAINT movements_shipment,
    DROP CONSTRAINT movements_sign,
    ADD CONSTRAINT movements_sign CHECK (CASE
        WHEN kind IN ('issue', 'missing', 'damaged') THEN quantity < 0
        WHEN kind IN ('allocation', 'adjustment') THEN quantity <> 0
        ELSE quantity > 0 END),
    ADD CONSTRAINT movements_kind CHECK (kind IN
        ('receipt', 'purchase', 'allocation', 'issue', 'arrival', 'return', 'found', 'missing', 'damaged',
         'adjustment')),
    ADD CONSTRAINT movements_shipment CHECK (CASE
        WHEN kind IN ('issue', 'arrival', 'return') THEN shipment_id IS NOT NULL
        WHEN kind IN ('receipt', 'purchase', 'allocation', 'adjustment') THEN shipment_id IS NULL
        ELSE true END);
