-- Within a warehouse, goods lie in locations, and goods of an article that is tracked by lots lie by lot: both are part
-- of the ledger's key, and empty of goods that were put to no location or belong to no lot.
CREATE TABLE locations (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    warehouse text COLLATE "C" NOT NULL,
    code text COLLATE "C" NOT NULL CHECK (code <> ''),
    PRIMARY KEY (tenant_id, warehouse, code)
);
SELECT optima_protect('locations');

-- What is known of a lot beside its goods.
CREATE TABLE lots (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    article_id uuid NOT NULL,
    lot text COLLATE "C" NOT NULL CHECK (lot <> ''),
    expires_on date,
    PRIMARY KEY (tenant_id, article_id, lot),
    FOREIGN KEY (tenant_id, article_id) REFERENCES articles
);
SELECT optima_protect('lots');

ALTER TABLE movements
    ADD COLUMN location text COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN lot text COLLATE "C" NOT NULL DEFAULT '',
    DROP CONSTRAINT movements_kind,
    DROP CONSTRAINT movements_shipment,
    DROP CONSTRAINT movements_sign,
    ADD CONSTRAINT movements_sign CHECK (CASE
        WHEN kind IN ('issue', 'missing', 'damaged') THEN quantity < 0
        WHEN kind IN ('allocation', 'relocation', 'adjustment') THEN quantity <> 0
        ELSE quantity > 0 END),
    ADD CONSTRAINT movements_kind CHECK (kind IN
        ('receipt', 'purchase', 'allocation', 'relocation', 'issue', 'arrival', 'return', 'found', 'missing', 'damaged',
         'adjustment')),
    ADD CONSTRAINT movements_shipment CHECK (CASE
        WHEN kind IN ('issue', 'arrival', 'return') THEN shipment_id IS NOT NULL
        WHEN kind IN ('receipt', 'purchase', 'allocation', 'relocation', 'adjustment') THEN shipment_id IS NULL
        ELSE true END);
CREATE INDEX movements_of_place ON movements (tenant_id, job_id, warehouse, location, lot) INCLUDE (kind, quantity);
DROP INDEX movements_of_job;

ALTER TABLE holds
    ADD COLUMN location text COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN lot text COLLATE "C" NOT NULL DEFAULT '',
    DROP CONSTRAINT holds_kind_check,
    DROP CONSTRAINT holds_check,
    ADD CONSTRAINT holds_kind CHECK (kind IN ('held', 'released', 'scrapped', 'relocated')),
    ADD CONSTRAINT holds_sign CHECK (CASE kind
        WHEN 'held' THEN quantity > 0 WHEN 'relocated' THEN quantity <> 0 ELSE quantity < 0 END);
CREATE INDEX holds_of_place ON holds (tenant_id, job_id, warehouse, location, lot) INCLUDE (quantity);
DROP INDEX holds_of_job;

-- Out of which locations and lots a shipment's goods come, as far as somebody said or, once they have left, as far as
-- that is not where goods lie that were put to no location and belong to no lot.
CREATE TABLE shipment_picks (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    shipment_id uuid NOT NULL,
    position integer NOT NULL,
    job_id uuid NOT NULL,
    location text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    quantity numeric(15, 3) NOT NULL CHECK (quantity > 0),
    expires_on date,
    PRIMARY KEY (tenant_id, shipment_id, position),
    FOREIGN KEY (tenant_id, shipment_id) REFERENCES shipments
);
SELECT optima_protect('shipment_picks');
CREATE INDEX shipment_picks_of_job ON shipment_picks (tenant_id, job_id);

-- Counted by place, too. Goods that were put to no location and belong to no lot are counted as before.
ALTER TABLE count_lines
    ADD COLUMN location text COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN lot text COLLATE "C" NOT NULL DEFAULT '',
    DROP CONSTRAINT count_lines_pkey,
    ADD PRIMARY KEY (tenant_id, count_id, job_id, location, lot);
