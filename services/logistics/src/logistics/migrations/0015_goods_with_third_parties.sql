-- Shipments whose goods stay ours at somebody else's place: what is there is added up from them.
CREATE INDEX shipments_with_third_parties ON shipments (tenant_id, destination, reason, shipment_id)
    WHERE goods_go_to = 'third_party' AND state IN ('issued', 'in_transit', 'delivered');
