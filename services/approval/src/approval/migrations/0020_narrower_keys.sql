-- Whoever looks for a person's rows knows their id, which no other tenant's person has: the tenant before it only made
-- the keys longer. A step that asks ten thousand writes as many.
CREATE UNIQUE INDEX concerned_once ON concerned (person_id, approval_id);
ALTER TABLE concerned DROP CONSTRAINT concerned_pkey;
ALTER TABLE concerned ADD CONSTRAINT concerned_pkey PRIMARY KEY USING INDEX concerned_once;
CREATE INDEX open_parts_in_order ON open_parts (person_id, requested_at, approval_id, step);
DROP INDEX open_parts_of_person;
ALTER INDEX open_parts_in_order RENAME TO open_parts_of_person;
