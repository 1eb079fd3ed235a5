-- A subject is named by its type and its id: one that a client names takes the place of no other.
CREATE UNIQUE INDEX approvals_open_once_by_type ON approvals (tenant_id, subject_type, subject_id)
    WHERE state = 'open';
DROP INDEX approvals_open_once;
