-- Who has taken a step of several people upon themselves, and on which day somebody wants to come back to their part:
-- each on the part's own row, with which it goes.
ALTER TABLE open_parts ADD COLUMN claimed_at timestamptz;
ALTER TABLE open_parts ADD COLUMN follow_up_on date;
