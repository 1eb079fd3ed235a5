-- Whether each series has a document for every number that it gave: the numbers, and nothing of what they are about.
DO $$
BEGIN
    EXECUTE format('CREATE POLICY metrics ON ddts FOR SELECT TO %I USING (true)', optima_role('backbone'));
    EXECUTE format('GRANT SELECT (tenant_id, year, series) ON ddts TO %I', optima_role('backbone'));
    EXECUTE format('GRANT SELECT (tenant_id, year, series) ON ddt_series TO %I', optima_role('backbone'));
END $$;
