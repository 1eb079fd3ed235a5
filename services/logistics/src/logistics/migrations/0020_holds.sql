-- Goods that are held back for their quality: rows are added and never touched again. What is held in a warehouse is
-- their sum; it lies there, and is neither reserved nor shipped until it is released or scrapped.
CREATE TABLE holds (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    hold_id uuid NOT NULL,
    warehouse text NOT NULL,
    job_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('held', 'released', 'scrapped')),
    quantity numeric(15, 3) NOT NULL CHECK (CASE kind WHEN 'held' THEN quantity > 0 ELSE quantity < 0 END),
    reason text NOT NULL,
    recorded_at timestamptz NOT NULL,
    recorded_by uuid,
    PRIMARY KEY (tenant_id, hold_id),
    FOREIGN KEY (tenant_id, job_id) REFERENCES order_lines
);
SELECT optima_protect('holds');
CREATE INDEX holds_of_job ON holds (tenant_id, job_id, warehouse) INCLUDE (quantity);

DO $$
BEGIN
    EXECUTE format('REVOKE UPDATE, DELETE ON holds FROM %I', optima_role('rw'));
END $$;

-- As before, and why an erased person held goods back or released them.
CREATE OR REPLACE FUNCTION erase_texts_of(person uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    UPDATE movements SET reason = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND recorded_by = person AND reason IS NOT NULL;
    UPDATE returns SET reason = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND recorded_by = person;
    UPDATE shipments SET received_by = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND shipment_id = person AND received_by IS NOT NULL;
    UPDATE count_lines SET reason = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND counted_by = person AND reason IS NOT NULL;
    UPDATE holds SET reason = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND recorded_by = person;
END;
