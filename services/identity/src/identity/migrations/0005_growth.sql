-- What lists, searches and the daily round walk stays the same however many rows a tenant has, and however
-- many its neighbours have.

-- People are found by words. A text search index is of no use under row-level security, since its operator
-- might leak what another tenant's rows hold; comparisons of text can't.
CREATE FUNCTION search_words(text text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN array_remove(
        regexp_split_to_array(
            lower(regexp_replace(normalize(text, NFKD), '[\u0300-\u036f]', '', 'g')), '[^[:alnum:]]+'
        ), '');

-- What the index is asked for: an address, or the longest word before the last and the last, which alone may
-- be a beginning. Cut, since neither an index entry nor a cursor can be long.
CREATE FUNCTION search_key(text text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT left(CASE
        WHEN strpos(text, '@') > 0 OR cardinality(words) <= 2 THEN array_to_string(words, ' ')
        ELSE (SELECT word FROM unnest(trim_array(words, 1)) WITH ORDINALITY AS listed (word, place)
              ORDER BY length(word) DESC, place LIMIT 1) || ' ' || words[cardinality(words)]
    END, 80)
    FROM search_words(text) AS words
$$;

-- Each two words of a name in either order, so that no search for two frequent ones has to intersect them:
-- "mario ro" is the beginning of one key. The address is one key.
CREATE FUNCTION search_keys_of_person(name text, email text) RETURNS SETOF text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    WITH words AS (
        SELECT word, place FROM unnest((search_words(name))[1:8]) WITH ORDINALITY AS listed (word, place)
    )
    SELECT left(concat_ws(' ', one.word, other.word), 80)
    FROM words AS one LEFT JOIN words AS other ON other.place <> one.place
    UNION
    SELECT left(array_to_string(search_words(email), ' '), 80)
$$;

CREATE TABLE people_search_keys (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    key text COLLATE "C" NOT NULL,
    person_id uuid NOT NULL REFERENCES people,
    PRIMARY KEY (tenant_id, key, person_id)
);
CREATE INDEX people_search_keys_of_person ON people_search_keys (person_id, key);

-- Whether any external person holds a role; an index on an array is of no use under row-level security either.
CREATE TABLE external_role_holders (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    role text NOT NULL,
    person_id uuid NOT NULL REFERENCES people,
    PRIMARY KEY (tenant_id, role, person_id)
);
CREATE INDEX external_role_holders_of_person ON external_role_holders (person_id);

-- The owner too sees no tenant's rows otherwise.
ALTER TABLE people NO FORCE ROW LEVEL SECURITY;
INSERT INTO people_search_keys (tenant_id, key, person_id)
SELECT people.tenant_id, key, people.id FROM people CROSS JOIN search_keys_of_person(name, email) AS key;
INSERT INTO external_role_holders (tenant_id, role, person_id)
SELECT DISTINCT people.tenant_id, role, people.id FROM people CROSS JOIN unnest(roles) AS role
WHERE kind = 'external';
ALTER TABLE people FORCE ROW LEVEL SECURITY;
SELECT optima_protect('people_search_keys');
SELECT optima_protect('external_role_holders');

-- By triggers, so that a release that knows nothing of these tables fills them as well.
CREATE FUNCTION follow_search_keys() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM people_search_keys WHERE person_id = NEW.id;
    INSERT INTO people_search_keys (key, person_id)
    SELECT key, NEW.id FROM search_keys_of_person(NEW.name, NEW.email) AS key;
    RETURN NULL;
END $$;
CREATE TRIGGER search_keys_of_new_person AFTER INSERT ON people
    FOR EACH ROW EXECUTE FUNCTION follow_search_keys();
CREATE TRIGGER search_keys_of_new_name AFTER UPDATE OF name, email ON people
    FOR EACH ROW WHEN ((NEW.name, NEW.email) IS DISTINCT FROM (OLD.name, OLD.email))
    EXECUTE FUNCTION follow_search_keys();

CREATE FUNCTION follow_external_roles() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM external_role_holders WHERE person_id = NEW.id;
    INSERT INTO external_role_holders (role, person_id)
    SELECT DISTINCT role, NEW.id FROM unnest(NEW.roles) AS role WHERE NEW.kind = 'external';
    RETURN NULL;
END $$;
CREATE TRIGGER roles_of_new_external AFTER INSERT ON people
    FOR EACH ROW WHEN (NEW.kind = 'external') EXECUTE FUNCTION follow_external_roles();
CREATE TRIGGER new_roles_of_external AFTER UPDATE OF roles, kind ON people
    FOR EACH ROW WHEN ((NEW.roles, NEW.kind) IS DISTINCT FROM (OLD.roles, OLD.kind)
                       AND 'external' IN (NEW.kind, OLD.kind))
    EXECUTE FUNCTION follow_external_roles();

-- What the daily round deletes.
CREATE INDEX links_expired ON links (tenant_id, expires_at);
CREATE INDEX sessions_revoked ON sessions (tenant_id, revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX sessions_ended ON sessions (tenant_id, ends_at);
CREATE INDEX sign_in_attempts_of_tenant_expired ON sign_in_attempts (tenant_id, expires_at);
DROP INDEX sign_in_attempts_expired;

-- A person's newest sessions, however many of theirs have ended since.
CREATE INDEX sessions_newest ON sessions (person_id, id) WHERE revoked_at IS NULL;
DROP INDEX sessions_open;
