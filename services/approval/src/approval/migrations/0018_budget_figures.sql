-- How a brief's budget stood when a revision was submitted: told just before the submission.
CREATE TABLE budget_figures (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    subject_id uuid NOT NULL,
    revision integer NOT NULL,
    figures jsonb NOT NULL,
    PRIMARY KEY (tenant_id, subject_id, revision)
);
SELECT optima_protect('budget_figures');
