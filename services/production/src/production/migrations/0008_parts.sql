-- A phase hands in parts before it is complete, and the next may begin on them where its kind says so.
ALTER TABLE phases
    ADD COLUMN starts_on_parts boolean NOT NULL DEFAULT false,
    ADD COLUMN made_so_far numeric(15, 3);
