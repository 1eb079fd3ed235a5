CREATE TABLE notes (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    text text NOT NULL
);
SELECT optima_protect('notes');
