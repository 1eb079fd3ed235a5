-- Phases that begin with an approved proof alone, and what is known of the proofs of briefs.
ALTER TABLE phases ADD COLUMN needs_proof boolean NOT NULL DEFAULT false;

CREATE TABLE proofs (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    proof_id uuid NOT NULL,
    brief_id uuid NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    approved boolean NOT NULL,
    PRIMARY KEY (tenant_id, proof_id)
);
SELECT optima_protect('proofs');
CREATE INDEX proofs_of_brief ON proofs (tenant_id, brief_id);
