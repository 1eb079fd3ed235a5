-- By when goods of a shipment are expected back, as its document type said at the issue; NULL once none are.
-- Shipments that were issued before are not known to be awaited.
ALTER TABLE shipments ADD COLUMN return_by date;
CREATE INDEX shipments_expected_back ON shipments (tenant_id, return_by, shipment_id) WHERE return_by IS NOT NULL;
