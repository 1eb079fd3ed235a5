-- Briefs are found by the beginnings of words too, accents folded: each beginning of two to twenty letters is a key
-- beside the word. Equality alone finds rows by an index under row-level security; and a page of the briefs that have
-- a beginning costs the same however many there are.

CREATE FUNCTION folded_words_of(text text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN array_remove(regexp_split_to_array(
        lower(regexp_replace(normalize(text, NFKD), '[\u0300-\u036f]', '', 'g')), '[^[:alnum:]]+'), '');

CREATE FUNCTION word_keys_of(text text) RETURNS SETOF text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
        SELECT word FROM unnest(folded_words_of(text)) AS word
        UNION
        SELECT left(word, letters)
        FROM unnest(folded_words_of(text)) AS word, generate_series(2, least(length(word), 20)) AS letters;
    END;

-- Of what is sought, the word that is likely to be the rarest. The last one may be a beginning.
CREATE FUNCTION sought_key(text text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (
        SELECT CASE WHEN nth = cardinality(folded_words_of(text)) THEN left(word, 20) ELSE word END
        FROM unnest(folded_words_of(text)) WITH ORDINALITY AS sought(word, nth)
        ORDER BY length(word) DESC, nth LIMIT 1
    );

-- Whether all words of what is sought are among what is shown, the last one as a beginning.
CREATE FUNCTION words_match(shown text, sought text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN folded_words_of(shown) @> (folded_words_of(sought))[:cardinality(folded_words_of(sought)) - 1]
        AND position(
            ' ' || (folded_words_of(sought))[cardinality(folded_words_of(sought))]
            IN ' ' || array_to_string(folded_words_of(shown), ' ')) > 0;

-- The former release goes on looking for words as they are written.
CREATE OR REPLACE FUNCTION add_brief_words() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    shown text := concat_ws(' ', NEW.number, NEW.draft ->> 'title');
    folded text[] := folded_words_of(shown);
BEGIN
    INSERT INTO brief_words (word, brief_id)
    SELECT word, NEW.brief_id FROM unnest(words_of(shown) || folded) AS word
    UNION
    SELECT left(word, letters), NEW.brief_id
    FROM unnest(folded) AS word, generate_series(2, least(length(word), 20)) AS letters
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

-- The owner too sees no tenant's rows otherwise.
ALTER TABLE brief_words NO FORCE ROW LEVEL SECURITY;
ALTER TABLE briefs NO FORCE ROW LEVEL SECURITY;
ALTER TABLE revisions NO FORCE ROW LEVEL SECURITY;
INSERT INTO brief_words (tenant_id, word, brief_id)
SELECT DISTINCT briefs.tenant_id, key, briefs.brief_id
FROM briefs
LEFT JOIN revisions
    ON revisions.brief_id = briefs.brief_id AND revisions.revision = briefs.submitted_revision
CROSS JOIN LATERAL word_keys_of(concat_ws(' ', number, draft ->> 'title', content ->> 'title')) AS key
ON CONFLICT DO NOTHING;
ALTER TABLE brief_words FORCE ROW LEVEL SECURITY;
ALTER TABLE briefs FORCE ROW LEVEL SECURITY;
ALTER TABLE revisions FORCE ROW LEVEL SECURITY;
