-- Words, by which briefs are found. A text search index is of no use under row-level security, since its
-- operator might leak what another tenant's rows hold; equality can't.

CREATE FUNCTION words_of(text text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN array_remove(regexp_split_to_array(lower(text), '[^[:alnum:]]+'), '');

-- Likely to be the rarest.
CREATE FUNCTION longest_word(text text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (SELECT word FROM unnest(words_of(text)) AS word ORDER BY length(word) DESC LIMIT 1);

-- Words of the number and of every title that the brief has had: which brief a reader finds is decided by
-- the title that they see. A word that a later title drops stays, and costs a look at the brief.
CREATE TABLE brief_words (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    word text NOT NULL,
    brief_id uuid NOT NULL REFERENCES briefs,
    PRIMARY KEY (tenant_id, word, brief_id)
);

-- The owner too sees no tenant's rows otherwise.
ALTER TABLE briefs NO FORCE ROW LEVEL SECURITY;
ALTER TABLE revisions NO FORCE ROW LEVEL SECURITY;
INSERT INTO brief_words (tenant_id, word, brief_id)
SELECT DISTINCT briefs.tenant_id, word, briefs.brief_id
FROM briefs
LEFT JOIN revisions
    ON revisions.brief_id = briefs.brief_id AND revisions.revision = briefs.submitted_revision
CROSS JOIN unnest(words_of(concat_ws(' ', number, draft ->> 'title', content ->> 'title'))) AS word;
ALTER TABLE briefs FORCE ROW LEVEL SECURITY;
ALTER TABLE revisions FORCE ROW LEVEL SECURITY;
SELECT optima_protect('brief_words');

-- By triggers, so that a release that knows nothing of words adds them as well.
CREATE FUNCTION add_brief_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO brief_words (word, brief_id)
    SELECT DISTINCT word, NEW.brief_id
    FROM unnest(words_of(concat_ws(' ', NEW.number, NEW.draft ->> 'title'))) AS word
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER words_of_new_brief AFTER INSERT ON briefs
    FOR EACH ROW EXECUTE FUNCTION add_brief_words();
CREATE TRIGGER words_of_new_title AFTER UPDATE OF draft ON briefs
    FOR EACH ROW WHEN (NEW.draft ->> 'title' IS DISTINCT FROM OLD.draft ->> 'title')
    EXECUTE FUNCTION add_brief_words();
