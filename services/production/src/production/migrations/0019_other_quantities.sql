-- An amendment may be about a line's quantity as well: how much is to be made instead, where it goes, and what was
-- approved and where it went until then.
ALTER TABLE amendments
    ADD COLUMN quantity_after numeric(15, 3) CHECK (quantity_after > 0),
    ADD COLUMN confirmed_before numeric(15, 3),
    ADD COLUMN deliveries_after jsonb,
    ADD COLUMN deliveries_before jsonb;
