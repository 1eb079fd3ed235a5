-- What the bridge reads and writes. Row-level security narrows everything to the tenant.

-- name: find_connection
SELECT connection_id, key, connector, settings, changes, mapping_version, version, last_import_at
FROM connections WHERE key = $1

-- name: lock_connection
-- One import, or one change, at a time.
SELECT connection_id, key, connector, settings, changes, mapping_version, version, last_import_at
FROM connections WHERE key = $1 FOR UPDATE

-- name: connection_by_id
SELECT connection_id, key, connector, settings, changes, mapping_version, version, last_import_at
FROM connections WHERE connection_id = $1

-- name: every_connection
SELECT connection_id, key, connector, settings, changes, mapping_version, version, last_import_at
FROM connections ORDER BY key

-- name: save_connection
INSERT INTO connections (connection_id, key, connector, settings, changes, mapping_version, version)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (connection_id) DO UPDATE
SET settings = excluded.settings, changes = excluded.changes, mapping_version = excluded.mapping_version,
    version = excluded.version

-- name: keep_mapping
INSERT INTO mapping_versions (connection_id, version, changes, since) VALUES ($1, $2, $3, $4)
ON CONFLICT (connection_id, version) DO NOTHING

-- name: note_import
UPDATE connections SET last_import_at = $2 WHERE connection_id = $1

-- name: connection_state
SELECT count(*) FILTER (WHERE entity = 'customer') AS customers,
       count(*) FILTER (WHERE entity = 'order' AND exported_at IS NOT NULL) AS orders,
       count(*) FILTER (WHERE entity = 'ddt' AND exported_at IS NOT NULL) AS ddts,
       count(*) FILTER (WHERE owed_since IS NOT NULL) AS waiting,
       min(owed_since) AS oldest_waiting_since,
       max(exported_at) AS last_export_at,
       (SELECT count(*) FROM failures WHERE connection_id = $1) AS failures
FROM links WHERE connection_id = $1

-- name: customers_by_code
SELECT c.customer_id, l.external_id AS code, c.name, c.vat_number, c.fiscal_code, c.street, c.postal_code,
       c.city, c.province, c.payment_method, c.payment_terms
FROM links AS l JOIN customers AS c ON c.customer_id = l.internal_id
WHERE l.connection_id = $1 AND l.entity = 'customer' AND l.external_id = ANY ($2::text[])

-- name: customers_by_tax_number
-- Those that this connection has no code for yet.
SELECT c.customer_id, c.code, c.name, c.vat_number, c.fiscal_code, c.street, c.postal_code, c.city,
       c.province, c.payment_method, c.payment_terms
FROM customers AS c
WHERE (c.vat_number = ANY ($2::text[]) OR c.fiscal_code = ANY ($2::text[]))
  AND NOT EXISTS (SELECT FROM links AS l
                  WHERE l.connection_id = $1 AND l.entity = 'customer' AND l.internal_id = c.customer_id)

-- name: save_customers
INSERT INTO customers (customer_id, code, name, vat_number, fiscal_code, street, postal_code, city,
                       province, payment_method, payment_terms, updated_at)
SELECT *, $12::timestamptz
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
            $9::text[], $10::text[], $11::text[])
ON CONFLICT (customer_id) DO UPDATE
SET code = excluded.code, name = excluded.name, vat_number = excluded.vat_number,
    fiscal_code = excluded.fiscal_code, street = excluded.street, postal_code = excluded.postal_code,
    city = excluded.city, province = excluded.province, payment_method = excluded.payment_method,
    payment_terms = excluded.payment_terms, updated_at = excluded.updated_at

-- name: link_customers
INSERT INTO links (connection_id, entity, internal_id, external_id)
SELECT $1, 'customer', * FROM unnest($2::uuid[], $3::text[])
ON CONFLICT (connection_id, entity, internal_id) DO UPDATE SET external_id = excluded.external_id

