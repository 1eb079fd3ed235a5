-- Where goods are put that come into a warehouse, unless somebody says otherwise.
CREATE TABLE put_away (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    warehouse text COLLATE "C" NOT NULL,
    location text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, warehouse),
    FOREIGN KEY (tenant_id, warehouse, location) REFERENCES locations ON DELETE CASCADE
);
SELECT optima_protect('put_away');

-- What lies in a location, which can't be removed then.
CREATE INDEX stock_of_location ON stock (tenant_id, warehouse, location) WHERE location <> '';
