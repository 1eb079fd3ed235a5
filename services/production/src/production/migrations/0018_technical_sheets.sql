-- Which details the technical sheet of a kind has, and what a job's are, now and in the history of its economics.
ALTER TABLE kinds ADD COLUMN sheet jsonb NOT NULL DEFAULT '[]';
ALTER TABLE job_economics ADD COLUMN sheet jsonb NOT NULL DEFAULT '[]';
ALTER TABLE economics_history ADD COLUMN sheet jsonb NOT NULL DEFAULT '[]';
