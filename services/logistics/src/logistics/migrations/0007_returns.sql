-- Goods that were delivered and came back, under a document of whoever sent them back. Rows are only added.
ALTER TABLE shipment_lines
    ADD COLUMN returned numeric(15, 3) NOT NULL DEFAULT 0,
    ADD CHECK (returned BETWEEN 0 AND quantity - came_back);
CREATE TABLE returns (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    return_id uuid NOT NULL,
    shipment_id uuid NOT NULL,
    document_type text NOT NULL,
    warehouse text NOT NULL,
    number text,
    date date NOT NULL,
    reason text NOT NULL,
    lines jsonb NOT NULL,
    recorded_at timestamptz NOT NULL,
    recorded_by uuid,
    PRIMARY KEY (tenant_id, return_id),
    FOREIGN KEY (tenant_id, shipment_id) REFERENCES shipments
);
SELECT optima_protect('returns');
CREATE INDEX returns_of_shipment ON returns (tenant_id, shipment_id, return_id);

DO $$
BEGIN
    EXECUTE format('REVOKE UPDATE, DELETE ON returns FROM %I', optima_role('rw'));
END $$;
