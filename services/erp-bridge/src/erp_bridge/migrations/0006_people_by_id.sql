-- People are kept by id alone; their names stand in the copy of the directory, and go with an erasure. The empty
-- name is for the release before, which reads one.
ALTER TABLE records NO FORCE ROW LEVEL SECURITY;
ALTER TABLE conflicts NO FORCE ROW LEVEL SECURITY;
UPDATE records
SET edits = (SELECT jsonb_object_agg(field, jsonb_set(edit, '{by,name}', '""'))
             FROM jsonb_each(edits) AS edited(field, edit))
WHERE edits <> '{}';
UPDATE conflicts
SET ours_by = jsonb_set(ours_by, '{name}', '""'), resolved_by = jsonb_set(resolved_by, '{name}', '""');
ALTER TABLE records FORCE ROW LEVEL SECURITY;
ALTER TABLE conflicts FORCE ROW LEVEL SECURITY;
