-- The newest access version of each person, service account ("<id>") and role ("role <key>") whose change
-- this service was told: an access token made from an older one is refused. Read for all tenants by the processes
-- that answer requests, each second and from one moment on.
CREATE TABLE access_changes (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    holder text NOT NULL,
    version integer NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, holder)
);
SELECT optima_protect('access_changes');
SELECT optima_open_to_backbone('access_changes');
CREATE INDEX access_changes_newest ON access_changes (changed_at);
