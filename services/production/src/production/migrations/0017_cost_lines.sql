-- What a job's cost is made of, and every economics that a job has had.
ALTER TABLE job_economics ADD COLUMN cost_lines jsonb NOT NULL DEFAULT '[]';

CREATE TABLE economics_history (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    entry bigint GENERATED ALWAYS AS IDENTITY,
    job_id uuid NOT NULL REFERENCES order_jobs (id),
    set_at timestamptz NOT NULL,
    -- None: those of before the history.
    set_by uuid,
    cost numeric(14, 2) NOT NULL,
    unit_price numeric NOT NULL,
    supplier text,
    materials text NOT NULL,
    technical_sheet text NOT NULL,
    vat_code text NOT NULL,
    price_reason text,
    cost_lines jsonb NOT NULL,
    PRIMARY KEY (tenant_id, job_id, entry)
);
SELECT optima_protect('economics_history');
DO $$
BEGIN
    EXECUTE format('REVOKE UPDATE, DELETE ON economics_history FROM %I', optima_role('rw'));
END $$;

-- As before, and why somebody who was erased set another price. Its rights stay as they are.
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
    UPDATE job_economics SET price_reason = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND price_reason IS NOT NULL AND EXISTS (
        SELECT FROM economics_history AS entries
        WHERE entries.job_id = job_economics.job_id AND set_by = person
            AND entries.price_reason = job_economics.price_reason);
    UPDATE economics_history SET price_reason = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND set_by = person AND price_reason IS NOT NULL;
END;
