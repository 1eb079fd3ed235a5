-- What was ordered may change after the confirmation: each change is kept, and the quantity that was confirmed.
ALTER TABLE order_jobs ADD COLUMN confirmed numeric(15, 3);
UPDATE order_jobs SET confirmed = quantity;

CREATE TABLE order_changes (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    id uuid NOT NULL,
    order_id uuid NOT NULL REFERENCES orders (id),
    changed_at timestamptz NOT NULL,
    changed_by uuid NOT NULL,
    reason text NOT NULL,
    deadline_before date,
    job_id uuid,
    quantity_before numeric(15, 3),
    deliveries_before jsonb,
    PRIMARY KEY (tenant_id, id)
);
SELECT optima_protect('order_changes');
CREATE INDEX changes_of_order ON order_changes (tenant_id, order_id, id);

-- As before, and why somebody who was erased changed an order. Its rights stay as they are.
CREATE OR REPLACE FUNCTION erase_texts_of(person uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    UPDATE phases SET note = '' WHERE tenant_id = optima_tenant() AND assignee_id = person AND note <> '';
    UPDATE rejected_attempts SET note = '' WHERE tenant_id = optima_tenant() AND assignee_id = person AND note <> '';
    UPDATE rejected_attempts SET reason = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND rejected_by = person;
    UPDATE phase_messages SET text = 'cancellato su richiesta', file_name = NULL, media_type = NULL, data = NULL
    WHERE tenant_id = optima_tenant() AND author_id = person;
    UPDATE order_changes SET reason = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND changed_by = person;
END;
