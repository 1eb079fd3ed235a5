-- The statements of the bridge. Row-level security restricts all of them to the tenant.

-- fragment: connection_columns
c.connection_id, c.key, c.connector, c.settings, c.secrets, c.exchanges, c.comparisons, c.changes, c.mapping_version,
c.version, c.calls_per_minute, c.last_import_at

-- name: find_connection
SELECT {connection_columns}
FROM connections AS c WHERE key = :key

-- name: lock_connection
-- Only one transaction at a time changes a connection.
SELECT {connection_columns}
FROM connections AS c WHERE key = :key FOR UPDATE

-- name: lock_settings
SELECT pg_advisory_xact_lock(hashtextextended('settings of connections ' || optima_tenant()::text, 0))

-- name: find_connection_by_id
SELECT {connection_columns}
FROM connections AS c WHERE connection_id = :connection_id

-- name: list_connections
SELECT {connection_columns}
FROM connections AS c ORDER BY key

-- name: upsert_connection
INSERT INTO connections (connection_id, key, connector, settings, secrets, exchanges, comparisons, changes,
                         mapping_version, version, calls_per_minute)
VALUES (:connection_id, :key, :connector, :settings, :secrets, :exchanges, :comparisons, :changes,
        :mapping_version, :version, :calls_per_minute)
ON CONFLICT (connection_id) DO UPDATE
SET settings = excluded.settings, secrets = excluded.secrets, exchanges = excluded.exchanges,
    comparisons = excluded.comparisons, changes = excluded.changes, mapping_version = excluded.mapping_version, version = excluded.version,
    calls_per_minute = excluded.calls_per_minute

-- name: insert_mapping_version
INSERT INTO mapping_versions (connection_id, version, changes, since)
VALUES (:connection_id, :version, :changes, :since)
ON CONFLICT (connection_id, version) DO NOTHING

-- name: list_mapping_versions
SELECT version, changes, since FROM mapping_versions
WHERE connection_id = :connection_id AND version < :before
ORDER BY version DESC
LIMIT :limit

-- name: list_linked
SELECT external_id AS remote_id, content_hash FROM links
WHERE connection_id = :connection_id AND entity = :entity AND state = 'linked' AND external_id IS NOT NULL

-- name: update_last_import
UPDATE connections SET last_import_at = :at WHERE connection_id = :connection_id

-- name: list_connection_states
-- plan: custom
-- Reads stored counts, and of the rows themselves only those that wait or have failed.
SELECT {connection_columns},
       (SELECT coalesce(jsonb_object_agg(entity, links), '{}')
        FROM (SELECT entity, sum(links)::bigint AS links FROM link_counts
              WHERE connection_id = c.connection_id GROUP BY entity) AS counted) AS links,
       (SELECT max(last_export_at) FROM link_counts WHERE connection_id = c.connection_id) AS last_export_at,
       owed.waiting, owed.oldest_waiting_since,
       (SELECT count(*) FROM failures WHERE connection_id = c.connection_id AND dismissed_at IS NULL) AS failures,
       (SELECT coalesce(array_agg(DISTINCT entity), '{}') FROM failures
        WHERE connection_id = c.connection_id AND error_class = 'paused') AS paused,
       o.first_failed_at AS outage_since, o.attempts AS outage_attempts, o.retry_at AS outage_retry_at,
       o.problems AS outage_problems
FROM connections AS c
CROSS JOIN LATERAL (SELECT count(*) AS waiting, min(owed_since) AS oldest_waiting_since FROM links
                    WHERE connection_id = c.connection_id AND owed_since IS NOT NULL) AS owed
LEFT JOIN failures AS o ON o.connection_id = c.connection_id AND o.entity = 'connection'
WHERE c.key > :after AND (:key::text IS NULL OR c.key = :key)
ORDER BY c.key
LIMIT :limit

-- name: find_checkpoint
SELECT checkpoint FROM checkpoints WHERE connection_id = :connection_id AND entity = :entity

-- name: insert_checkpoint
INSERT INTO checkpoints (connection_id, entity, checkpoint, saved_at)
VALUES (:connection_id, :entity, :after, :now)
ON CONFLICT (connection_id, entity) DO NOTHING

