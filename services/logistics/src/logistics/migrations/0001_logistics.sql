-- Everything that logistics owns. Quantities have three decimals; codes are the tenant's own. Every key and
-- index begins with the tenant, so that a small tenant's lists never wade through a large one's rows.

-- The tenant's own identity, as the directory last told it: sender of every document.
CREATE TABLE senders (
    tenant_id uuid PRIMARY KEY DEFAULT optima_tenant(),
    identity jsonb NOT NULL,
    time_zone text NOT NULL
);
SELECT optima_protect('senders');

-- Warehouses, destinations, transport reasons and carriers, each under its code. What they say is copied
-- into a document when it is issued, so writing over them rewrites no history.
CREATE TABLE lookups (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    kind text NOT NULL CHECK (kind IN ('warehouse', 'destination', 'transport_reason', 'carrier')),
    code text COLLATE "C" NOT NULL,
    content jsonb NOT NULL,
    version integer NOT NULL,
    PRIMARY KEY (tenant_id, kind, code)
);
SELECT optima_protect('lookups');

-- Briefs that orders or cancellations have named. The row's lock puts an order's arrival and its brief's
-- cancellation one after the other, whichever comes first.
CREATE TABLE briefs (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    brief_id uuid NOT NULL,
    cancelled_because text,
    PRIMARY KEY (tenant_id, brief_id)
);
SELECT optima_protect('briefs');

-- Orders as production confirmed them. The row's lock serialises everything that happens to the goods.
CREATE TABLE orders (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    order_id uuid NOT NULL,
    number text NOT NULL,
    brief_id uuid,
    cancelled_because text,
    PRIMARY KEY (tenant_id, order_id)
);
SELECT optima_protect('orders');
CREATE INDEX orders_of_brief ON orders (tenant_id, brief_id);

-- `stocked` says where to look for stock, so that listing it does not add up the ledger of goods that left
-- long ago. How much lies there is the sum of the movements alone.
CREATE TABLE order_lines (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    job_id uuid NOT NULL,
    order_id uuid NOT NULL,
    position integer NOT NULL,
    description text NOT NULL,
    quantity numeric(15, 3) NOT NULL CHECK (quantity >= 0),
    unit text NOT NULL,
    produced numeric(15, 3) CHECK (produced >= 0),
    stocked boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, job_id),
    FOREIGN KEY (tenant_id, order_id) REFERENCES orders
);
SELECT optima_protect('order_lines');
CREATE INDEX order_lines_of_order ON order_lines (tenant_id, order_id);
CREATE INDEX order_lines_stocked ON order_lines (tenant_id, job_id) WHERE stocked;

CREATE TABLE order_deliveries (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    job_id uuid NOT NULL,
    destination text NOT NULL,
    quantity numeric(15, 3) NOT NULL CHECK (quantity >= 0),
    PRIMARY KEY (tenant_id, job_id, destination),
    FOREIGN KEY (tenant_id, job_id) REFERENCES order_lines
);
SELECT optima_protect('order_deliveries');

-- The warehouse ledger: rows are added and never touched again. Stock is their sum.
CREATE TABLE movements (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    movement_id uuid NOT NULL,
    warehouse text NOT NULL,
    job_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('receipt', 'issue', 'return', 'adjustment')),
    quantity numeric(15, 3) NOT NULL CHECK (CASE kind
        WHEN 'issue' THEN quantity < 0
        WHEN 'adjustment' THEN quantity <> 0
        ELSE quantity > 0 END),
    shipment_id uuid,
    reason text,
    recorded_at timestamptz NOT NULL,
    recorded_by uuid,
    PRIMARY KEY (tenant_id, movement_id),
    FOREIGN KEY (tenant_id, job_id) REFERENCES order_lines,
    CHECK (kind <> 'adjustment' OR reason IS NOT NULL),
    CHECK ((kind IN ('issue', 'return')) = (shipment_id IS NOT NULL))
);
SELECT optima_protect('movements');
-- What stock is added up from, without a visit to the table.
CREATE INDEX movements_of_job ON movements (tenant_id, job_id, warehouse) INCLUDE (kind, quantity);
CREATE INDEX movements_of_warehouse ON movements (tenant_id, warehouse, movement_id);
CREATE INDEX movements_of_shipment ON movements (tenant_id, shipment_id) WHERE shipment_id IS NOT NULL;

