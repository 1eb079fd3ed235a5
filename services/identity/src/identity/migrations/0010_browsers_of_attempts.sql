-- The hash of what the browser that began keeps: another's return doesn't count. None in attempts of the release before.
ALTER TABLE sign_in_attempts ADD COLUMN browser_hash bytea;
