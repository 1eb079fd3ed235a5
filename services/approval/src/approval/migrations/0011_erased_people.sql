-- Who was erased keeps their id and loses their name, whatever the directory says of them afterwards.
ALTER TABLE people ADD COLUMN erased boolean NOT NULL DEFAULT false;
CREATE INDEX comments_by_person ON comments (tenant_id, person_id);
CREATE INDEX comments_answered_by ON comments (tenant_id, answered_by);

-- History and documents only grow: the service has no right to change them. These take texts out of them and
-- change nothing else.
CREATE FUNCTION erase_in_event(erased_approval uuid, erased_number integer, erased jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE approval_events
    SET event = event || (SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(erased)
        WHERE key IN ('asked', 'content', 'evidence', 'reason') AND event ? key)
    WHERE approval_id = erased_approval AND number = erased_number
$$;
-- A person whom documents name by their address is named by their id: it means the same.
CREATE FUNCTION erase_address(email text, person text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    quoted text := '"' || regexp_replace(email, '([^[:alnum:]])', '\\\1', 'g') || '"';
    named text := '"' || person || '"';
BEGIN
    UPDATE processes SET document = regexp_replace(document::text, quoted, named, 'gi')::jsonb
    WHERE document::text ~* quoted;
    UPDATE process_versions SET document = regexp_replace(document::text, quoted, named, 'gi')::jsonb
    WHERE document::text ~* quoted;
    UPDATE replays SET document = regexp_replace(document::text, quoted, named, 'gi')::jsonb
    WHERE document::text ~* quoted;
END $$;
CREATE FUNCTION erase_names_of_evidence(attached_by uuid, erased text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE evidence SET name = erased WHERE person_id = attached_by
$$;
DO $$
BEGIN
    EXECUTE format('GRANT EXECUTE ON FUNCTION erase_in_event, erase_address, erase_names_of_evidence TO %I',
        optima_role('rw'));
END $$;
REVOKE EXECUTE ON FUNCTION erase_in_event, erase_address, erase_names_of_evidence FROM public;
