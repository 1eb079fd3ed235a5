-- Steps and events that ask ten thousand people are megabytes of text: the faster compression, where PostgreSQL has
-- it. What is stored already is read as before.
DO $$
BEGIN
    ALTER TABLE approvals ALTER COLUMN steps SET COMPRESSION lz4;
    ALTER TABLE approval_events ALTER COLUMN event SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    RAISE NOTICE 'built without lz4';
END $$;
