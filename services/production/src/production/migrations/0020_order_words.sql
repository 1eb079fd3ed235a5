-- Words, by which orders are found: of the number and the title, accents folded, and their beginnings of two to twenty
-- letters. A text search index is of no use under row-level security, since its operator might leak what another
-- tenant's rows hold; equality can't. An order's number and title never change.
CREATE TABLE order_words (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    word text NOT NULL,
    -- Without a reference: the trigger of the order's own row writes its words, and no order is ever deleted.
    order_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, word, order_id)
);
SELECT optima_protect('order_words');

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

-- Of what is sought, the word that is likely to be the rarest: of "O-2026-0042" not the year. The last one may be a
-- beginning.
CREATE FUNCTION sought_key(text text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (
        SELECT CASE WHEN nth = cardinality(folded_words_of(text)) THEN left(word, 20) ELSE word END
        FROM unnest(folded_words_of(text)) WITH ORDINALITY AS sought(word, nth)
        ORDER BY length(word) DESC, nth DESC LIMIT 1
    );

-- Whether all words of what is sought are among what is shown, the last one as a beginning.
CREATE FUNCTION words_match(shown text, sought text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN folded_words_of(shown) @> (folded_words_of(sought))[:cardinality(folded_words_of(sought)) - 1]
        AND position(
            ' ' || (folded_words_of(sought))[cardinality(folded_words_of(sought))]
            IN ' ' || array_to_string(folded_words_of(shown), ' ')) > 0;

-- By a trigger, so that a release that knows nothing of words adds them as well.
CREATE FUNCTION add_order_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO order_words (word, order_id)
    SELECT key, NEW.id FROM word_keys_of(concat_ws(' ', NEW.number, NEW.title)) AS key
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER words_of_new_order AFTER INSERT ON orders
    FOR EACH ROW EXECUTE FUNCTION add_order_words();

-- For the next file: the owner too sees no tenant's rows otherwise.
ALTER TABLE orders NO FORCE ROW LEVEL SECURITY;
ALTER TABLE order_words NO FORCE ROW LEVEL SECURITY;
