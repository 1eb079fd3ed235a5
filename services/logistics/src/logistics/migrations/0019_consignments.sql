-- Shipments of several orders that travel together, under one transport document. The row's lock, which is taken
-- before those of the orders, keeps what belongs to it as it is.
CREATE TABLE consignments (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    consignment_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, consignment_id)
);
SELECT optima_protect('consignments');

-- `document_of`: the shipment under whose id their document is kept; NULL of a shipment that travels alone.
ALTER TABLE shipments
    ADD COLUMN consignment_id uuid,
    ADD COLUMN document_of uuid,
    ADD FOREIGN KEY (tenant_id, consignment_id) REFERENCES consignments;
CREATE INDEX shipments_of_consignment ON shipments (tenant_id, consignment_id) WHERE consignment_id IS NOT NULL;
CREATE INDEX shipments_of_document ON shipments (tenant_id, coalesce(document_of, shipment_id));

-- Each order's part of a document is invoiced by itself.
ALTER TABLE ddt_invoices
    DROP CONSTRAINT ddt_invoices_tenant_id_shipment_id_fkey,
    ADD FOREIGN KEY (tenant_id, shipment_id) REFERENCES shipments;

DO $$
BEGIN
    EXECUTE format('REVOKE DELETE ON consignments FROM %I', optima_role('rw'));
END $$;
