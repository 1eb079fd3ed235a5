-- What lies in each place, and what of it is held back: the sums of movements and holds, which the database itself keeps
-- with each entry, whichever release wrote it. The service may only read them. A place where nothing lies has no row, so
-- that what is read grows neither with the ledger nor with lots that were used up.
CREATE TABLE stock (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    job_id uuid NOT NULL,
    warehouse text NOT NULL,
    location text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    on_hand numeric(15, 3) NOT NULL,
    held numeric(15, 3) NOT NULL,
    PRIMARY KEY (tenant_id, job_id, warehouse, location, lot)
) WITH (fillfactor = 80);
SELECT optima_protect('stock');

-- The sum of a job's or article's movements by their kind, in all places together.
CREATE TABLE stock_totals (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    job_id uuid NOT NULL,
    kind text NOT NULL,
    quantity numeric(15, 3) NOT NULL,
    first_in timestamptz,
    PRIMARY KEY (tenant_id, job_id, kind)
) WITH (fillfactor = 80);
SELECT optima_protect('stock_totals');

-- As their owner, since the service's role may not write what they write. Under the lock of the goods' order, as the
-- entries are.
CREATE FUNCTION add_movements_to_stock() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO stock AS known (tenant_id, job_id, warehouse, location, lot, on_hand, held)
    SELECT tenant_id, job_id, warehouse, location, lot, sum(quantity), 0 FROM added
    GROUP BY tenant_id, job_id, warehouse, location, lot
    ON CONFLICT (tenant_id, job_id, warehouse, location, lot) DO UPDATE SET on_hand = known.on_hand + excluded.on_hand;
    DELETE FROM stock USING added
    WHERE stock.tenant_id = added.tenant_id AND stock.job_id = added.job_id AND stock.warehouse = added.warehouse
      AND stock.location = added.location AND stock.lot = added.lot AND on_hand = 0 AND held = 0;
    INSERT INTO stock_totals AS known (tenant_id, job_id, kind, quantity, first_in)
    SELECT tenant_id, job_id, kind, sum(quantity), min(recorded_at) FILTER (WHERE quantity > 0) FROM added
    GROUP BY tenant_id, job_id, kind
    ON CONFLICT (tenant_id, job_id, kind) DO UPDATE SET quantity = known.quantity + excluded.quantity,
        first_in = least(known.first_in, excluded.first_in);
    RETURN NULL;
END $$;
CREATE FUNCTION add_holds_to_stock() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO stock AS known (tenant_id, job_id, warehouse, location, lot, on_hand, held)
    SELECT tenant_id, job_id, warehouse, location, lot, 0, sum(quantity) FROM added
    GROUP BY tenant_id, job_id, warehouse, location, lot
    ON CONFLICT (tenant_id, job_id, warehouse, location, lot) DO UPDATE SET held = known.held + excluded.held;
    DELETE FROM stock USING added
    WHERE stock.tenant_id = added.tenant_id AND stock.job_id = added.job_id AND stock.warehouse = added.warehouse
      AND stock.location = added.location AND stock.lot = added.lot AND on_hand = 0 AND held = 0;
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION add_movements_to_stock(), add_holds_to_stock() FROM PUBLIC;
CREATE TRIGGER movements_add_to_stock AFTER INSERT ON movements REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION add_movements_to_stock();
CREATE TRIGGER holds_add_to_stock AFTER INSERT ON holds REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION add_holds_to_stock();

-- Whether a line still counts for its goods: something of it is reserved, under way, with a third party, or delivered
-- for an order's line. It only says where to look: what a line counts for follows from its shipment. The release before
-- leaves it true.
ALTER TABLE shipment_lines ADD COLUMN live boolean NOT NULL DEFAULT true;

-- What was written before; the triggers' locks keep out what is written meanwhile.
ALTER TABLE movements NO FORCE ROW LEVEL SECURITY;
ALTER TABLE holds NO FORCE ROW LEVEL SECURITY;
ALTER TABLE stock NO FORCE ROW LEVEL SECURITY;
ALTER TABLE stock_totals NO FORCE ROW LEVEL SECURITY;
ALTER TABLE shipments NO FORCE ROW LEVEL SECURITY;
ALTER TABLE shipment_lines NO FORCE ROW LEVEL SECURITY;
ALTER TABLE order_lines NO FORCE ROW LEVEL SECURITY;
INSERT INTO stock (tenant_id, job_id, warehouse, location, lot, on_hand, held)
SELECT tenant_id, job_id, warehouse, location, lot, sum(lies), sum(is_held)
FROM (
    SELECT tenant_id, job_id, warehouse, location, lot, quantity AS lies, 0 AS is_held FROM movements
    UNION ALL SELECT tenant_id, job_id, warehouse, location, lot, 0, quantity FROM holds
) AS entries
GROUP BY tenant_id, job_id, warehouse, location, lot HAVING sum(lies) <> 0 OR sum(is_held) <> 0;
INSERT INTO stock_totals (tenant_id, job_id, kind, quantity, first_in)
SELECT tenant_id, job_id, kind, sum(quantity), min(recorded_at) FILTER (WHERE quantity > 0)
FROM movements GROUP BY tenant_id, job_id, kind;
UPDATE shipment_lines SET live = false
FROM shipments, order_lines
WHERE shipments.tenant_id = shipment_lines.tenant_id AND shipments.shipment_id = shipment_lines.shipment_id
  AND order_lines.tenant_id = shipment_lines.tenant_id AND order_lines.job_id = shipment_lines.job_id
  AND (state IN ('refused', 'voided', 'cancelled')
       OR state = 'delivered' AND NOT closes_order_line AND finisher IS NULL
          AND (goods_go_to <> 'third_party' OR shipment_lines.quantity = came_back + returned));
ALTER TABLE movements FORCE ROW LEVEL SECURITY;
ALTER TABLE holds FORCE ROW LEVEL SECURITY;
ALTER TABLE stock FORCE ROW LEVEL SECURITY;
ALTER TABLE stock_totals FORCE ROW LEVEL SECURITY;
ALTER TABLE shipments FORCE ROW LEVEL SECURITY;
ALTER TABLE shipment_lines FORCE ROW LEVEL SECURITY;
ALTER TABLE order_lines FORCE ROW LEVEL SECURITY;

CREATE INDEX shipment_lines_live ON shipment_lines (tenant_id, job_id) INCLUDE (shipment_id, quantity) WHERE live;
-- Picks are found by the live lines of their goods.
DROP INDEX shipment_picks_of_job;

DO $$
DECLARE
    summed text;
BEGIN
    EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON stock, stock_totals FROM %I', optima_role('rw'));
    -- Whether each sum is that of its entries, over all tenants: places and quantities, and nothing of why.
    FOREACH summed IN ARRAY ARRAY['movements', 'holds', 'stock', 'stock_totals'] LOOP
        EXECUTE format('CREATE POLICY metrics ON %I FOR SELECT TO %I USING (true)', summed, optima_role('backbone'));
    END LOOP;
    EXECUTE format('GRANT SELECT ON stock, stock_totals TO %I', optima_role('backbone'));
    EXECUTE format('GRANT SELECT (tenant_id, job_id, warehouse, location, lot, kind, quantity) ON movements TO %I',
                   optima_role('backbone'));
    EXECUTE format('GRANT SELECT (tenant_id, job_id, warehouse, location, lot, quantity) ON holds TO %I',
                   optima_role('backbone'));
END $$;
