-- This service's own copy of the tenant's directory, as identity's events last told it: names to show beside
-- ids, and who holds which privileges.
CREATE TABLE directory_people (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    id uuid NOT NULL,
    name text NOT NULL,
    active boolean NOT NULL,
    roles text[] NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
SELECT optima_protect('directory_people');

CREATE TABLE directory_roles (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    id uuid NOT NULL,
    key text NOT NULL,
    privileges text[] NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
SELECT optima_protect('directory_roles');

CREATE TABLE directory_units (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    id uuid NOT NULL,
    key text NOT NULL,
    name text NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
SELECT optima_protect('directory_units');
