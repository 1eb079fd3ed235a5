-- A page of approvals that are over, or that are to move, begins beside a key. Many end in the same moment, and a
-- move leaves most of them open: each page read and sorted them all again.
CREATE INDEX approvals_over_in_order ON approvals (tenant_id, process_key, ended_at DESC, approval_id DESC)
    WHERE state IN ('approved', 'rejected', 'changes_requested', 'expired');
DROP INDEX approvals_over;
ALTER INDEX approvals_over_in_order RENAME TO approvals_over;
CREATE INDEX approvals_open_in_order ON approvals (tenant_id, process_key, approval_id, process_version)
    WHERE state = 'open';
DROP INDEX approvals_open_of_process;
ALTER INDEX approvals_open_in_order RENAME TO approvals_open_of_process;
