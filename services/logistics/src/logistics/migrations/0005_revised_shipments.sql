-- A shipment without a document is revised: its lines give way to others.
DO $$
BEGIN
    EXECUTE format('GRANT DELETE ON shipment_lines TO %I', optima_role('rw'));
END $$;
