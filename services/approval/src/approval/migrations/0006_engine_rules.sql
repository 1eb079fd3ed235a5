-- By which of its rules the engine reads a published version: what ran before them runs on as it was.
ALTER TABLE process_versions ADD COLUMN rules smallint NOT NULL DEFAULT 1;
