-- Kinds of item and the phases that their work goes through. Jobs copy the phases, so that a later edit
-- leaves them alone.
CREATE TABLE kinds (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    key text NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    phases jsonb NOT NULL,
    tolerance_percent numeric(5, 2) NOT NULL CHECK (tolerance_percent BETWEEN 0 AND 100),
    version integer NOT NULL,
    PRIMARY KEY (tenant_id, key)
);
SELECT optima_protect('kinds');

-- Briefs that were met: each makes one order at most, and none once it is cancelled. A brief's row lock
-- lets its approval and its cancellation take turns, whichever comes first.
CREATE TABLE briefs (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    id uuid NOT NULL,
    order_id uuid,
    cancellation_reason text,
    PRIMARY KEY (tenant_id, id)
);
SELECT optima_protect('briefs');

CREATE TABLE order_numbers (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    year integer NOT NULL,
    last integer NOT NULL,
    PRIMARY KEY (tenant_id, year)
) WITH (fillfactor = 50);
SELECT optima_protect('order_numbers');

CREATE TABLE orders (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    id uuid PRIMARY KEY,
    number text NOT NULL,
    brief_id uuid,
    title text NOT NULL,
    customer text,
    deadline date NOT NULL,
    state text NOT NULL CHECK (state IN ('confirmed', 'in_production', 'ready', 'partially_shipped',
                                         'shipped', 'delivered', 'cancelled')),
    confirmed_at timestamptz NOT NULL,
    started_at timestamptz,
    ready_at timestamptz,
    delivered_at timestamptz,
    cancelled_at timestamptz,
    cancellation_reason text,
    goods_have_left boolean NOT NULL DEFAULT false,
    version integer NOT NULL,
    UNIQUE (tenant_id, number),
    UNIQUE (tenant_id, brief_id)
) WITH (fillfactor = 80);
SELECT optima_protect('orders');
-- Lists, newest first: all, by state, by customer.
CREATE INDEX orders_newest ON orders (tenant_id, id DESC);
CREATE INDEX orders_by_state ON orders (tenant_id, state, id DESC);
CREATE INDEX orders_by_customer ON orders (tenant_id, customer, id DESC) WHERE customer IS NOT NULL;
-- What the figures count: few rows, however many orders have ended.
CREATE INDEX orders_open ON orders (state) WHERE state NOT IN ('delivered', 'cancelled');

CREATE TABLE order_jobs (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    id uuid PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES orders (id),
    position smallint NOT NULL,
    item_id uuid,
    kind text NOT NULL,
    description text NOT NULL,
    quantity numeric(15, 3) NOT NULL CHECK (quantity > 0),
    unit text NOT NULL,
    deliveries jsonb NOT NULL,
    tolerance_percent numeric(5, 2) NOT NULL,
    state text NOT NULL CHECK (state IN ('planned', 'ready', 'running', 'done', 'blocked', 'cancelled')),
    blocked_reason text,
    started_at timestamptz,
    produced numeric(15, 3),
    version integer NOT NULL,
    UNIQUE (order_id, position)
) WITH (fillfactor = 80);
SELECT optima_protect('order_jobs');
-- What waits for a kind to be defined.
CREATE INDEX jobs_blocked ON order_jobs (tenant_id, kind) WHERE state = 'blocked';

-- Costs and prices stand apart from the job, which more people may see.
CREATE TABLE job_economics (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    job_id uuid PRIMARY KEY REFERENCES order_jobs (id),
    cost numeric(14, 2) NOT NULL CHECK (cost >= 0),
    unit_price numeric(14, 2) NOT NULL CHECK (unit_price >= 0),
    supplier text,
    materials text NOT NULL,
    technical_sheet text NOT NULL,
    vat_code text NOT NULL
);
SELECT optima_protect('job_economics');

