-- The same work of a job, split among several: phases of one key, each for a share of the job's quantity.
ALTER TABLE phases
    ADD COLUMN share numeric(15, 3) CHECK (share > 0),
    ADD COLUMN share_number smallint NOT NULL DEFAULT 1;
CREATE UNIQUE INDEX phases_by_share ON phases (job_id, key, share_number);
ALTER TABLE phases DROP CONSTRAINT phases_job_id_key_key;
