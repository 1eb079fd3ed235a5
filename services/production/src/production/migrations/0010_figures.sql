-- What was completed or refused in a period.
CREATE INDEX phases_by_completion ON phases (tenant_id, completed_at) WHERE state = 'done';
CREATE INDEX rejected_by_day ON rejected_attempts (tenant_id, rejected_at);
CREATE INDEX orders_by_readiness ON orders (tenant_id, ready_at) WHERE ready_at IS NOT NULL;
