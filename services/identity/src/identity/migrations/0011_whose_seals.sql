-- Whose rows there are, so that all of them are sealed anew under another secret.
DO $$
DECLARE
    holding text;
BEGIN
    FOREACH holding IN ARRAY ARRAY['second_factors', 'sign_in_providers'] LOOP
        EXECUTE format('CREATE POLICY counted ON %I FOR SELECT TO %I USING (true)',
                       holding, optima_role('backbone'));
        EXECUTE format('GRANT SELECT (tenant_id) ON %I TO %I', holding, optima_role('backbone'));
    END LOOP;
END $$;
