-- The own copy of the names of destinations: an assignee reads who does a phase outside, and may look up none.
CREATE TABLE destinations (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    code text COLLATE "C" NOT NULL,
    name text NOT NULL,
    city text NOT NULL,
    PRIMARY KEY (tenant_id, code)
);
SELECT optima_protect('destinations');
