-- A phase may be counted in a unit of its own, of which `factor` of the job's come: 8 leaflets of a sheet. What was
-- lost of what there was to work on is kept with its reason.
ALTER TABLE phases
    ADD COLUMN unit text,
    ADD COLUMN factor numeric(12, 3) NOT NULL DEFAULT 1 CHECK (factor > 0),
    ADD COLUMN lost numeric(15, 3),
    ADD COLUMN loss_reason text;
