-- What proves a delivery: a photo, a signature, a signed copy of the document. Of shipments that travelled together, under
-- the one under whose id their document is kept. Rows are only added.
CREATE TABLE delivery_proofs (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    proof_id uuid NOT NULL,
    shipment_id uuid NOT NULL,
    name text NOT NULL,
    media_type text NOT NULL,
    size integer NOT NULL,
    sha256 text NOT NULL,
    data bytea NOT NULL,
    recorded_at timestamptz NOT NULL,
    recorded_by uuid,
    PRIMARY KEY (tenant_id, proof_id),
    FOREIGN KEY (tenant_id, shipment_id) REFERENCES shipments
);
-- PDF, PNG and JPEG are compressed already.
ALTER TABLE delivery_proofs ALTER COLUMN data SET STORAGE EXTERNAL;
SELECT optima_protect('delivery_proofs');
ALTER TABLE shipments ADD COLUMN proofs integer NOT NULL DEFAULT 0;
CREATE INDEX delivery_proofs_of_shipment ON delivery_proofs (tenant_id, shipment_id, proof_id);

DO $$
BEGIN
    EXECUTE format('REVOKE UPDATE, DELETE ON delivery_proofs FROM %I', optima_role('rw'));
END $$;

-- As before, and what shows who received a shipment: their face or signature.
CREATE OR REPLACE FUNCTION erase_texts_of(person uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    UPDATE movements SET reason = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND recorded_by = person AND reason IS NOT NULL;
    UPDATE returns SET reason = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND recorded_by = person;
    UPDATE shipments SET received_by = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND shipment_id = person AND received_by IS NOT NULL;
    UPDATE shipments SET proofs = 0
    WHERE tenant_id = optima_tenant() AND coalesce(document_of, shipment_id) IN (
        SELECT coalesce(document_of, shipment_id) FROM shipments
        WHERE tenant_id = optima_tenant() AND shipment_id = person);
    DELETE FROM delivery_proofs
    WHERE tenant_id = optima_tenant() AND shipment_id IN (
        SELECT coalesce(document_of, shipment_id) FROM shipments
        WHERE tenant_id = optima_tenant() AND shipment_id = person);
    UPDATE count_lines SET reason = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND counted_by = person AND reason IS NOT NULL;
    UPDATE holds SET reason = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND recorded_by = person;
END;
