-- What people write about a step, and the answers to what they ask.
CREATE TABLE comments (
    comment_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    approval_id uuid NOT NULL REFERENCES approvals,
    step text NOT NULL,
    person_id uuid NOT NULL,
    text text NOT NULL,
    to_person_id uuid,
    written_at timestamptz NOT NULL,
    answer text,
    answered_by uuid,
    answered_at timestamptz
);
SELECT optima_protect('comments');
CREATE INDEX comments_of_approval ON comments (tenant_id, approval_id, comment_id);