-- name: update_checkpoint
UPDATE checkpoints SET checkpoint = :after, saved_at = :now
WHERE connection_id = :connection_id AND entity = :entity AND checkpoint = :before::jsonb

-- name: delete_checkpoint
DELETE FROM checkpoints WHERE connection_id = :connection_id AND entity = :entity

-- name: find_schema
SELECT fields, seen_at FROM remote_schemas WHERE connection_id = :connection_id AND entity = :entity

-- name: upsert_schema
INSERT INTO remote_schemas (connection_id, entity, fields, seen_at)
VALUES (:connection_id, :entity, :fields, :at)
ON CONFLICT (connection_id, entity) DO UPDATE SET fields = excluded.fields, seen_at = excluded.seen_at

-- name: delete_schema
DELETE FROM remote_schemas WHERE connection_id = :connection_id AND entity = :entity

-- name: upsert_run
INSERT INTO runs (run_id, connection_id, entity, kind, state, counts, problem, started_at, finished_at)
VALUES (:run_id, :connection_id, :entity, :kind, :state, :counts, :problem, :started_at, :finished_at)
ON CONFLICT (run_id) DO UPDATE
SET state = excluded.state, counts = excluded.counts, problem = excluded.problem,
    finished_at = excluded.finished_at

-- name: list_runs
-- plan: custom
SELECT r.run_id, r.connection_id, c.key AS connection_key, r.entity, r.kind, r.state, r.counts, r.problem,
       r.started_at, r.finished_at
FROM runs AS r JOIN connections AS c USING (connection_id)
WHERE r.run_id < :before AND (:connection::text IS NULL OR c.key = :connection)
ORDER BY r.run_id DESC
LIMIT :limit

-- name: list_content_hashes
-- Forces one index lookup for each wanted record, here and below: while a table is being filled, the planner's
-- statistics are too old to choose that by itself.
SELECT wanted.remote_id, l.content_hash
FROM unnest(:remote_ids::text[]) AS wanted(remote_id)
CROSS JOIN LATERAL (SELECT content_hash FROM links
                    WHERE connection_id = :connection_id AND entity = :entity AND external_id = wanted.remote_id
                      AND state = 'linked' OFFSET 0) AS l

-- name: list_records_by_remote_id
SELECT l.record_id, r.fields, r.edits, l.content_hash, l.shared, wanted.remote_id, l.state = 'linked' AS linked
FROM unnest(:remote_ids::text[]) AS wanted(remote_id)
CROSS JOIN LATERAL (SELECT internal_id AS record_id, content_hash, shared, state FROM links
                    WHERE connection_id = :connection_id AND entity = :entity AND external_id = wanted.remote_id
                    OFFSET 0) AS l
CROSS JOIN LATERAL (SELECT fields, edits FROM records WHERE record_id = l.record_id OFFSET 0) AS r

-- name: list_records_by_tax_number
-- Returns each record with the connection's link to it, if there is one.
SELECT r.record_id, r.fields, r.edits, l.content_hash, coalesce(l.shared, '{}') AS shared,
       l.external_id AS remote_id, l.state = 'linked' AS linked
FROM (SELECT DISTINCT found.record_id FROM unnest(:numbers::text[]) AS wanted(number)
      CROSS JOIN LATERAL (SELECT record_id FROM records WHERE entity = :entity AND vat_number = wanted.number
                          UNION ALL
                          SELECT record_id FROM records WHERE entity = :entity AND fiscal_code = wanted.number
                          OFFSET 0) AS found) AS numbered
CROSS JOIN LATERAL (SELECT record_id, fields, edits FROM records WHERE record_id = numbered.record_id OFFSET 0) AS r
LEFT JOIN LATERAL (SELECT content_hash, shared, external_id, state FROM links
                   WHERE connection_id = :connection_id AND entity = :entity AND internal_id = r.record_id
                     AND external_id IS NOT NULL OFFSET 0) AS l ON true

-- name: list_taken_codes
SELECT code FROM records WHERE entity = :entity AND code = ANY (:codes::text[])

