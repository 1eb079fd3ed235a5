-- An approval that was given can be revoked. The wider check holds for every row that the narrower one let in.
ALTER TABLE approvals DROP CONSTRAINT approvals_state_check;
ALTER TABLE approvals ADD CONSTRAINT approvals_state_check CHECK (state IN ('open', 'approved', 'rejected',
    'changes_requested', 'cancelled', 'expired', 'not_opened', 'revoked')) NOT VALID;
