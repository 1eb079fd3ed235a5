-- What the bridge reads and writes. Row-level security narrows everything to the tenant.

-- name: find_connection
SELECT connection_id, key, connector, settings, changes, mapping_version, version, last_import_at
FROM connections WHERE key = :key

-- name: lock_connection
-- One import, or one change, at a time.
SELECT connection_id, key, connector, settings, changes, mapping_version, version, last_import_at
FROM connections WHERE key = :key FOR UPDATE

-- name: find_connection_by_id
SELECT connection_id, key, connector, settings, changes, mapping_version, version, last_import_at
FROM connections WHERE connection_id = :connection_id

-- name: list_connections
SELECT connection_id, key, connector, settings, changes, mapping_version, version, last_import_at
FROM connections ORDER BY key

-- name: upsert_connection
INSERT INTO connections (connection_id, key, connector, settings, changes, mapping_version, version)
VALUES (:connection_id, :key, :connector, :settings, :changes, :mapping_version, :version)
ON CONFLICT (connection_id) DO UPDATE
SET settings = excluded.settings, changes = excluded.changes, mapping_version = excluded.mapping_version,
    version = excluded.version

-- name: insert_mapping_version
INSERT INTO mapping_versions (connection_id, version, changes, since)
VALUES (:connection_id, :version, :changes, :since)
ON CONFLICT (connection_id, version) DO NOTHING

-- name: update_last_import
UPDATE connections SET last_import_at = :at WHERE connection_id = :connection_id

-- name: find_connection_state
-- Reads counts, and besides them only what waits or failed.
SELECT coalesce(sum(links) FILTER (WHERE entity = 'customer'), 0)::bigint AS customers,
       coalesce(sum(links) FILTER (WHERE entity = 'order'), 0)::bigint AS orders,
       coalesce(sum(links) FILTER (WHERE entity = 'ddt'), 0)::bigint AS ddts,
       (SELECT count(*) FROM links
        WHERE connection_id = :connection_id AND owed_since IS NOT NULL) AS waiting,
       (SELECT min(owed_since) FROM links
        WHERE connection_id = :connection_id AND owed_since IS NOT NULL) AS oldest_waiting_since,
       max(last_export_at) AS last_export_at,
       (SELECT count(*) FROM failures WHERE connection_id = :connection_id) AS failures
FROM link_counts WHERE connection_id = :connection_id

-- name: list_customers_by_code
SELECT c.customer_id, l.external_id AS code, c.name, c.vat_number, c.fiscal_code, c.street, c.postal_code,
       c.city, c.province, c.payment_method, c.payment_terms
FROM links AS l JOIN customers AS c ON c.customer_id = l.internal_id
WHERE l.connection_id = :connection_id AND l.entity = 'customer' AND l.external_id = ANY (:codes::text[])

-- name: list_customers_by_tax_number
-- Those that this connection has no code for yet.
SELECT c.customer_id, c.code, c.name, c.vat_number, c.fiscal_code, c.street, c.postal_code, c.city,
       c.province, c.payment_method, c.payment_terms
FROM customers AS c
WHERE (c.vat_number = ANY (:numbers::text[]) OR c.fiscal_code = ANY (:numbers::text[]))
  AND NOT EXISTS (SELECT FROM links AS l
                  WHERE l.connection_id = :connection_id AND l.entity = 'customer'
                    AND l.internal_id = c.customer_id)

-- name: upsert_customers
INSERT INTO customers (customer_id, code, name, vat_number, fiscal_code, street, postal_code, city,
                       province, payment_method, payment_terms, updated_at)
SELECT customer_id, code, name, vat_number, fiscal_code, street, postal_code, city, province, payment_method,
       payment_terms, :updated_at::timestamptz
FROM unnest(:customer_id::uuid[], :code::text[], :name::text[], :vat_number::text[], :fiscal_code::text[],
            :street::text[], :postal_code::text[], :city::text[], :province::text[], :payment_method::text[],
            :payment_terms::text[])
    AS customer(customer_id, code, name, vat_number, fiscal_code, street, postal_code, city, province,
                payment_method, payment_terms)
ON CONFLICT (customer_id) DO UPDATE
SET code = excluded.code, name = excluded.name, vat_number = excluded.vat_number,
    fiscal_code = excluded.fiscal_code, street = excluded.street, postal_code = excluded.postal_code,
    city = excluded.city, province = excluded.province, payment_method = excluded.payment_method,
    payment_terms = excluded.payment_terms, updated_at = excluded.updated_at

-- name: upsert_customer_links
INSERT INTO links (connection_id, entity, internal_id, external_id)
SELECT :connection_id, 'customer', customer_id, code
FROM unnest(:customer_ids::uuid[], :codes::text[]) AS customer(customer_id, code)
ON CONFLICT (connection_id, entity, internal_id) DO UPDATE SET external_id = excluded.external_id