-- name: upsert_records
-- Our code of a record never changes.
INSERT INTO records AS r (record_id, entity, code, name, vat_number, fiscal_code, fields, updated_at)
SELECT record_id, :entity::text, code, name, vat_number, fiscal_code, fields, :updated_at::timestamptz
FROM unnest(:record_id::uuid[], :code::text[], :name::text[], :vat_number::text[], :fiscal_code::text[],
            :fields::jsonb[]) AS record(record_id, code, name, vat_number, fiscal_code, fields)
ON CONFLICT (record_id) DO UPDATE
SET name = excluded.name, vat_number = excluded.vat_number, fiscal_code = excluded.fiscal_code,
    fields = excluded.fields, active = true, version = r.version + 1, updated_at = excluded.updated_at
RETURNING record_id, code

-- name: update_statistics
SELECT analyze_records()

-- name: update_record_edits
-- Fields to which the ERP agrees are removed from the edits.
UPDATE records SET edits = edits - :fields::text[] WHERE record_id = :record_id

-- name: update_edited_record
UPDATE records
SET name = :name, vat_number = :vat_number, fiscal_code = :fiscal_code, fields = :fields, edits = :edits,
    version = version + 1, updated_at = :updated_at
WHERE record_id = :record_id

-- fragment: record_columns
record_id, entity, code, fields, active, updated_at, edits, version

-- name: lock_record
SELECT {record_columns} FROM records
WHERE entity = :entity AND record_id = :record_id FOR UPDATE

-- fragment: conflict_columns
f.conflict_id, f.connection_id, c.key AS connection_key, f.entity, f.record_id, f.field, f.ours, f.ours_by,
f.ours_at, f.theirs, f.found_at, f.choice, f.resolved_by, f.resolved_at

-- name: insert_conflict
INSERT INTO conflicts (conflict_id, connection_id, entity, record_id, field, ours, ours_by, ours_at, theirs,
                       found_at)
VALUES (:conflict_id, :connection_id, :entity, :record_id, :field, :ours, :ours_by, :ours_at, :theirs, :found_at)
ON CONFLICT (connection_id, record_id, field) WHERE resolved_at IS NULL DO UPDATE
SET ours = excluded.ours, ours_by = excluded.ours_by, ours_at = excluded.ours_at, theirs = excluded.theirs
RETURNING conflict_id

-- name: update_conflict_to_resolved
UPDATE conflicts SET choice = :choice, resolved_by = :resolved_by, resolved_at = :resolved_at
WHERE conflict_id = :conflict_id

-- name: lock_conflict
SELECT {conflict_columns}
FROM conflicts AS f JOIN connections AS c USING (connection_id)
WHERE conflict_id = :conflict_id FOR UPDATE OF f

-- name: find_conflict
SELECT {conflict_columns}, r.code AS record_code, r.name AS record_name
FROM conflicts AS f JOIN connections AS c USING (connection_id) JOIN records AS r USING (record_id)
WHERE f.conflict_id = :conflict_id

-- name: list_conflicts
-- plan: custom
SELECT {conflict_columns}, r.code AS record_code, r.name AS record_name
FROM conflicts AS f JOIN connections AS c USING (connection_id) JOIN records AS r USING (record_id)
WHERE f.conflict_id > :after AND (:connection::text IS NULL OR c.key = :connection)
  AND (f.resolved_at IS NOT NULL) = :resolved
ORDER BY f.conflict_id
LIMIT :limit

-- name: upsert_record_links
INSERT INTO links (connection_id, entity, internal_id, external_id, remote_code, version, content_hash, shared)
SELECT :connection_id, :entity, record_id, remote_id, remote_code, version, content_hash, shared
FROM unnest(:record_ids::uuid[], :remote_ids::text[], :remote_codes::text[], :versions::text[],
            :content_hashes::text[], :shared::jsonb[])
    AS link(record_id, remote_id, remote_code, version, content_hash, shared)
ON CONFLICT (connection_id, entity, internal_id) DO UPDATE
SET external_id = excluded.external_id, remote_code = excluded.remote_code, version = excluded.version,
    content_hash = excluded.content_hash, shared = excluded.shared, state = 'linked'

