-- Whom and what a leaver hands over.
CREATE INDEX people_by_manager ON people (manager_id);
CREATE INDEX units_by_manager ON units (manager_id);
