-- A PDF is compressed already.
ALTER TABLE ddt_pdfs ALTER COLUMN pdf SET STORAGE EXTERNAL;
