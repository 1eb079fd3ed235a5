-- By which credit note the ERP took a DDT's invoice back: all of it where there is no invoice beside it.
ALTER TABLE ddt_invoices ADD COLUMN credit_note_number text, ADD COLUMN credit_note_date date;
