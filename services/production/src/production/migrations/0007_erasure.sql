-- What an erased person wrote where only this service knows whose it is: a note is of whoever did the phase.
CREATE FUNCTION erase_texts_of(person uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    UPDATE phases SET note = '' WHERE tenant_id = optima_tenant() AND assignee_id = person AND note <> '';
    UPDATE rejected_attempts SET note = '' WHERE tenant_id = optima_tenant() AND assignee_id = person AND note <> '';
    UPDATE rejected_attempts SET reason = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND rejected_by = person;
END;
REVOKE EXECUTE ON FUNCTION erase_texts_of(uuid) FROM PUBLIC;
