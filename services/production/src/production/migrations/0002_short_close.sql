-- Why a job's line was closed short: what was shipped of it is all that is due from then on.
ALTER TABLE order_jobs ADD COLUMN closed_because text;
