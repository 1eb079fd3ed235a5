-- A failure that a person has dismissed stays, with who and why ({by, reason}): the same record that comes
-- again as it was asks nobody anew.
ALTER TABLE failures ADD COLUMN dismissed_at timestamptz, ADD COLUMN dismissal jsonb;
DO $$
BEGIN
    EXECUTE format('GRANT SELECT (dismissed_at) ON failures TO %I', optima_role('backbone'));
END $$;

-- What a comparison of an ERP with the links found: the counts, and a row for each record that is missing on a
-- side or differs. `code` and `record_name` are the ERP's, of records that it has.
CREATE TABLE reconciliations (
    tenant_id         uuid NOT NULL DEFAULT optima_tenant(),
    reconciliation_id uuid PRIMARY KEY,
    connection_id     uuid NOT NULL REFERENCES connections,
    entity            text NOT NULL,
    found_at          timestamptz NOT NULL,
    there             integer NOT NULL,
    linked            integer NOT NULL,
    missing_here      integer NOT NULL,
    missing_there     integer NOT NULL,
    differing         integer NOT NULL,
    deleted           integer NOT NULL,
    tells_deletions   boolean NOT NULL
);
SELECT optima_protect('reconciliations');
CREATE INDEX reconciliations_in_order ON reconciliations (tenant_id, reconciliation_id DESC);
CREATE INDEX reconciliations_by_entity ON reconciliations (connection_id, entity, reconciliation_id DESC);

CREATE TABLE reconciliation_differences (
    tenant_id         uuid NOT NULL DEFAULT optima_tenant(),
    reconciliation_id uuid NOT NULL REFERENCES reconciliations ON DELETE CASCADE,
    kind              text NOT NULL CHECK (kind IN ('missing_here', 'missing_there', 'differing')),
    remote_id         text NOT NULL,
    code              text,
    record_name       text,
    PRIMARY KEY (reconciliation_id, kind, remote_id)
);
SELECT optima_protect('reconciliation_differences');
