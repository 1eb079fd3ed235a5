-- What suppliers' catalogues ask for articles, and in which period: suggestions beside quotes and prices.
CREATE TABLE catalogue_prices (
    price_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    supplier_id uuid NOT NULL,
    kind text NOT NULL,
    description text,
    unit text NOT NULL,
    breaks jsonb NOT NULL,
    lead_time_days integer NOT NULL,
    valid_from date NOT NULL,
    valid_until date NOT NULL,
    kept_at timestamptz NOT NULL,
    kept_by uuid NOT NULL,
    version integer NOT NULL
);
SELECT optima_protect('catalogue_prices');
CREATE INDEX catalogue_prices_newest ON catalogue_prices (tenant_id, price_id);
CREATE INDEX catalogue_prices_of_supplier ON catalogue_prices (tenant_id, supplier_id, price_id);
-- What holds for an article on a day.
CREATE INDEX catalogue_prices_of_kind ON catalogue_prices (tenant_id, kind, unit, valid_until);

DO $$
BEGIN
    EXECUTE format('REVOKE DELETE ON catalogue_prices FROM %I', optima_role('rw'));
END $$;
