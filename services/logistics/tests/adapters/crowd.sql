-- Makes 4,000 orders of the tenant, each with one job received, and one shipment: 1 % drafts, the rest
-- delivered under a document. Identifiers are made from the tenant and a number.
CREATE OR REPLACE FUNCTION made(tenant uuid, kind text, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
    RETURN md5(tenant::text || kind || n)::uuid;

INSERT INTO orders (order_id, tenant_id, number, brief_id)
SELECT made($1, 'order', n), $1, 'O-' || n, made($1, 'brief', n) FROM generate_series(1, 1500) AS n;

INSERT INTO order_lines (job_id, tenant_id, order_id, position, description, quantity, unit, stocked)
SELECT made($1, 'job', n), $1, made($1, 'order', n), 1, 'Cosa', 10, 'pz', n % 100 = 0
FROM generate_series(1, 1500) AS n;

INSERT INTO order_deliveries (job_id, tenant_id, destination, quantity)
SELECT made($1, 'job', n), $1, 'D' || n % 500, 10 FROM generate_series(1, 1500) AS n;

INSERT INTO movements (movement_id, tenant_id, warehouse, job_id, kind, quantity, recorded_at)
SELECT made($1, 'movement', n), $1, 'BO1', made($1, 'job', n), 'receipt', 10, now()
FROM generate_series(1, 1500) AS n WHERE set_config('optima.tenant', ($1::uuid)::text, true) <> '';

INSERT INTO shipments (shipment_id, tenant_id, order_id, brief_id, warehouse, destination, state, drafted_at,
    version)
SELECT made($1, 'shipment', n), $1, made($1, 'order', n), made($1, 'brief', n), 'BO1', 'D' || n % 500,
    CASE WHEN n % 100 = 0 THEN 'draft' ELSE 'delivered' END, now(), 1
FROM generate_series(1, 1500) AS n;

INSERT INTO shipment_lines (shipment_id, position, tenant_id, job_id, quantity, live)
SELECT made($1, 'shipment', n), 1, $1, made($1, 'job', n), 1, n % 100 = 0 FROM generate_series(1, 1500) AS n;

INSERT INTO phase_assignees (tenant_id, phase_id, since, person_id)
SELECT $1, made($1, 'job', n), now(), made($1, 'person', n % 40) FROM generate_series(1, 1500) AS n;

INSERT INTO destination_people (tenant_id, destination, person_id)
SELECT $1, 'D' || n % 500, made($1, 'person', n) FROM generate_series(1, 1500) AS n;

INSERT INTO delivery_proofs (proof_id, tenant_id, shipment_id, name, media_type, size, sha256, data, recorded_at)
SELECT made($1, 'proof', n), $1, made($1, 'shipment', n), 'firma.pdf', 'application/pdf', 1, 'x', '\x00', now()
FROM generate_series(1, 1500) AS n;

INSERT INTO shipment_picks (shipment_id, position, tenant_id, job_id, location, lot, quantity)
SELECT made($1, 'shipment', n), 1, $1, made($1, 'job', n), 'A-01', '', 1 FROM generate_series(1, 1500) AS n;

INSERT INTO locations (tenant_id, warehouse, code) SELECT $1, 'BO1', 'A-' || n FROM generate_series(1, 1500) AS n;

INSERT INTO locations (tenant_id, warehouse, code) SELECT $1, 'W' || n, 'A-1' FROM generate_series(1, 1500) AS n;

INSERT INTO put_away (tenant_id, warehouse, location) SELECT $1, 'W' || n, 'A-1' FROM generate_series(1, 1500) AS n;

INSERT INTO ddts (shipment_id, tenant_id, year, series, progressive, number, issue_date, issued_at, document)
SELECT made($1, 'shipment', n), $1, 2026, '', n, n || '/2026', date '2026-01-01' + (n / 20)::integer, now(), '{}'
FROM generate_series(1, 1500) AS n WHERE n % 100 <> 0;

INSERT INTO ddt_invoices (tenant_id, shipment_id, invoice_number, invoice_date)
SELECT tenant_id, shipment_id, number, issue_date FROM ddts WHERE tenant_id = $1;

INSERT INTO articles (tenant_id, article_id, code, barcode, content, version)
SELECT $1, made($1, 'job', n), 'A' || n, n::text, '{}', 1 FROM generate_series(1, 1500) AS n;

INSERT INTO lots (tenant_id, article_id, lot) SELECT $1, made($1, 'job', n), 'L' || n FROM generate_series(1, 1500) AS n;

INSERT INTO supplier_receipts (tenant_id, receipt_id, supplier, number, date, warehouse, recorded_at)
SELECT $1, made($1, 'receipt', n), 'D1', n::text, date '2026-01-01', 'BO1', now() FROM generate_series(1, 1500) AS n;

INSERT INTO counts (tenant_id, count_id, warehouse, state, opened_at, version)
SELECT $1, made($1, 'count', n), 'BO1', 'posted', now(), 1 FROM generate_series(1, 1500) AS n;

INSERT INTO count_lines (tenant_id, count_id, job_id, expected, counted, counted_at, counted_by)
SELECT $1, made($1, 'count', n), made($1, 'job', n), 1, 1, now(), $1 FROM generate_series(1, 1500) AS n;

INSERT INTO holds (tenant_id, hold_id, warehouse, job_id, kind, quantity, reason, recorded_at)
SELECT $1, made($1, 'hold', n), 'BO1', made($1, 'job', n), 'held', 1, 'x', now() FROM generate_series(1, 1500) AS n
WHERE set_config('optima.tenant', ($1::uuid)::text, true) <> '';

INSERT INTO lookups (tenant_id, kind, code, content, version)
SELECT $1, 'carrier', 'C' || n, '{}', 1 FROM generate_series(1, 1500) AS n;

ANALYZE
