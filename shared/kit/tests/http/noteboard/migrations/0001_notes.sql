CREATE TABLE notes (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    text text NOT NULL,
    cost numeric(14, 2) NOT NULL,
    version integer NOT NULL DEFAULT 1
);
SELECT optima_protect('notes');
