-- What briefs may begin with: kept by a person, for the people of their unit.
CREATE TABLE brief_templates (
    template_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    name text NOT NULL,
    content jsonb NOT NULL,
    unit_id uuid,
    kept_by uuid NOT NULL,
    kept_at timestamptz NOT NULL
);
SELECT optima_protect('brief_templates');
CREATE INDEX brief_templates_newest ON brief_templates (tenant_id, template_id);
