-- What a transport document says besides, where it is known.
ALTER TABLE shipments
    ADD COLUMN net_weight_kg numeric(12, 3) CHECK (net_weight_kg > 0),
    ADD COLUMN customer_reference text,
    ADD COLUMN starts_at timestamptz;
-- Code of the kind of goods: NULL of orders that were confirmed before.
ALTER TABLE order_lines ADD COLUMN goods_code text;
