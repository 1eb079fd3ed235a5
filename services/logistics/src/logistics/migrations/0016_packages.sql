-- The tenant's GS1 company prefix, and the next serial number under it: none is ever given twice.
CREATE TABLE gs1_prefixes (
    tenant_id uuid PRIMARY KEY DEFAULT optima_tenant(),
    prefix text NOT NULL CHECK (prefix ~ '^[0-9]{4,12}$'),
    next_serial bigint NOT NULL
);
SELECT optima_protect('gs1_prefixes');

-- Packages of shipments that were labelled, each with its number (SSCC). Rows are only added.
CREATE TABLE packages (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    shipment_id uuid NOT NULL,
    position integer NOT NULL CHECK (position > 0),
    sscc text NOT NULL,
    PRIMARY KEY (tenant_id, shipment_id, position),
    UNIQUE (tenant_id, sscc),
    FOREIGN KEY (tenant_id, shipment_id) REFERENCES shipments
);
SELECT optima_protect('packages');

DO $$
BEGIN
    EXECUTE format('REVOKE UPDATE, DELETE ON packages FROM %I', optima_role('rw'));
    EXECUTE format('REVOKE DELETE ON gs1_prefixes FROM %I', optima_role('rw'));
END $$;
