-- The day on which an approval's content was submitted, or last amended, as conditions read it.
ALTER TABLE approvals ADD COLUMN today date;
