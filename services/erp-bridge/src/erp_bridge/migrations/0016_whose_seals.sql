-- Whose rows there are, so that all of them are sealed anew under another secret.
DO $$ BEGIN
    EXECUTE format('GRANT SELECT (tenant_id) ON connections TO %I', optima_role('backbone'));
END $$;