-- name: list_customers
SELECT customer_id, code, name, vat_number, fiscal_code, street, postal_code, city, province,
       payment_method, payment_terms, updated_at
FROM customers
WHERE (name, customer_id) > (:after_name, :after_id) AND (:code::text IS NULL OR code = :code)
ORDER BY name, customer_id
LIMIT :limit

-- name: find_customer
SELECT customer_id, code, name, vat_number, fiscal_code, street, postal_code, city, province,
       payment_method, payment_terms, updated_at
FROM customers WHERE customer_id = :customer_id

-- name: lock_document
SELECT entity, internal_id, number, correlation_id, heading, lines, changed_at
FROM documents WHERE entity = :entity AND internal_id = :internal_id FOR UPDATE

-- name: upsert_document
INSERT INTO documents (entity, internal_id, number, correlation_id, heading, lines, changed_at)
VALUES (:entity, :internal_id, :number, :correlation_id, :heading, :lines, :changed_at)
ON CONFLICT (tenant_id, entity, internal_id) DO UPDATE
SET number = excluded.number, heading = excluded.heading, lines = excluded.lines,
    changed_at = excluded.changed_at

-- name: find_link
SELECT external_id, content_hash FROM links
WHERE connection_id = :connection_id AND entity = :entity AND internal_id = :internal_id

-- name: upsert_awaited_export
-- Keeps the older time: for so long the ERP has lagged.
INSERT INTO links AS l (connection_id, entity, internal_id, owed_since)
VALUES (:connection_id, :entity, :internal_id, :since)
ON CONFLICT (connection_id, entity, internal_id) DO UPDATE
SET owed_since = coalesce(l.owed_since, excluded.owed_since)

-- name: update_exported_link
-- A state that has changed meanwhile is still owed. Returns since when this one was.
UPDATE links AS l
SET external_id = :external_id, content_hash = :content_hash, exported_at = :exported_at,
    owed_since = CASE WHEN d.changed_at > :state_of THEN d.changed_at END
FROM links AS before, documents AS d
WHERE l.connection_id = :connection_id AND l.entity = :entity AND l.internal_id = :internal_id
  AND before.connection_id = :connection_id AND before.entity = :entity AND before.internal_id = :internal_id
  AND d.entity = :entity AND d.internal_id = :internal_id
RETURNING before.owed_since

-- name: upsert_failure
INSERT INTO failures (failure_id, connection_id, entity, direction, record_key, payload, problems, error_class,
                      attempts, first_failed_at, last_failed_at, retry_at)
VALUES (:failure_id, :connection_id, :entity, :direction, :record_key, :payload, :problems, :error_class,
        :attempts, :failed_at, :failed_at, :retry_at)
ON CONFLICT (connection_id, entity, direction, record_key) DO UPDATE
SET payload = excluded.payload, problems = excluded.problems, error_class = excluded.error_class,
    attempts = excluded.attempts, last_failed_at = excluded.last_failed_at, retry_at = excluded.retry_at
RETURNING failure_id

-- name: delete_failures
DELETE FROM failures
WHERE connection_id = :connection_id AND entity = :entity AND direction = :direction
  AND record_key = ANY (:record_keys::text[])

-- name: count_attempts
SELECT attempts FROM failures
WHERE connection_id = :connection_id AND entity = :entity AND direction = :direction
  AND record_key = :record_key

-- name: lock_failure
SELECT f.failure_id, f.connection_id, f.entity, f.direction, f.record_key, f.payload, f.problems, f.error_class,
       f.attempts, f.first_failed_at, f.last_failed_at, f.retry_at, c.key AS connection_key
FROM failures AS f JOIN connections AS c USING (connection_id)
WHERE failure_id = :failure_id FOR UPDATE OF f

-- name: update_failure_to_restart
UPDATE failures SET attempts = 0, retry_at = :retry_at WHERE failure_id = :failure_id

-- name: list_failures
SELECT f.failure_id, f.connection_id, f.entity, f.direction, f.record_key, f.payload, f.problems, f.error_class,
       f.attempts, f.first_failed_at, f.last_failed_at, f.retry_at, c.key AS connection_key
FROM failures AS f JOIN connections AS c USING (connection_id)
WHERE failure_id > :after AND (:connection::text IS NULL OR c.key = :connection)
ORDER BY failure_id
LIMIT :limit

-- name: measure_lag
-- As the backbone's role, over all tenants: how far the most lagging connection of each kind is behind.
SELECT connector,
       max(extract(epoch FROM now() - last_import_at))::float8 AS import_lag,
       max((SELECT extract(epoch FROM now() - min(owed_since)) FROM links
            WHERE links.connection_id = connections.connection_id AND owed_since IS NOT NULL))::float8 AS export_lag
FROM connections GROUP BY connector

-- name: measure_failures
SELECT entity, count(*) AS waiting FROM failures WHERE retry_at IS NULL GROUP BY entity
