-- Another price than the approved one, which is approved anew; and the process that such amendments enter.
CREATE TABLE amendments (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    id uuid NOT NULL,
    job_id uuid NOT NULL,
    quantity numeric(15, 3) NOT NULL,
    unit_price_before numeric(13, 4) NOT NULL,
    unit_price numeric(13, 4) NOT NULL CHECK (unit_price >= 0),
    content_hash text NOT NULL,
    reason text NOT NULL,
    process text NOT NULL,
    requested_at timestamptz NOT NULL,
    requested_by uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('in_approval', 'applied', 'rejected', 'not_approved', 'lapsed', 'revoked')),
    approval_id uuid,
    ended_at timestamptz,
    ended_by uuid,
    ended_because text,
    PRIMARY KEY (tenant_id, id)
);
SELECT optima_protect('amendments');
CREATE INDEX amendments_of_job ON amendments (tenant_id, job_id, id);
CREATE UNIQUE INDEX one_amendment_in_approval ON amendments (tenant_id, job_id) WHERE state = 'in_approval';

ALTER TABLE price_policies ADD COLUMN process text NOT NULL DEFAULT 'order-amendment';

-- As before, and why somebody who was erased asked for another price, or refused it. Its rights stay as they are.
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
    UPDATE amendments SET reason = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND requested_by = person;
    UPDATE amendments SET ended_because = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND ended_by = person AND ended_because IS NOT NULL;
END;
