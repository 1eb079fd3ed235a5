-- What the dispatcher reads: each tenant's due jobs in their order, and how many of them are in workers' hands.
CREATE INDEX jobs_unhinted_of_tenant ON jobs (tenant_id, due_at) WHERE state = 'due' AND hinted_at IS NULL;
CREATE INDEX jobs_hinted_of_tenant ON jobs (tenant_id) WHERE state = 'due' AND hinted_at IS NOT NULL;