-- `deadline` repeats the order's, which never changes, so that a person's tasks are read in its order.
CREATE TABLE phases (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    id uuid PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES orders (id),
    job_id uuid NOT NULL REFERENCES order_jobs (id),
    position smallint NOT NULL,
    key text NOT NULL,
    name text NOT NULL,
    after text[] NOT NULL,
    quality_check boolean NOT NULL,
    skippable boolean NOT NULL,
    deadline date NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'ready', 'assigned', 'in_progress', 'to_inspect', 'done',
                                         'skipped', 'cancelled')),
    assignee_id uuid,
    attempt integer NOT NULL,
    started_at timestamptz,
    completed_at timestamptz,
    quantity numeric(15, 3),
    note text NOT NULL,
    UNIQUE (job_id, key)
) WITH (fillfactor = 70);
SELECT optima_protect('phases');
CREATE INDEX phases_of_order ON phases (order_id);
-- A person's tasks, those of the nearest deadline first: the open ones, and the finished ones.
CREATE INDEX tasks_open ON phases (tenant_id, assignee_id, deadline, id)
    WHERE state IN ('waiting', 'assigned', 'in_progress', 'to_inspect');
CREATE INDEX tasks_done ON phases (tenant_id, assignee_id, deadline, id) WHERE state = 'done';
-- What the figures count as late.
CREATE INDEX phases_open ON phases (deadline)
    WHERE state IN ('waiting', 'ready', 'assigned', 'in_progress', 'to_inspect');

-- Work that quality refused, kept as it was.
CREATE TABLE rejected_attempts (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    phase_id uuid NOT NULL REFERENCES phases (id),
    attempt integer NOT NULL,
    assignee_id uuid NOT NULL,
    started_at timestamptz NOT NULL,
    completed_at timestamptz NOT NULL,
    quantity numeric(15, 3) NOT NULL,
    note text NOT NULL,
    rejected_at timestamptz NOT NULL,
    rejected_by uuid NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (phase_id, attempt)
);
SELECT optima_protect('rejected_attempts');

-- What logistics last said of each shipment. Shipped and delivered quantities are sums over these rows,
-- so that a duplicate or late word can't count twice.
CREATE TABLE shipments (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    id uuid NOT NULL,
    order_id uuid NOT NULL REFERENCES orders (id),
    state text NOT NULL CHECK (state IN ('issued', 'departed', 'delivered', 'refused', 'voided')),
    sequence bigint NOT NULL,
    ddt_number text,
    PRIMARY KEY (tenant_id, id)
);
SELECT optima_protect('shipments');
CREATE INDEX shipments_of_order ON shipments (order_id);

CREATE TABLE shipment_lines (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    shipment_id uuid NOT NULL,
    job_id uuid NOT NULL,
    quantity numeric(15, 3) NOT NULL,
    PRIMARY KEY (tenant_id, shipment_id, job_id),
    FOREIGN KEY (tenant_id, shipment_id) REFERENCES shipments (tenant_id, id)
);
SELECT optima_protect('shipment_lines');

-- Own copies of what the directory and the ERP tell.
CREATE TABLE people (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    id uuid NOT NULL,
    name text NOT NULL,
    active boolean NOT NULL,
    roles text[] NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
SELECT optima_protect('people');

CREATE TABLE roles (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    id uuid NOT NULL,
    key text NOT NULL,
    privileges text[] NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
SELECT optima_protect('roles');
CREATE INDEX roles_by_key ON roles (tenant_id, key);

-- A code names one customer of the tenant: whoever spoke last of it.
CREATE TABLE customers (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    code text NOT NULL,
    id uuid NOT NULL,
    legal jsonb NOT NULL,
    payment_method text,
    payment_terms text,
    connection text NOT NULL,
    PRIMARY KEY (tenant_id, code)
);
SELECT optima_protect('customers');
CREATE INDEX customers_by_id ON customers (tenant_id, id);

-- The figures of all tenants together: counts by state, never a row's content.
DO $$
BEGIN
    EXECUTE format('CREATE POLICY figures ON orders FOR SELECT TO %I USING (true)', optima_role('backbone'));
    EXECUTE format('GRANT SELECT (state) ON orders TO %I', optima_role('backbone'));
    EXECUTE format('CREATE POLICY figures ON phases FOR SELECT TO %I USING (true)', optima_role('backbone'));
    EXECUTE format('GRANT SELECT (state, deadline) ON phases TO %I', optima_role('backbone'));
END $$;
