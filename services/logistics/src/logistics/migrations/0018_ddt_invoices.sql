-- Which DDTs the ERP has invoiced, as it last said; without a number it has withdrawn the invoice.
CREATE TABLE ddt_invoices (
    tenant_id      uuid NOT NULL DEFAULT optima_tenant(),
    shipment_id    uuid NOT NULL,
    invoice_number text,
    invoice_date   date,
    PRIMARY KEY (tenant_id, shipment_id),
    FOREIGN KEY (tenant_id, shipment_id) REFERENCES ddts
);
SELECT optima_protect('ddt_invoices');
