-- On which day an ERP says that an order of its was made: many begin their numbers again each January.
ALTER TABLE links ADD COLUMN remote_day date;
-- Customers and orders that files name by their numbers.
CREATE INDEX links_by_code ON links (connection_id, entity, remote_code)
    WHERE entity IN ('customer', 'received_order');
