-- What the list of briefs is filtered and ordered by, of each brief as it was last submitted: a draft's deadline
-- is its requester's to see, who has few briefs.
ALTER TABLE briefs ADD COLUMN deadline date;

-- The owner too sees no tenant's rows otherwise.
ALTER TABLE briefs NO FORCE ROW LEVEL SECURITY;
ALTER TABLE revisions NO FORCE ROW LEVEL SECURITY;
UPDATE briefs SET deadline = (content ->> 'deadline')::date
FROM revisions
WHERE revisions.brief_id = briefs.brief_id AND revisions.revision = briefs.submitted_revision;
ALTER TABLE briefs FORCE ROW LEVEL SECURITY;
ALTER TABLE revisions FORCE ROW LEVEL SECURITY;

CREATE INDEX briefs_by_deadline ON briefs (tenant_id, deadline, brief_id);
CREATE INDEX briefs_by_unit ON briefs (tenant_id, unit_id, brief_id);
-- What can be late: small, since most briefs are over.
CREATE INDEX briefs_due ON briefs (tenant_id, deadline, brief_id)
    WHERE state NOT IN ('rejected', 'delivered', 'closed', 'cancelled');

-- By a trigger, so that a release that knows nothing of the column fills it as well. What is frozen is the draft.
CREATE FUNCTION note_brief_deadline() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.deadline := (OLD.draft ->> 'deadline')::date;
    RETURN NEW;
END $$;
CREATE TRIGGER deadline_of_submitted_brief BEFORE UPDATE OF submitted_revision ON briefs
    FOR EACH ROW WHEN (NEW.submitted_revision IS DISTINCT FROM OLD.submitted_revision)
    EXECUTE FUNCTION note_brief_deadline();
