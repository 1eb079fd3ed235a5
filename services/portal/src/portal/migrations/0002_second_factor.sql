-- Whether a role of the person grants nothing until they have shown a second factor: every page says so.
ALTER TABLE sessions ADD COLUMN factor_needed boolean NOT NULL DEFAULT false;
