-- Of what is sought, the word that is likely to be the rarest: of "B-2026-0042" not the year. The last one may be a
-- beginning.
CREATE OR REPLACE FUNCTION sought_key(text text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (
        SELECT CASE WHEN nth = cardinality(folded_words_of(text)) THEN left(word, 20) ELSE word END
        FROM unnest(folded_words_of(text)) WITH ORDINALITY AS sought(word, nth)
        ORDER BY length(word) DESC, nth DESC LIMIT 1
    );
