-- What became of a brief's items, as production and logistics tell it.
CREATE TABLE item_jobs (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    job_id uuid NOT NULL,
    brief_id uuid NOT NULL,
    item_id uuid,
    ordered numeric(15, 3),
    produced numeric(15, 3),
    closed boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, job_id)
);
SELECT optima_protect('item_jobs');
CREATE INDEX item_jobs_of_brief ON item_jobs (tenant_id, brief_id);

CREATE TABLE shipments (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    shipment_id uuid NOT NULL,
    brief_id uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('issued', 'departed', 'delivered', 'refused', 'voided')),
    sequence bigint NOT NULL,
    quantities jsonb NOT NULL,
    ddt_number text,
    issued_on date,
    delivered_at timestamptz,
    PRIMARY KEY (tenant_id, shipment_id)
);
SELECT optima_protect('shipments');
CREATE INDEX shipments_of_brief ON shipments (tenant_id, brief_id);

-- Whom a comment is meant for, and what it came to say: a comment's own row stays as it was first written.
ALTER TABLE comments ADD COLUMN mentioned_ids uuid[] NOT NULL DEFAULT '{}';
CREATE TABLE comment_edits (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    edit bigint GENERATED ALWAYS AS IDENTITY,
    brief_id uuid NOT NULL,
    comment_id uuid NOT NULL,
    text text NOT NULL,
    mentioned_ids uuid[] NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (brief_id, comment_id, edit),
    FOREIGN KEY (brief_id, comment_id) REFERENCES comments (brief_id, comment_id)
);
SELECT optima_protect('comment_edits');
DO $$
BEGIN
    EXECUTE format('REVOKE UPDATE, DELETE ON comment_edits FROM %I', optima_role('rw'));
END $$;
