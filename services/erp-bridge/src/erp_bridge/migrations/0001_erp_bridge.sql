-- Connections are the tenant's data. `changes` holds where the mapping departs from the connector's own.
CREATE TABLE connections (
    tenant_id       uuid NOT NULL DEFAULT optima_tenant(),
    connection_id   uuid PRIMARY KEY,
    key             text NOT NULL,
    connector       text NOT NULL,
    settings        jsonb NOT NULL,
    changes         jsonb NOT NULL,
    mapping_version integer NOT NULL,
    version         integer NOT NULL,
    last_import_at  timestamptz,
    UNIQUE (tenant_id, key)
);
SELECT optima_protect('connections');

-- Every mapping that was ever in force, so that an old exchange can be explained.
CREATE TABLE mapping_versions (
    tenant_id     uuid NOT NULL DEFAULT optima_tenant(),
    connection_id uuid NOT NULL REFERENCES connections,
    version       integer NOT NULL,
    changes       jsonb NOT NULL,
    since         timestamptz NOT NULL,
    PRIMARY KEY (connection_id, version)
);
SELECT optima_protect('mapping_versions');

-- Customers as last agreed with the ERPs.
CREATE TABLE customers (
    tenant_id      uuid NOT NULL DEFAULT optima_tenant(),
    customer_id    uuid PRIMARY KEY,
    code           text NOT NULL,
    name           text NOT NULL,
    vat_number     text,
    fiscal_code    text,
    street         text NOT NULL,
    postal_code    text NOT NULL,
    city           text NOT NULL,
    province       text NOT NULL,
    payment_method text,
    payment_terms  text,
    updated_at     timestamptz NOT NULL
);
SELECT optima_protect('customers');
CREATE INDEX customers_by_name ON customers (tenant_id, name, customer_id);
CREATE INDEX customers_by_code ON customers (tenant_id, code);
CREATE INDEX customers_by_vat_number ON customers (tenant_id, vat_number);
CREATE INDEX customers_by_fiscal_code ON customers (tenant_id, fiscal_code);

-- Orders and DDTs as they are to stand in the ERP. `lines` is an array of [key, line]: their order counts.
CREATE TABLE documents (
    tenant_id      uuid NOT NULL DEFAULT optima_tenant(),
    entity         text NOT NULL CHECK (entity IN ('order', 'ddt')),
    internal_id    uuid NOT NULL,
    number         text NOT NULL,
    correlation_id uuid NOT NULL,
    heading        jsonb NOT NULL,
    lines          jsonb NOT NULL,
    changed_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, entity, internal_id)
);
SELECT optima_protect('documents');

-- Which record of ours is which record of theirs. `owed_since` says since when the ERP has lacked the
-- present state of a document; `content_hash` covers the rows that it has.
CREATE TABLE links (
    tenant_id     uuid NOT NULL DEFAULT optima_tenant(),
    connection_id uuid NOT NULL REFERENCES connections,
    entity        text NOT NULL CHECK (entity IN ('customer', 'order', 'ddt')),
    internal_id   uuid NOT NULL,
    external_id   text,
    content_hash  text,
    owed_since    timestamptz,
    exported_at   timestamptz,
    PRIMARY KEY (connection_id, entity, internal_id),
    UNIQUE (connection_id, entity, external_id)
);
SELECT optima_protect('links');
CREATE INDEX links_owed ON links (connection_id, owed_since) WHERE owed_since IS NOT NULL;

-- Records that could not be exchanged; gone when they went through.
CREATE TABLE failures (
    tenant_id       uuid NOT NULL DEFAULT optima_tenant(),
    failure_id      uuid PRIMARY KEY,
    connection_id   uuid NOT NULL REFERENCES connections,
    entity          text NOT NULL,
    direction       text NOT NULL CHECK (direction IN ('in', 'out')),
    record_key      text NOT NULL,
    payload         jsonb NOT NULL,
    problems        jsonb NOT NULL,
    error_class     text NOT NULL CHECK (error_class IN ('refused', 'unreachable')),
    attempts        integer NOT NULL,
    first_failed_at timestamptz NOT NULL,
    last_failed_at  timestamptz NOT NULL,
    retry_at        timestamptz,
    UNIQUE (connection_id, entity, direction, record_key)
);
SELECT optima_protect('failures');
CREATE INDEX failures_in_order ON failures (tenant_id, failure_id);

-- The gauges count over all tenants, and see no more than they need for that.
DO $$
DECLARE
    watched text;
BEGIN
    FOREACH watched IN ARRAY ARRAY['connections', 'links', 'failures'] LOOP
        EXECUTE format('CREATE POLICY measured ON %I FOR SELECT TO %I USING (true)',
                       watched, optima_role('backbone'));
    END LOOP;
    EXECUTE format('GRANT SELECT (connection_id, connector, last_import_at) ON connections TO %I',
                   optima_role('backbone'));
    EXECUTE format('GRANT SELECT (connection_id, owed_since) ON links TO %I', optima_role('backbone'));
    EXECUTE format('GRANT SELECT (connection_id, entity, retry_at) ON failures TO %I', optima_role('backbone'));
END $$;
