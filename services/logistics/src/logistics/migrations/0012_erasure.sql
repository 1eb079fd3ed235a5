-- What an erased person wrote where only this service knows whose it is.
CREATE FUNCTION erase_texts_of(person uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    UPDATE movements SET reason = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND recorded_by = person AND reason IS NOT NULL;
    UPDATE returns SET reason = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND recorded_by = person;
    UPDATE shipments SET received_by = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND shipment_id = person AND received_by IS NOT NULL;
END;
REVOKE EXECUTE ON FUNCTION erase_texts_of(uuid) FROM PUBLIC;
