-- What an erased person wrote where only this service knows whose it is.
CREATE FUNCTION erase_texts_of(person uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    UPDATE failures SET dismissal = jsonb_set(dismissal, '{reason}', '"cancellato su richiesta"')
    WHERE tenant_id = optima_tenant() AND dismissal ->> 'by' = person::text;
END;
REVOKE EXECUTE ON FUNCTION erase_texts_of(uuid) FROM PUBLIC;
