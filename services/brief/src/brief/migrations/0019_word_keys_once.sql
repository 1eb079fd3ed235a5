-- A brief's words were found by two expressions, folded and as they are written, which only a release before 0014 looked
-- for. Now each key is made once, and a new brief's keys are written without asking whether they are there: writing the
-- words of a draft took longer than all the rest.
CREATE OR REPLACE FUNCTION word_keys_of(text text) RETURNS SETOF text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
        -- A word of more than twenty letters is itself a key too, when `letters` is twenty-one.
        SELECT DISTINCT left(word, CASE WHEN letters > 20 THEN length(word) ELSE letters END)
        FROM unnest(folded_words_of(text)) AS word,
            generate_series(least(2, length(word)), least(length(word), 21)) AS letters;
    END;

CREATE OR REPLACE FUNCTION add_brief_words() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    shown text := concat_ws(' ', NEW.number, NEW.draft ->> 'title');
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO brief_words (tenant_id, word, brief_id)
        SELECT NEW.tenant_id, key, NEW.brief_id FROM word_keys_of(shown) AS key;
    ELSE
        INSERT INTO brief_words (tenant_id, word, brief_id)
        SELECT NEW.tenant_id, key, NEW.brief_id FROM word_keys_of(shown) AS key
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;

DROP FUNCTION longest_word(text), words_of(text);
