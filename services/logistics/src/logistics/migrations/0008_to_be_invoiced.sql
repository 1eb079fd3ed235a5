-- Documents of which an invoice is to follow, by number.
CREATE INDEX ddts_to_be_invoiced ON ddts (tenant_id, issue_date, shipment_id)
    WHERE document @> '{"to_be_invoiced": true}';
