-- name: lock_brief
-- Adds the brief or locks it: the write to itself makes both wait for each other.
INSERT INTO briefs AS known (brief_id) VALUES ($1)
ON CONFLICT (tenant_id, brief_id) DO UPDATE SET cancelled_because = known.cancelled_because
RETURNING cancelled_because;

-- name: set_brief_cancelled
UPDATE briefs SET cancelled_because = $2 WHERE brief_id = $1;

-- name: add_order
-- A duplicate of the event finds the order there and adds nothing.
INSERT INTO orders (order_id, number, brief_id, cancelled_because) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant_id, order_id) DO NOTHING
RETURNING order_id;

-- name: add_order_lines
INSERT INTO order_lines (order_id, position, job_id, description, quantity, unit)
SELECT $1, position, job_id, description, quantity, unit
FROM unnest($2::uuid[], $3::text[], $4::numeric[], $5::text[])
    WITH ORDINALITY AS line(job_id, description, quantity, unit, position);

-- name: add_order_deliveries
INSERT INTO order_deliveries (job_id, destination, quantity)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::numeric[]);

-- name: find_order
SELECT order_id, number, brief_id, cancelled_because FROM orders WHERE order_id = $1;

-- name: lock_order
-- NO KEY UPDATE excludes its like, and lets foreign keys be checked.
SELECT order_id, number, brief_id, cancelled_because FROM orders WHERE order_id = $1 FOR NO KEY UPDATE;

-- name: lock_order_of_job
SELECT orders.order_id, number, brief_id, cancelled_because
FROM order_lines JOIN orders USING (order_id) WHERE job_id = $1 FOR NO KEY UPDATE OF orders;

-- name: lock_order_of_shipment
SELECT orders.order_id, number, orders.brief_id, cancelled_because
FROM shipments JOIN orders USING (order_id) WHERE shipment_id = $1 FOR NO KEY UPDATE OF orders;

-- name: lock_orders_of_brief
-- In one order, so that two transactions never wait for each other.
SELECT order_id, number, brief_id, cancelled_because
FROM orders WHERE brief_id = $1 ORDER BY order_id FOR NO KEY UPDATE;

-- name: read_order_lines
SELECT job_id, description, order_lines.quantity, unit, produced, destination,
       order_deliveries.quantity AS delivery
FROM order_lines LEFT JOIN order_deliveries USING (job_id)
WHERE order_id = $1 ORDER BY position, destination;

-- name: sum_movements_of_order
SELECT warehouse, job_id, sum(movements.quantity) AS on_hand,
       coalesce(sum(movements.quantity) FILTER (WHERE kind = 'receipt'), 0) AS received
FROM order_lines JOIN movements USING (job_id)
WHERE order_id = $1 GROUP BY warehouse, job_id;

-- name: sum_shipments_of_order
-- Refused, voided and cancelled shipments hold nothing any more.
SELECT job_id, warehouse, destination, sum(quantity) AS committed,
       coalesce(sum(quantity) FILTER (WHERE state IN ('draft', 'picked')), 0) AS reserved
FROM shipments JOIN shipment_lines USING (shipment_id)
WHERE order_id = $1 AND state IN ('draft', 'picked', 'issued', 'in_transit', 'delivered')
GROUP BY job_id, warehouse, destination;

-- name: set_produced
UPDATE order_lines SET produced = $2 WHERE job_id = $1;

-- name: set_order_cancelled
UPDATE orders SET cancelled_because = $2 WHERE order_id = $1;

-- name: add_movements
INSERT INTO movements (movement_id, warehouse, job_id, kind, quantity, shipment_id, reason, recorded_at, recorded_by)
SELECT *, $8, $9
FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::numeric[], $6::uuid[], $7::text[]);

-- name: mark_stocked
-- After movements: whether the goods still lie somewhere. Under their order's lock.
UPDATE order_lines SET stocked = EXISTS (
    SELECT FROM movements WHERE movements.job_id = order_lines.job_id
    GROUP BY warehouse HAVING sum(movements.quantity) <> 0)
WHERE job_id = ANY ($1::uuid[]);

-- name: page_stock
-- Only goods that lie somewhere are added up, the newest first.
SELECT warehouse, job_id, order_lines.order_id, number AS order_number, description, unit, on_hand,
       coalesce((
           SELECT sum(shipment_lines.quantity)
           FROM shipment_lines JOIN shipments USING (shipment_id)
           WHERE shipment_lines.job_id = held.job_id AND shipments.warehouse = held.warehouse
             AND shipments.state IN ('draft', 'picked')), 0) AS reserved
FROM (
    SELECT job_id, warehouse, sum(movements.quantity) AS on_hand
    FROM order_lines JOIN movements USING (tenant_id, job_id)
    WHERE stocked
      AND ($1::text IS NULL OR warehouse = $1)
      AND ($2::uuid IS NULL OR job_id = $2)
      AND ($3::uuid IS NULL OR order_id = $3)
      AND ($4::uuid IS NULL OR (job_id, warehouse) < ($4, $5::text))
    GROUP BY job_id, warehouse HAVING sum(movements.quantity) <> 0
    ORDER BY job_id DESC, warehouse DESC LIMIT $6
) AS held
JOIN order_lines USING (job_id) JOIN orders USING (order_id)
ORDER BY job_id DESC, warehouse DESC;

-- name: page_movements
SELECT movement_id, warehouse, movements.job_id, kind, movements.quantity, shipment_id, reason, recorded_at,
       recorded_by, unit
