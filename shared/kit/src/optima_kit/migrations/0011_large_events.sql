-- An event that names ten thousand people is a megabyte of text: the faster compression, where PostgreSQL has it. Every
-- event begins in this partition, and what moves on to its day is not compressed again.
DO $$
BEGIN
    ALTER TABLE outbox_unsent ALTER COLUMN envelope SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    RAISE NOTICE 'built without lz4';
END $$;
