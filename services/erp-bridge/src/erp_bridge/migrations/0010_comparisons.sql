-- At which hour of the day, UTC, each entity is compared; by entity. Beside `exchanges`, which the release before
-- reads whole.
ALTER TABLE connections ADD COLUMN comparisons jsonb NOT NULL DEFAULT '{}';
