-- What is kept in stock without an order: an article, and its goods in the ledger under the same id. The goods of
-- one owner are kept in an account: a row of `orders` that is no order of production's, whose lock serialises what
-- happens to them. `kept_for` says whose: '' of the tenant's own, a destination's code of somebody else's, NULL of
-- an order.
ALTER TABLE orders ADD COLUMN kept_for text;
CREATE UNIQUE INDEX orders_kept_for ON orders (tenant_id, kept_for) WHERE kept_for IS NOT NULL;
ALTER TABLE shipments ADD COLUMN from_stock boolean NOT NULL DEFAULT false;

CREATE TABLE articles (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    article_id uuid NOT NULL,
    code text COLLATE "C" NOT NULL,
    barcode text,
    customer_code text,
    content jsonb NOT NULL,
    version integer NOT NULL,
    PRIMARY KEY (tenant_id, article_id),
    UNIQUE (tenant_id, code),
    FOREIGN KEY (tenant_id, article_id) REFERENCES order_lines
);
SELECT optima_protect('articles');
CREATE UNIQUE INDEX articles_by_barcode ON articles (tenant_id, barcode) WHERE barcode IS NOT NULL;

-- Goods that came in under the transport document of whoever sent them: a supplier, or their owner. Rows are only
-- added. The same document comes once.
CREATE TABLE supplier_receipts (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    receipt_id uuid NOT NULL,
    supplier text NOT NULL,
    number text NOT NULL,
    date date NOT NULL,
    warehouse text NOT NULL,
    recorded_at timestamptz NOT NULL,
    recorded_by uuid,
    PRIMARY KEY (tenant_id, receipt_id)
);
SELECT optima_protect('supplier_receipts');
CREATE UNIQUE INDEX supplier_receipts_once
    ON supplier_receipts (tenant_id, supplier, upper(number), extract(year FROM date));

ALTER TABLE movements
    ADD COLUMN receipt_id uuid,
    DROP CONSTRAINT movements_kind,
    DROP CONSTRAINT movements_shipment,
    ADD CONSTRAINT movements_kind CHECK (kind IN
        ('receipt', 'purchase', 'issue', 'arrival', 'return', 'found', 'missing', 'damaged', 'adjustment')),
    ADD CONSTRAINT movements_shipment CHECK (CASE
        WHEN kind IN ('issue', 'arrival', 'return') THEN shipment_id IS NOT NULL
        WHEN kind IN ('receipt', 'purchase', 'adjustment') THEN shipment_id IS NULL
        ELSE true END),
    ADD CONSTRAINT movements_receipt CHECK ((kind = 'purchase') = (receipt_id IS NOT NULL)),
    ADD FOREIGN KEY (tenant_id, receipt_id) REFERENCES supplier_receipts;
CREATE INDEX movements_of_receipt ON movements (tenant_id, receipt_id) WHERE receipt_id IS NOT NULL;

DO $$
BEGIN
    EXECUTE format('REVOKE UPDATE, DELETE ON supplier_receipts FROM %I', optima_role('rw'));
    EXECUTE format('REVOKE DELETE ON articles FROM %I', optima_role('rw'));
END $$;
