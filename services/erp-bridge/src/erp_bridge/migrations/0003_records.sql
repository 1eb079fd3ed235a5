-- What is exchanged is a record, whatever its entity; connections carry more than customers, orders and DDTs.
ALTER TABLE links DROP CONSTRAINT links_entity_check;
-- external_id is the remote id. The code by which people there know the record may change; the version tells
-- whether somebody changed it there.
ALTER TABLE links
    ADD COLUMN remote_code   text,
    ADD COLUMN remote_number text,
    ADD COLUMN version       text,
    ADD COLUMN state         text NOT NULL DEFAULT 'linked' CHECK (state IN ('linked', 'deleted'));
CREATE INDEX links_by_record ON links (internal_id, entity);

-- `secrets` is sealed; `exchanges` holds the entities that are switched off or have times of their own.
ALTER TABLE connections
    ADD COLUMN secrets   bytea,
    ADD COLUMN exchanges jsonb NOT NULL DEFAULT '{}';

-- Master data and lookup tables as last agreed with the ERPs. `code` is ours and stays; theirs are on the links.
CREATE TABLE records (
    tenant_id   uuid NOT NULL DEFAULT optima_tenant(),
    record_id   uuid PRIMARY KEY,
    entity      text NOT NULL,
    code        text NOT NULL,
    name        text NOT NULL,
    vat_number  text,
    fiscal_code text,
    fields      jsonb NOT NULL,
    active      boolean NOT NULL DEFAULT true,
    updated_at  timestamptz NOT NULL
);
SELECT optima_protect('records');
CREATE INDEX records_by_name ON records (tenant_id, entity, name, record_id);
CREATE INDEX records_by_code ON records (tenant_id, entity, code);
CREATE INDEX records_by_vat_number ON records (tenant_id, entity, vat_number);
CREATE INDEX records_by_fiscal_code ON records (tenant_id, entity, fiscal_code);

-- The release before goes on writing `customers` while this one begins: what it writes arrives here as well.
CREATE FUNCTION copy_customer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO records (tenant_id, record_id, entity, code, name, vat_number, fiscal_code, fields, updated_at)
    VALUES (NEW.tenant_id, NEW.customer_id, 'customer', NEW.code, NEW.name, NEW.vat_number, NEW.fiscal_code,
            to_jsonb(NEW) - ARRAY['tenant_id', 'customer_id', 'updated_at'] || '{"country": "IT"}', NEW.updated_at)
    ON CONFLICT (record_id) DO UPDATE
    SET name = excluded.name, vat_number = excluded.vat_number, fiscal_code = excluded.fiscal_code,
        fields = excluded.fields, updated_at = excluded.updated_at;
    RETURN NULL;
END $$;
CREATE TRIGGER customers_copied AFTER INSERT OR UPDATE ON customers
    FOR EACH ROW EXECUTE FUNCTION copy_customer();
ALTER TABLE customers NO FORCE ROW LEVEL SECURITY;
ALTER TABLE records NO FORCE ROW LEVEL SECURITY;
INSERT INTO records (tenant_id, record_id, entity, code, name, vat_number, fiscal_code, fields, updated_at)
SELECT tenant_id, customer_id, 'customer', code, name, vat_number, fiscal_code,
       to_jsonb(customers) - ARRAY['tenant_id', 'customer_id', 'updated_at'] || '{"country": "IT"}', updated_at
FROM customers;
ALTER TABLE customers FORCE ROW LEVEL SECURITY;
ALTER TABLE records FORCE ROW LEVEL SECURITY;

-- How far each entity of a connection was read; saved with the page that was read up to there.
CREATE TABLE checkpoints (
    tenant_id     uuid NOT NULL DEFAULT optima_tenant(),
    connection_id uuid NOT NULL REFERENCES connections,
    entity        text NOT NULL,
    checkpoint    jsonb NOT NULL,
    saved_at      timestamptz NOT NULL,
    PRIMARY KEY (connection_id, entity)
);
SELECT optima_protect('checkpoints');

-- What each import brought; a look that finds nothing leaves no row.
CREATE TABLE runs (
    tenant_id     uuid NOT NULL DEFAULT optima_tenant(),
    run_id        uuid PRIMARY KEY,
    connection_id uuid NOT NULL REFERENCES connections,
    entity        text NOT NULL,
    kind          text NOT NULL,
    state         text NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    counts        jsonb NOT NULL,
    problem       text,
    started_at    timestamptz NOT NULL,
    finished_at   timestamptz
);
SELECT optima_protect('runs');
CREATE INDEX runs_in_order ON runs (tenant_id, run_id DESC);

-- A connection's outage is one failure of both directions; a question waits for an answer, a notice for a look,
-- a document for its customer.
ALTER TABLE failures DROP CONSTRAINT failures_direction_check, DROP CONSTRAINT failures_error_class_check;
ALTER TABLE failures
    ADD CHECK (direction IN ('in', 'out', 'both')),
    ADD CHECK (error_class IN ('refused', 'unreachable', 'question', 'notice', 'waiting'));
CREATE INDEX documents_by_change ON documents (tenant_id, entity, changed_at);