CREATE TABLE shipments (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    shipment_id uuid NOT NULL,
    order_id uuid NOT NULL,
    brief_id uuid,
    warehouse text NOT NULL,
    destination text NOT NULL,
    state text NOT NULL CHECK (state IN
        ('draft', 'picked', 'issued', 'in_transit', 'delivered', 'refused', 'voided', 'cancelled')),
    reason text,
    transport_by text,
    carrier text,
    freight text,
    appearance text,
    packages integer CHECK (packages > 0),
    gross_weight_kg numeric(12, 3) CHECK (gross_weight_kg > 0),
    notes text,
    departed_at timestamptz,
    delivered_at timestamptz,
    received_by text,
    ended_because text,
    replaces uuid,
    replaced_by uuid,
    drafted_at timestamptz NOT NULL,
    version integer NOT NULL,
    PRIMARY KEY (tenant_id, shipment_id),
    FOREIGN KEY (tenant_id, order_id) REFERENCES orders,
    FOREIGN KEY (tenant_id, replaces) REFERENCES shipments
);
SELECT optima_protect('shipments');
CREATE INDEX shipments_in_state ON shipments (tenant_id, state, shipment_id);
-- Those that still need somebody: few, however many have ended. Read for the metrics.
CREATE INDEX shipments_under_way ON shipments (state)
    WHERE state IN ('draft', 'picked', 'issued', 'in_transit');
CREATE INDEX shipments_for_destination ON shipments (tenant_id, destination, shipment_id);
CREATE INDEX shipments_of_order ON shipments (tenant_id, order_id, shipment_id);
CREATE INDEX shipments_of_brief ON shipments (tenant_id, brief_id, shipment_id);

CREATE TABLE shipment_lines (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    shipment_id uuid NOT NULL,
    position integer NOT NULL,
    job_id uuid NOT NULL,
    quantity numeric(15, 3) NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (tenant_id, shipment_id, position),
    UNIQUE (tenant_id, job_id, shipment_id),
    FOREIGN KEY (tenant_id, shipment_id) REFERENCES shipments,
    FOREIGN KEY (tenant_id, job_id) REFERENCES order_lines
);
SELECT optima_protect('shipment_lines');

-- The last number taken in each series of each year. Its lock is held from taking a number to the commit.
CREATE TABLE ddt_series (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    year integer NOT NULL,
    series text NOT NULL,
    last_progressive integer NOT NULL,
    last_issue_date date,
    PRIMARY KEY (tenant_id, year, series)
) WITH (fillfactor = 80);
SELECT optima_protect('ddt_series');

-- Issued transport documents: rows are added and never touched again.
CREATE TABLE ddts (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    shipment_id uuid NOT NULL,
    year integer NOT NULL,
    series text NOT NULL,
    progressive integer NOT NULL CHECK (progressive > 0),
    number text NOT NULL CHECK (length(number) <= 20),
    issue_date date NOT NULL,
    issued_at timestamptz NOT NULL,
    document jsonb NOT NULL,
    PRIMARY KEY (tenant_id, shipment_id),
    FOREIGN KEY (tenant_id, shipment_id) REFERENCES shipments,
    UNIQUE (tenant_id, year, series, progressive),
    CHECK (year = extract(year FROM issue_date))
);
SELECT optima_protect('ddts');
CREATE INDEX ddts_by_date ON ddts (tenant_id, issue_date);
CREATE INDEX ddts_by_number ON ddts (tenant_id, number);

-- Rendered documents. They can be made anew from ddts at any time.
CREATE TABLE ddt_pdfs (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    shipment_id uuid NOT NULL,
    pdf bytea NOT NULL,
    rendered_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, shipment_id),
    FOREIGN KEY (tenant_id, shipment_id) REFERENCES ddts
);
SELECT optima_protect('ddt_pdfs');

-- What the metrics count, over all tenants: states and numbers, and nothing of what they are about.
DO $$
BEGIN
    EXECUTE format('CREATE POLICY metrics ON shipments FOR SELECT TO %I USING (true)', optima_role('backbone'));
    EXECUTE format('CREATE POLICY metrics ON ddt_series FOR SELECT TO %I USING (true)', optima_role('backbone'));
    EXECUTE format('GRANT SELECT (state) ON shipments TO %I', optima_role('backbone'));
    EXECUTE format('GRANT SELECT (last_progressive) ON ddt_series TO %I', optima_role('backbone'));
    -- Ledger and documents are added to and never changed; the rest is never deleted.
    EXECUTE format('REVOKE UPDATE, DELETE ON movements, ddts FROM %I', optima_role('rw'));
    EXECUTE format('REVOKE DELETE ON orders, order_lines, shipments, shipment_lines, ddt_series FROM %I',
                   optima_role('rw'));
END $$;
