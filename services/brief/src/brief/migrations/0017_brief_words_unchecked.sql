-- The triggers of a brief's own row write its words, and no brief is ever deleted; a search finds words through their
-- brief, so that those of none would be found by nobody. Checking each against it, some twenty-five a title, took longer
-- than writing them.
ALTER TABLE brief_words DROP CONSTRAINT brief_words_brief_id_fkey;
