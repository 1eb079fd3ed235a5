-- What was approved with a brief, for each of its items: the order's price. Apart from the jobs, which more people
-- may see.
CREATE TABLE approved_prices (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    item_id uuid NOT NULL,
    unit_price numeric(13, 4) NOT NULL CHECK (unit_price >= 0),
    PRIMARY KEY (tenant_id, item_id)
);
SELECT optima_protect('approved_prices');

-- How far prices may differ from that, given a reason.
CREATE TABLE price_policies (
    tenant_id uuid NOT NULL DEFAULT optima_tenant() PRIMARY KEY,
    tolerance_percent numeric(5, 2) NOT NULL CHECK (tolerance_percent BETWEEN 0 AND 100),
    version integer NOT NULL
);
SELECT optima_protect('price_policies');

-- A unit price has four decimals. Without a scale the column takes them, and no row is written anew.
ALTER TABLE job_economics ALTER COLUMN unit_price TYPE numeric, ADD COLUMN price_reason text;