FROM movements JOIN order_lines USING (job_id)
WHERE ($1::text IS NULL OR warehouse = $1)
  AND ($2::uuid IS NULL OR movements.job_id = $2)
  AND ($3::uuid IS NULL OR shipment_id = $3)
  AND ($4::uuid IS NULL OR movement_id < $4)
ORDER BY movement_id DESC LIMIT $5;

-- name: add_shipment
INSERT INTO shipments (shipment_id, order_id, brief_id, warehouse, destination, state, reason, transport_by,
    carrier, freight, appearance, packages, gross_weight_kg, notes, replaces, version, drafted_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17);

-- name: add_shipment_lines
INSERT INTO shipment_lines (shipment_id, position, job_id, quantity)
SELECT $1, position, job_id, quantity
FROM unnest($2::uuid[], $3::numeric[]) WITH ORDINALITY AS line(job_id, quantity, position);

-- name: save_shipment
-- The version is one more than the one that was loaded, or nothing is written.
UPDATE shipments SET state = $2, reason = $3, transport_by = $4, carrier = $5, freight = $6, appearance = $7,
    packages = $8, gross_weight_kg = $9, notes = $10, departed_at = $11, delivered_at = $12, received_by = $13,
    ended_because = $14, replaced_by = $15, version = $16
WHERE shipment_id = $1 AND version = $16 - 1
RETURNING shipment_id;

-- name: read_shipment
SELECT shipments.*, (
    SELECT json_agg(json_build_object('job_id', job_id, 'quantity', quantity::text) ORDER BY position)
    FROM shipment_lines WHERE shipment_lines.shipment_id = shipments.shipment_id) AS lines
FROM shipments WHERE shipment_id = $1;

-- name: read_shipments_of_order
SELECT shipments.*, (
    SELECT json_agg(json_build_object('job_id', job_id, 'quantity', quantity::text) ORDER BY position)
    FROM shipment_lines WHERE shipment_lines.shipment_id = shipments.shipment_id) AS lines
FROM shipments WHERE order_id = $1 ORDER BY shipment_id;

-- name: page_shipments
-- With the document's number and the goods' descriptions beside each.
SELECT shipments.*, orders.number AS order_number, ddts.number, progressive, series, year, issue_date, issued_at, (
    SELECT json_agg(json_build_object('job_id', job_id, 'quantity', shipment_lines.quantity::text,
                                      'description', description, 'unit', unit) ORDER BY shipment_lines.position)
    FROM shipment_lines JOIN order_lines USING (job_id)
    WHERE shipment_lines.shipment_id = shipments.shipment_id) AS lines
FROM shipments JOIN orders USING (order_id) LEFT JOIN ddts USING (shipment_id)
WHERE ($1::uuid IS NULL OR shipments.shipment_id = $1)
  AND ($2::text IS NULL OR state = $2)
  AND ($3::uuid IS NULL OR shipments.order_id = $3)
  AND ($4::uuid IS NULL OR shipments.brief_id = $4)
  AND ($5::text IS NULL OR warehouse = $5)
  AND ($6::text IS NULL OR destination = $6)
  AND ($7::date IS NULL OR issue_date >= $7)
  AND ($8::date IS NULL OR issue_date <= $8)
  AND ($9::text IS NULL OR ddts.number = $9)
  AND ($10::uuid IS NULL OR shipments.shipment_id < $10)
ORDER BY shipments.shipment_id DESC LIMIT $11;

-- name: lock_series
-- Opens the series or locks it: of two first documents of a year, one waits here for the other.
INSERT INTO ddt_series AS known (year, series, last_progressive) VALUES ($1, $2, 0)
ON CONFLICT (tenant_id, year, series) DO UPDATE SET last_progressive = known.last_progressive
RETURNING last_progressive, last_issue_date;

-- name: advance_series
UPDATE ddt_series SET last_progressive = $3, last_issue_date = $4 WHERE year = $1 AND series = $2;

-- name: add_ddt
INSERT INTO ddts (shipment_id, year, series, progressive, number, issue_date, issued_at, document)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: read_ddt
SELECT document FROM ddts WHERE shipment_id = $1;

-- name: read_pdf
SELECT pdf FROM ddt_pdfs WHERE shipment_id = $1;

-- name: add_pdf
INSERT INTO ddt_pdfs (shipment_id, pdf, rendered_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING;

-- name: find_lookup
SELECT content, version FROM lookups WHERE kind = $1 AND code = $2;

-- name: save_lookup
-- The version is one more than the one that was read, or nothing is written.
INSERT INTO lookups AS known (kind, code, content, version) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant_id, kind, code) DO UPDATE SET content = excluded.content, version = excluded.version
WHERE known.version = excluded.version - 1
RETURNING version;

-- name: page_lookups
SELECT code, content, version FROM lookups
WHERE kind = $1 AND ($2::text IS NULL OR code > $2) ORDER BY code LIMIT $3;

-- name: read_sender
SELECT identity, time_zone FROM senders;

-- name: save_sender
INSERT INTO senders (identity, time_zone) VALUES ($1, $2)
ON CONFLICT (tenant_id) DO UPDATE SET identity = excluded.identity, time_zone = excluded.time_zone;

-- name: count_shipments_under_way
-- Over all tenants, as the backbone role; answered from a partial index.
SELECT state, count(*) FROM shipments WHERE state IN ('draft', 'picked', 'issued', 'in_transit') GROUP BY state;

-- name: count_ddts
-- Over all tenants, as the backbone role: numbers have no gaps, so the last ones add up to all.
SELECT coalesce(sum(last_progressive), 0) FROM ddt_series;
