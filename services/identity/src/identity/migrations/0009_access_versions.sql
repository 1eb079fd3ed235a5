-- Grows with each change of roles or of being active: an access token made from a lower one is outdated.
ALTER TABLE people ADD COLUMN access_version integer NOT NULL DEFAULT 1;
