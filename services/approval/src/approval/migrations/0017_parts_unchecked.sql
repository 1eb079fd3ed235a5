-- Rows of both are written by the statement that writes their approval, and no approval is ever deleted. Checking
-- each against it takes longer than all else where a step asks ten thousand people.
ALTER TABLE open_parts DROP CONSTRAINT open_parts_approval_id_fkey;
ALTER TABLE concerned DROP CONSTRAINT concerned_approval_id_fkey;