-- fragment: received_order_columns
internal_id AS order_id, external_id AS remote_id, remote_code AS code, content_hash, remote_day AS day,
       coalesce(remote_year, '') AS year

-- name: list_received_orders
SELECT {received_order_columns}
FROM links
WHERE connection_id = :connection_id AND entity = 'received_order'
  AND (external_id = ANY (:remote_ids::text[]) OR remote_code = ANY (:codes::text[]))

-- name: list_all_received_orders
SELECT {received_order_columns}
FROM links
WHERE connection_id = :connection_id AND entity = 'received_order' AND external_id IS NOT NULL

-- name: update_received_orders
-- An order is one record in the ERP, whether it was received from there or written there.
UPDATE links SET external_id = o.remote_id, remote_day = o.day, remote_year = o.year
FROM unnest(:order_ids::uuid[], :remote_ids::text[], :days::date[], :years::text[])
    AS o(order_id, remote_id, day, year)
WHERE connection_id = :connection_id AND entity IN ('received_order', 'order') AND internal_id = o.order_id

-- name: list_remote_customers
-- If the ERP has ids, a customer's code may equal another customer's id: then the id counts.
SELECT wanted.remote, r.record_id, r.code
FROM unnest(:remotes::text[]) AS wanted(remote)
JOIN LATERAL (SELECT internal_id FROM links
              WHERE connection_id = :connection_id AND entity = 'customer' AND state = 'linked'
                AND (external_id = wanted.remote OR remote_code = wanted.remote)
              ORDER BY external_id = wanted.remote DESC LIMIT 1) AS l ON true
JOIN records AS r ON r.record_id = l.internal_id

-- name: upsert_turn
-- Uses the database's clock, which all processes share. Turns that nobody took are not saved up.
INSERT INTO turns AS t (connection_id, next_at) VALUES (:connection_id, clock_timestamp() + :distance::interval)
ON CONFLICT (connection_id) DO UPDATE
SET next_at = greatest(t.next_at, clock_timestamp()) + :distance::interval
RETURNING extract(epoch FROM next_at - :distance::interval - clock_timestamp())::float8 AS seconds

-- name: list_customers_by_number
SELECT wanted.number, (array_agg(r.record_id))[1] AS record_id, min(r.code) AS code
FROM unnest(:numbers::text[]) AS wanted(number)
JOIN records AS r ON r.entity = 'customer' AND r.active
                 AND (r.vat_number = wanted.number OR r.fiscal_code = wanted.number)
GROUP BY wanted.number HAVING count(*) = 1

-- name: insert_customer_links
INSERT INTO links (connection_id, entity, internal_id, external_id, remote_code)
SELECT :connection_id, 'customer', known.record_id, known.remote_id, known.remote_id
FROM unnest(:remote_ids::text[], :record_ids::uuid[]) AS known(remote_id, record_id)
ON CONFLICT DO NOTHING

-- name: insert_received_orders
INSERT INTO links (connection_id, entity, internal_id, external_id, remote_code, remote_number, remote_day,
                   remote_year, version, content_hash)
SELECT :connection_id, linked.entity, o.order_id, o.remote_id, o.number, o.number, o.day, o.year, o.version,
       o.content_hash
FROM unnest(:order_ids::uuid[], :remote_ids::text[], :numbers::text[], :days::date[], :years::text[],
            :versions::text[], :content_hashes::text[])
    AS o(order_id, remote_id, number, day, year, version, content_hash)
CROSS JOIN (VALUES ('received_order'), ('order')) AS linked(entity)

-- name: find_origin
SELECT connection_id, {received_order_columns}
FROM links
WHERE internal_id = :order_id AND entity = 'received_order'

-- name: list_known_orders
SELECT internal_id AS order_id, heading ->> 'state' = 'cancelled' AS cancelled FROM documents
WHERE entity = 'order' AND internal_id = ANY (:order_ids::uuid[])

-- name: update_link_to_detach
UPDATE links SET external_id = NULL, remote_code = NULL, content_hash = NULL, state = 'deleted'
WHERE connection_id = :connection_id AND entity = :entity AND external_id = :remote_id

