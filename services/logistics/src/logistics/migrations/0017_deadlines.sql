-- By when an order's goods were promised: NULL of orders that were confirmed before, and of accounts.
ALTER TABLE orders ADD COLUMN deadline date;
