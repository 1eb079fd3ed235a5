-- Phases that a company outside does, and what the warehouse told of goods that went there and came back: of a
-- shipment the newest word, of a return the only one. `good_before` and `scrap_before` were back when quality refused
-- the last attempt.
ALTER TABLE phases
    ADD COLUMN finisher text,
    ADD COLUMN good_before numeric(15, 3) NOT NULL DEFAULT 0,
    ADD COLUMN scrap_before numeric(15, 3) NOT NULL DEFAULT 0;

CREATE TABLE sent_outside (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    phase_id uuid NOT NULL REFERENCES phases (id),
    shipment_id uuid NOT NULL,
    sequence bigint NOT NULL,
    quantity numeric(15, 3) NOT NULL,
    PRIMARY KEY (tenant_id, phase_id, shipment_id)
);
SELECT optima_protect('sent_outside');

CREATE TABLE back_from_outside (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    phase_id uuid NOT NULL REFERENCES phases (id),
    return_id uuid NOT NULL,
    good numeric(15, 3) NOT NULL,
    scrap numeric(15, 3) NOT NULL,
    PRIMARY KEY (tenant_id, phase_id, return_id)
);
SELECT optima_protect('back_from_outside');
