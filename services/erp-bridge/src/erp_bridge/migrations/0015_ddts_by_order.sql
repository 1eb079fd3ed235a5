-- A DDT that came before its order learns from it whose it is.
CREATE INDEX documents_by_order ON documents (tenant_id, (heading ->> 'order_reference')) WHERE entity = 'ddt';
