-- What approvers have filled in, by field.
ALTER TABLE approvals ADD COLUMN filled jsonb NOT NULL DEFAULT '{}';