-- name: update_links_to_deleted
UPDATE links SET state = 'deleted'
WHERE connection_id = :connection_id AND entity = :entity AND external_id = ANY (:remote_ids::text[])
  AND state = 'linked'
RETURNING internal_id

-- name: update_records_to_inactive
UPDATE records AS r SET active = false, updated_at = :now
WHERE record_id = ANY (:record_ids::uuid[])
  AND NOT EXISTS (SELECT FROM links AS l WHERE l.internal_id = r.record_id AND l.state = 'linked')

-- name: list_records
-- plan: custom
SELECT {record_columns} FROM records
WHERE entity = :entity AND (name, record_id) > (:after_name, :after_id) AND (:code::text IS NULL OR code = :code)
ORDER BY name, record_id
LIMIT :limit

-- name: find_record
SELECT {record_columns} FROM records
WHERE entity = :entity AND record_id = :record_id

-- name: find_customer_by_code
SELECT record_id FROM records WHERE entity = 'customer' AND code = :code ORDER BY record_id LIMIT 1

-- name: list_connections_of_customer
-- Links that were stored before links had a code have the code as their id.
SELECT connection_id, external_id AS remote_id, coalesce(remote_code, external_id) AS code FROM links
WHERE internal_id = :customer_id AND entity = 'customer' AND state = 'linked' AND external_id IS NOT NULL

-- name: list_links_of_record
SELECT c.key AS connection, coalesce(l.remote_code, l.external_id) AS code, l.state
FROM links AS l JOIN connections AS c USING (connection_id)
WHERE l.internal_id = :record_id AND l.external_id IS NOT NULL
ORDER BY c.key

-- fragment: document_columns
entity, internal_id, number, correlation_id, heading, lines, changed_at

-- name: find_document
SELECT {document_columns}
FROM documents WHERE entity = :entity AND internal_id = :internal_id

-- fragment: linked_documents
-- Electronic forms are left out, because one is as long as many documents.
SELECT links.external_id, d.entity, d.internal_id, d.number, d.correlation_id, d.heading - 'despatch_advice' AS heading,
       d.lines, d.changed_at

-- name: list_received
{linked_documents}
FROM links JOIN documents AS d ON d.entity = 'order' AND d.internal_id = links.internal_id
WHERE links.connection_id = :connection_id AND links.entity = 'received_order'

-- name: list_exported
-- Leaves out orders that were received from the ERP, because they carry no id of ours there.
{linked_documents}
FROM links JOIN documents AS d USING (entity, internal_id)
WHERE links.connection_id = :connection_id AND links.entity = :entity AND links.external_id IS NOT NULL
  AND NOT EXISTS (SELECT FROM links AS origin
                  WHERE origin.connection_id = links.connection_id AND origin.entity = 'received_order'
                    AND origin.internal_id = links.internal_id)

-- name: list_documents_since
SELECT {document_columns}
FROM documents WHERE entity = :entity AND changed_at >= :since
ORDER BY changed_at, internal_id

-- name: list_ddts_of_order
SELECT {document_columns}
FROM documents WHERE entity = 'ddt' AND heading ->> 'order_reference' = :order_reference

-- fragment: sent_ddts
SELECT d.internal_id AS shipment_id, d.number, d.correlation_id, d.heading ->> 'state' = 'voided' AS voided,
       i.content_hash
FROM documents AS d
JOIN links AS l ON l.connection_id = :connection_id AND l.entity = d.entity AND l.internal_id = d.internal_id
               AND l.exported_at IS NOT NULL
LEFT JOIN links AS i ON i.connection_id = :connection_id AND i.entity = 'ddt_invoice'
                    AND i.internal_id = d.internal_id AND i.state = 'linked'

-- name: list_sent_ddts
{sent_ddts}
WHERE d.entity = 'ddt' AND (d.number = ANY (:numbers::text[]) OR d.internal_id = ANY (:shipment_ids::uuid[]))

-- name: list_invoiced_ddts
{sent_ddts}
WHERE d.entity = 'ddt' AND i.external_id = ANY (:remote_ids::text[])

-- name: lock_document
SELECT {document_columns}
FROM documents WHERE entity = :entity AND internal_id = :internal_id FOR UPDATE

