-- An ERP tells of a DDT's invoice by the DDT's number.
CREATE INDEX documents_by_number ON documents (tenant_id, entity, number);
