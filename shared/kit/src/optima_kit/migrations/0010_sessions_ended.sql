-- Which sessions have ended stands beside people, accounts and roles ("session <id>"), and is forgotten after a day.
CREATE INDEX access_changes_of_sessions ON access_changes (changed_at) WHERE holder LIKE 'session %';
