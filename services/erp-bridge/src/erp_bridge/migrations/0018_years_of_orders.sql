-- In which year an ERP's number of an order counts. The release before finds an order by its bare number, and finds
-- it still: what is told of the year later stands beside it.
ALTER TABLE links ADD COLUMN remote_year text;
