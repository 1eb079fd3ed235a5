-- Counting a warehouse: what was counted of each goods, against what the ledger said at that moment. Movements
-- before and after don't matter then. One count of a warehouse is open at a time.
CREATE TABLE counts (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    count_id uuid NOT NULL,
    warehouse text NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'posted', 'cancelled')),
    opened_at timestamptz NOT NULL,
    opened_by uuid,
    ended_at timestamptz,
    ended_by uuid,
    version integer NOT NULL,
    PRIMARY KEY (tenant_id, count_id)
);
SELECT optima_protect('counts');
CREATE UNIQUE INDEX counts_open ON counts (tenant_id, warehouse) WHERE state = 'open';

CREATE TABLE count_lines (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    count_id uuid NOT NULL,
    job_id uuid NOT NULL,
    expected numeric(15, 3) NOT NULL,
    counted numeric(15, 3) NOT NULL CHECK (counted >= 0),
    counted_at timestamptz NOT NULL,
    counted_by uuid NOT NULL,
    reason text,
    PRIMARY KEY (tenant_id, count_id, job_id),
    FOREIGN KEY (tenant_id, count_id) REFERENCES counts,
    FOREIGN KEY (tenant_id, job_id) REFERENCES order_lines
);
SELECT optima_protect('count_lines');

ALTER TABLE movements
    ADD COLUMN count_id uuid CHECK (count_id IS NULL OR kind IN ('found', 'missing')),
    ADD FOREIGN KEY (tenant_id, count_id) REFERENCES counts;

DO $$
BEGIN
    EXECUTE format('REVOKE DELETE ON counts, count_lines FROM %I', optima_role('rw'));
END $$;
