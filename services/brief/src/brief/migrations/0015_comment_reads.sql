-- How far each person has read a brief's comments: the newest that they said they had read.
CREATE TABLE comment_reads (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    brief_id uuid NOT NULL,
    person_id uuid NOT NULL,
    comment_id uuid NOT NULL,
    read_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, brief_id, person_id)
);
SELECT optima_protect('comment_reads');