-- name: upsert_document
INSERT INTO documents (entity, internal_id, number, correlation_id, heading, lines, changed_at)
VALUES (:entity, :internal_id, :number, :correlation_id, :heading, :lines, :changed_at)
ON CONFLICT (tenant_id, entity, internal_id) DO UPDATE
SET number = excluded.number, heading = excluded.heading, lines = excluded.lines,
    changed_at = excluded.changed_at

-- name: find_link
SELECT external_id AS remote_id, content_hash, version FROM links
WHERE connection_id = :connection_id AND entity = :entity AND internal_id = :internal_id

-- name: upsert_awaited_export
-- Keeps the older time, since which the ERP lacks the document's state.
INSERT INTO links AS l (connection_id, entity, internal_id, owed_since)
VALUES (:connection_id, :entity, :internal_id, :since)
ON CONFLICT (connection_id, entity, internal_id) DO UPDATE
SET owed_since = coalesce(l.owed_since, excluded.owed_since)

-- name: update_exported_link
-- If the document has changed meanwhile, its export stays pending. Returns since when the export was pending.
UPDATE links AS l
SET external_id = :remote_id, remote_number = :number, version = :version, content_hash = :content_hash,
    exported_at = :exported_at, state = 'linked',
    owed_since = CASE WHEN d.changed_at > :state_of THEN d.changed_at END
FROM links AS before, documents AS d
WHERE l.connection_id = :connection_id AND l.entity = :entity AND l.internal_id = :internal_id
  AND before.connection_id = :connection_id AND before.entity = :entity AND before.internal_id = :internal_id
  AND d.entity = :entity AND d.internal_id = :internal_id
RETURNING before.owed_since

-- name: update_awaited_export_to_withdrawn
UPDATE links SET owed_since = NULL
WHERE connection_id = :connection_id AND entity = :entity AND internal_id = :internal_id

-- name: update_link_version
UPDATE links SET version = :version
WHERE connection_id = :connection_id AND entity = :entity AND internal_id = :internal_id

-- name: update_link_to_clear
UPDATE links SET external_id = NULL, version = NULL, content_hash = NULL
WHERE connection_id = :connection_id AND entity = :entity AND internal_id = :internal_id

-- name: list_awaited_exports
SELECT entity, internal_id FROM links
WHERE connection_id = :connection_id AND owed_since IS NOT NULL
ORDER BY owed_since

-- fragment: failure_columns
f.failure_id, f.connection_id, f.entity, f.direction, f.record_key, f.payload, f.problems, f.error_class,
f.attempts, f.first_failed_at, f.last_failed_at, f.retry_at, f.dismissed_at, f.dismissal, c.key AS connection_key

-- fragment: failure_filter
(:connection::text IS NULL OR c.key = :connection) AND (:entity::text IS NULL OR f.entity = :entity)
AND (:direction::text IS NULL OR f.direction = :direction)
AND (:error_class::text IS NULL OR f.error_class = :error_class)
AND (:code::text IS NULL OR f.problems->0->>'code' = :code) AND (f.dismissed_at IS NOT NULL) = :dismissed

-- name: upsert_failure
-- A record that fails again counts another attempt. It stays dismissed while it comes with the same content. A file
-- or a document has no stored content to compare, so it is no longer dismissed.
INSERT INTO failures AS f (failure_id, connection_id, entity, direction, record_key, payload, problems,
                           error_class, attempts, first_failed_at, last_failed_at, retry_at)
VALUES (:failure_id, :connection_id, :entity, :direction, :record_key, :payload, :problems, :error_class, 1,
        :failed_at, :failed_at, :retry_at)
ON CONFLICT (connection_id, entity, direction, record_key) DO UPDATE
SET payload = excluded.payload, problems = excluded.problems, error_class = excluded.error_class,
    attempts = f.attempts + 1, last_failed_at = excluded.last_failed_at, retry_at = excluded.retry_at,
    dismissed_at = CASE WHEN excluded.payload <> '{}' AND f.payload = excluded.payload
                         AND f.problems = excluded.problems THEN f.dismissed_at END
RETURNING failure_id, dismissed_at IS NOT NULL AS dismissed