-- name: page_customers
SELECT customer_id, code, name, vat_number, fiscal_code, street, postal_code, city, province,
       payment_method, payment_terms, updated_at
FROM customers
WHERE (name, customer_id) > ($1, $2) AND ($3::text IS NULL OR code = $3)
ORDER BY name, customer_id
LIMIT $4

-- name: find_customer
SELECT customer_id, code, name, vat_number, fiscal_code, street, postal_code, city, province,
       payment_method, payment_terms, updated_at
FROM customers WHERE customer_id = $1

-- name: lock_document
SELECT entity, internal_id, number, correlation_id, heading, lines, changed_at
FROM documents WHERE entity = $1 AND internal_id = $2 FOR UPDATE

-- name: save_document
INSERT INTO documents (entity, internal_id, number, correlation_id, heading, lines, changed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (tenant_id, entity, internal_id) DO UPDATE
SET number = excluded.number, heading = excluded.heading, lines = excluded.lines,
    changed_at = excluded.changed_at

-- name: find_link
SELECT external_id, content_hash FROM links WHERE connection_id = $1 AND entity = $2 AND internal_id = $3

-- name: await_export
-- Keeps the older time: for so long the ERP has lagged.
INSERT INTO links AS l (connection_id, entity, internal_id, owed_since) VALUES ($1, $2, $3, $4)
ON CONFLICT (connection_id, entity, internal_id) DO UPDATE
SET owed_since = coalesce(l.owed_since, excluded.owed_since)

-- name: note_export
-- A state that has changed meanwhile is still owed. Returns since when this one was.
UPDATE links AS l
SET external_id = $4, content_hash = $5, exported_at = $6,
    owed_since = CASE WHEN d.changed_at > $7 THEN d.changed_at END
FROM links AS before, documents AS d
WHERE l.connection_id = $1 AND l.entity = $2 AND l.internal_id = $3
  AND before.connection_id = $1 AND before.entity = $2 AND before.internal_id = $3
  AND d.entity = $2 AND d.internal_id = $3
RETURNING before.owed_since

-- name: record_failure
INSERT INTO failures (failure_id, connection_id, entity, direction, record_key, payload, problems, error_class,
                      attempts, first_failed_at, last_failed_at, retry_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11)
ON CONFLICT (connection_id, entity, direction, record_key) DO UPDATE
SET payload = excluded.payload, problems = excluded.problems, error_class = excluded.error_class,
    attempts = excluded.attempts, last_failed_at = excluded.last_failed_at, retry_at = excluded.retry_at
RETURNING failure_id

-- name: resolve_failures
DELETE FROM failures
WHERE connection_id = $1 AND entity = $2 AND direction = $3 AND record_key = ANY ($4::text[])

-- name: count_attempts
SELECT attempts FROM failures
WHERE connection_id = $1 AND entity = $2 AND direction = $3 AND record_key = $4

-- name: lock_failure
SELECT f.*, c.key AS connection_key FROM failures AS f JOIN connections AS c USING (connection_id)
WHERE failure_id = $1 FOR UPDATE OF f

-- name: restart_failure
UPDATE failures SET attempts = 0, retry_at = $2 WHERE failure_id = $1

-- name: page_failures
SELECT f.*, c.key AS connection_key FROM failures AS f JOIN connections AS c USING (connection_id)
WHERE failure_id > $1 AND ($2::text IS NULL OR c.key = $2)
ORDER BY failure_id
LIMIT $3

-- name: measure_lag
-- As the backbone's role, over all tenants: how far the most lagging connection of each kind is behind.
SELECT connector,
       max(extract(epoch FROM now() - last_import_at))::float8 AS import_lag,
       max((SELECT extract(epoch FROM now() - min(owed_since)) FROM links
            WHERE links.connection_id = connections.connection_id AND owed_since IS NOT NULL))::float8 AS export_lag
FROM connections GROUP BY connector

-- name: measure_failures
SELECT entity, count(*) AS waiting FROM failures WHERE retry_at IS NULL GROUP BY entity
