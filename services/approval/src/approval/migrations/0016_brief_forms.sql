-- What the forms of the tenant's types of briefs ask, by key the kind of value: conditions of processes read it.
CREATE TABLE brief_forms (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    type_key text NOT NULL,
    version integer NOT NULL,
    fields jsonb NOT NULL,
    PRIMARY KEY (tenant_id, type_key)
);
SELECT optima_protect('brief_forms');
