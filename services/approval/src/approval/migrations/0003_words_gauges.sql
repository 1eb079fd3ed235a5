-- Words, by which approvals are found. A text search index is of no use under row-level security, since its
-- operator might leak what another tenant's rows hold; equality can't.
DROP INDEX approvals_search;
CREATE TABLE approval_words (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    word text NOT NULL,
    approval_id uuid NOT NULL REFERENCES approvals,
    PRIMARY KEY (tenant_id, word, approval_id)
);
SELECT optima_protect('approval_words');
CREATE INDEX approval_words_of_approval ON approval_words (approval_id);

-- The gauges count across tenants, and see nothing else of an approval.
DO $$
BEGIN
    EXECUTE format('CREATE POLICY counted ON approvals FOR SELECT TO %I USING (true)', optima_role('backbone'));
    EXECUTE format('GRANT SELECT (state) ON approvals TO %I', optima_role('backbone'));
    EXECUTE format('CREATE POLICY counted ON open_parts FOR SELECT TO %I USING (true)', optima_role('backbone'));
    EXECUTE format('GRANT SELECT (due_at) ON open_parts TO %I', optima_role('backbone'));
END $$;
