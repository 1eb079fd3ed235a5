-- Shipments are found by the number of their order.
CREATE INDEX orders_of_number ON orders (tenant_id, number) WHERE number <> '';
