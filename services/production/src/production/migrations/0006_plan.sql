-- When a phase is planned to be worked on; both are NULL in phases that are older than plans.
ALTER TABLE phases ADD COLUMN planned_start date, ADD COLUMN planned_end date;

-- The plan, and a column of the board: soonest due first.
CREATE INDEX phases_by_due ON phases (tenant_id, coalesce(planned_end, deadline), id)
    WHERE state IN ('waiting', 'ready', 'assigned', 'in_progress', 'to_inspect');
CREATE INDEX phases_by_state ON phases (tenant_id, state, coalesce(planned_end, deadline), id)
    WHERE state IN ('waiting', 'ready', 'assigned', 'in_progress', 'to_inspect');
