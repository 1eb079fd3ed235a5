-- What both sides come to by month; of documents with their quantities and, where they have prices, amounts.
ALTER TABLE reconciliations ADD COLUMN totals jsonb NOT NULL DEFAULT '[]';
