-- As before, and why what an erased person counted differed. Its rights stay as they are.
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
END;