-- name: delete_failures
DELETE FROM failures
WHERE connection_id = :connection_id AND entity = :entity AND direction = :direction
  AND record_key = ANY (:record_keys::text[]) AND (:notices_too OR error_class <> 'notice')

-- name: list_received_failures
SELECT {failure_columns}
FROM failures AS f JOIN connections AS c USING (connection_id)
WHERE f.connection_id = :connection_id AND f.entity = 'received_order' AND f.direction = 'in'
  AND f.record_key = ANY (:record_keys::text[])

-- name: find_pause
SELECT true FROM failures
WHERE connection_id = :connection_id AND entity = :entity AND error_class = 'paused'

-- name: find_outage
SELECT {failure_columns}
FROM failures AS f JOIN connections AS c USING (connection_id)
WHERE f.connection_id = :connection_id AND f.entity = 'connection'

-- name: delete_outage
DELETE FROM failures WHERE connection_id = :connection_id AND entity = 'connection'

-- name: list_waiting
SELECT entity, record_key::uuid AS internal_id FROM failures
WHERE connection_id = :connection_id AND error_class = 'waiting' AND dismissed_at IS NULL

-- name: list_waiting_ddts
SELECT d.internal_id FROM documents AS d
JOIN failures AS f ON f.connection_id = :connection_id AND f.entity = 'ddt' AND f.direction = 'out'
    AND f.record_key = d.internal_id::text AND f.error_class = 'waiting' AND f.dismissed_at IS NULL
WHERE d.entity = 'ddt' AND d.heading ->> 'order_reference' = :order_reference

-- name: lock_failure
SELECT {failure_columns}
FROM failures AS f JOIN connections AS c USING (connection_id)
WHERE failure_id = :failure_id FOR UPDATE OF f

-- name: find_failure
SELECT {failure_columns}
FROM failures AS f JOIN connections AS c USING (connection_id)
WHERE f.failure_id = :failure_id

-- name: update_failure_to_restart
UPDATE failures SET attempts = 0, retry_at = :retry_at, dismissed_at = NULL WHERE failure_id = :failure_id

-- name: list_failures
-- plan: custom
SELECT {failure_columns}
FROM failures AS f JOIN connections AS c USING (connection_id)
WHERE failure_id > :after AND {failure_filter}
ORDER BY failure_id
LIMIT :limit

-- name: lock_failures
-- plan: custom
SELECT {failure_columns}
FROM failures AS f JOIN connections AS c USING (connection_id)
WHERE failure_id > :after AND {failure_filter}
ORDER BY failure_id
LIMIT :limit
FOR UPDATE OF f

-- name: list_failure_groups
-- plan: custom
-- A group holds failures that a person can settle with one action. A record is grouped by its first problem.
SELECT g.connection_key, g.entity, g.direction, g.error_class, g.code, g.kept, g.failures, g.first_failed_at,
       g.last_failed_at, g.problem
FROM (SELECT c.key AS connection_key, f.entity, f.direction, f.error_class, f.problems->0->>'code' AS code,
             f.payload <> '{}' AS kept, count(*) AS failures, min(f.first_failed_at) AS first_failed_at,
             max(f.last_failed_at) AS last_failed_at, min((f.problems->0)::text)::jsonb AS problem
      FROM failures AS f JOIN connections AS c USING (connection_id)
      WHERE {failure_filter}
      GROUP BY c.key, f.entity, f.direction, f.error_class, f.problems->0->>'code', f.payload <> '{}') AS g
WHERE (g.connection_key, g.entity, g.direction, g.error_class, g.code, g.kept::int)
      > (:after_connection, :after_entity, :after_direction, :after_class, :after_code, :after_kept)
ORDER BY g.connection_key, g.entity, g.direction, g.error_class, g.code, g.kept::int
LIMIT :limit

