-- Whose texts an event holds: those of its subject, its actor, or whom a field of its data names.
CREATE FUNCTION optima_person_of(event jsonb, whose text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE whose WHEN 'subject' THEN event ->> 'subject' WHEN 'actor' THEN event ->> 'actorid'
           ELSE event -> 'data' ->> whose END;

-- The event with other words in place of the texts in these fields of its data.
CREATE FUNCTION optima_without_texts(event jsonb, fields jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN jsonb_set(event, '{data}', (event -> 'data') || (
        SELECT coalesce(jsonb_object_agg(field, 'cancellato su richiesta'), '{}')
        FROM jsonb_array_elements_text(fields) AS field
        WHERE jsonb_typeof(event -> 'data' -> field) = 'string'))::text;

-- Whether texts of the message were erased.
ALTER TABLE parking ADD COLUMN erased boolean NOT NULL DEFAULT false;

-- Empties what the tenant's kept events, sent, parked or still to be sent, say of an erased person in words. `rules`:
-- by event type, whose the texts are and their fields. Reads them all: people are erased seldom.
CREATE FUNCTION optima_erase_from_events(person text, rules jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE outbox SET envelope = optima_without_texts(envelope::jsonb, rule -> 'fields')
    FROM jsonb_each(rules) AS told (of_type, rule)
    WHERE tenant_id = optima_tenant() AND type = of_type AND strpos(envelope, person) > 0
        AND optima_person_of(envelope::jsonb, rule ->> 'whose') = person;
    -- Their signatures were checked before they were put aside, and hold no more; forgeries are dropped.
    DELETE FROM parking WHERE tenant_id = optima_tenant() AND reason = 'forged'
        AND position(convert_to(person, 'UTF8') IN body) > 0;
    UPDATE parking
    SET erased = true, body = convert_to(optima_without_texts(convert_from(body, 'UTF8')::jsonb, rule -> 'fields'), 'UTF8')
    FROM jsonb_each(rules) AS told (of_type, rule)
    WHERE tenant_id = optima_tenant() AND type = of_type AND strpos(convert_from(body, 'UTF8'), person) > 0
        AND optima_person_of(convert_from(body, 'UTF8')::jsonb, rule ->> 'whose') = person;
END $$;
-- What somebody wrote in their own words, by its digest: a reason stands in many tables, in few of them beside whose
-- it is.
CREATE TABLE words_of_people (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    person_id uuid NOT NULL,
    digest bytea NOT NULL
);
SELECT optima_protect('words_of_people');
-- Not unique: whoever writes the same word twice waits for nobody.
CREATE INDEX words_of_people_by_person ON words_of_people (tenant_id, person_id);

-- Empties the erased person's words wherever the tenant's tables hold them: in each column whose name says that it
-- holds somebody's words, and, by a service's own `erase_texts_of(person uuid)`, where only it knows whose they are.
CREATE FUNCTION optima_erase_words(person uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    digests bytea[] := ARRAY(SELECT digest FROM words_of_people
                             WHERE tenant_id = optima_tenant() AND person_id = person);
    place record;
BEGIN
    FOR place IN
        SELECT relname, attname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
            AND atttypid = 'text'::regtype AND attname ~ '(^|_)(reason|because|note|notes|text|received_by)$'
            AND EXISTS (SELECT FROM pg_attribute AS tenants
                        WHERE tenants.attrelid = pg_class.oid AND tenants.attname = 'tenant_id')
            AND relname <> 'parking'
    LOOP
        EXECUTE format('UPDATE %1$I SET %2$I = $1 WHERE tenant_id = optima_tenant()'
                       ' AND sha256(convert_to(%2$I, ''UTF8'')) = ANY ($2)', place.relname, place.attname)
            USING 'cancellato su richiesta', digests;
    END LOOP;
    DELETE FROM words_of_people WHERE tenant_id = optima_tenant() AND person_id = person;
    IF to_regprocedure('erase_texts_of(uuid)') IS NOT NULL THEN
        EXECUTE 'SELECT erase_texts_of($1)' USING person;
    END IF;
END $$;

DO $$
BEGIN
    REVOKE EXECUTE ON FUNCTION optima_erase_from_events(text, jsonb), optima_erase_words(uuid) FROM PUBLIC;
    EXECUTE format('GRANT EXECUTE ON FUNCTION optima_erase_from_events(text, jsonb), optima_erase_words(uuid) TO %I',
                   optima_role('rw'));
END $$;
