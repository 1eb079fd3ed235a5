-- What of a record was changed here since the ERPs last agreed to it: field → {by: {id, name}, at}.
ALTER TABLE records
    ADD COLUMN edits   jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN version integer NOT NULL DEFAULT 1;
-- What came last through a link of the fields that both sides may change, so that it can be told who changed.
ALTER TABLE links ADD COLUMN shared jsonb NOT NULL DEFAULT '{}';

-- Both sides changed one field: a person decides. Resolved ones stay, to be looked up.
CREATE TABLE conflicts (
    tenant_id     uuid NOT NULL DEFAULT optima_tenant(),
    conflict_id   uuid PRIMARY KEY,
    connection_id uuid NOT NULL REFERENCES connections,
    entity        text NOT NULL,
    record_id     uuid NOT NULL REFERENCES records,
    field         text NOT NULL,
    ours          text,
    ours_by       jsonb NOT NULL,
    ours_at       timestamptz NOT NULL,
    theirs        text,
    found_at      timestamptz NOT NULL,
    choice        text CHECK (choice IN ('ours', 'theirs')),
    resolved_by   jsonb,
    resolved_at   timestamptz
);
SELECT optima_protect('conflicts');
CREATE UNIQUE INDEX conflicts_open ON conflicts (connection_id, record_id, field) WHERE resolved_at IS NULL;
CREATE INDEX conflicts_in_order ON conflicts (tenant_id, conflict_id);
