-- What of a job production has finished while the rest is still being made, and may be received already.
ALTER TABLE order_lines ADD COLUMN finished numeric(15, 3) CHECK (finished > 0);