-- name: update_failures_to_dismissed
-- plan: custom
-- The export of a dismissed document is no longer pending. Outages and pauses can't be dismissed.
WITH dismissed AS (
    UPDATE failures AS f SET dismissed_at = :dismissed_at, dismissal = :dismissal
    FROM connections AS c
    WHERE c.connection_id = f.connection_id AND f.error_class NOT IN ('unreachable', 'paused')
      AND (:failure_id::uuid IS NULL OR f.failure_id = :failure_id) AND {failure_filter}
    RETURNING f.connection_id, f.entity, f.direction, f.record_key
), withdrawn AS (
    UPDATE links AS l SET owed_since = NULL FROM dismissed AS d
    WHERE d.direction = 'out' AND l.connection_id = d.connection_id AND l.entity = d.entity
      AND l.internal_id = CASE WHEN d.direction = 'out' THEN d.record_key::uuid END
)
SELECT count(*) FROM dismissed

-- fragment: reconciliation_columns
r.reconciliation_id, r.connection_id, c.key AS connection_key, r.entity, r.found_at, r.there, r.linked,
r.missing_here, r.missing_there, r.differing, r.deleted, r.tells_deletions, r.totals

-- name: insert_reconciliation
INSERT INTO reconciliations (reconciliation_id, connection_id, entity, found_at, there, linked, missing_here,
                             missing_there, differing, deleted, tells_deletions, totals)
VALUES (:reconciliation_id, :connection_id, :entity, :found_at, :there, :linked, :missing_here, :missing_there,
        :differing, :deleted, :tells_deletions, :totals)

-- name: insert_differences
INSERT INTO reconciliation_differences (reconciliation_id, kind, remote_id, code, record_name)
SELECT :reconciliation_id, kind, remote_id, code, name
FROM unnest(:kinds::text[], :remote_ids::text[], :codes::text[], :names::text[])
    AS difference(kind, remote_id, code, name)

-- name: delete_old_reconciliations
DELETE FROM reconciliations WHERE reconciliation_id IN (
    SELECT reconciliation_id FROM reconciliations
    WHERE connection_id = :connection_id AND entity = :entity
    ORDER BY reconciliation_id DESC OFFSET :keep)

-- name: list_reconciliations
-- plan: custom
SELECT {reconciliation_columns}
FROM reconciliations AS r JOIN connections AS c USING (connection_id)
WHERE r.reconciliation_id < :before AND (:connection::text IS NULL OR c.key = :connection)
ORDER BY r.reconciliation_id DESC
LIMIT :limit

-- name: find_reconciliation
SELECT {reconciliation_columns}
FROM reconciliations AS r JOIN connections AS c USING (connection_id)
WHERE r.reconciliation_id = :reconciliation_id

-- name: list_differences
-- plan: custom
SELECT d.kind, d.remote_id, d.code, d.record_name AS name, o.record_id, o.code AS record_code,
       o.name AS own_name
FROM reconciliation_differences AS d JOIN reconciliations AS r USING (reconciliation_id)
LEFT JOIN links AS l ON l.connection_id = r.connection_id AND l.entity = r.entity AND l.external_id = d.remote_id
LEFT JOIN records AS o ON o.record_id = l.internal_id
WHERE d.reconciliation_id = :reconciliation_id AND (:kind::text IS NULL OR d.kind = :kind)
  AND (d.kind, d.remote_id) > (:after_kind, :after_remote_id)
ORDER BY d.kind, d.remote_id
LIMIT :limit

-- name: measure_lag
-- Runs as the backbone's role over all tenants. Returns the lag of the slowest connection of each connector.
SELECT connector,
       max(extract(epoch FROM now() - last_import_at))::float8 AS import_lag,
       max((SELECT extract(epoch FROM now() - min(owed_since)) FROM links
            WHERE links.connection_id = connections.connection_id AND owed_since IS NOT NULL))::float8 AS export_lag
FROM connections GROUP BY connector

-- name: measure_failures
SELECT entity, count(*) AS waiting FROM failures WHERE retry_at IS NULL AND dismissed_at IS NULL GROUP BY entity

-- Sealing anew

-- name: list_owners_of_connections
SELECT DISTINCT tenant_id FROM connections

-- name: list_sealed_connections
SELECT connection_id AS id, connection_id::text AS about, secrets AS sealed FROM connections
WHERE secrets IS NOT NULL AND connection_id > :after ORDER BY connection_id LIMIT :limit

-- name: update_sealed_connection
UPDATE connections SET secrets = :sealed WHERE connection_id = :id AND secrets = :former
