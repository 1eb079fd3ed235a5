-- How many phases of a job were not done any more when its economics were stated: a cost that names no phase is in
-- question once there are more. NULL, of what was stated before: nobody knows.
ALTER TABLE job_economics ADD COLUMN given_up integer;
