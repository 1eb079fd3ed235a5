-- name: lock_brief
-- Inserts the brief or locks it: the update to itself makes two transactions wait for each other.
INSERT INTO briefs AS known (brief_id) VALUES (:brief_id)
ON CONFLICT (tenant_id, brief_id) DO UPDATE SET cancelled_because = known.cancelled_because
RETURNING cancelled_because;

-- name: update_brief_cancelled
UPDATE briefs SET cancelled_because = :because WHERE brief_id = :brief_id;

-- name: insert_order
-- Inserts the order with its lines and deliveries. A duplicate of the event finds the order there and adds nothing.
WITH added AS (
    INSERT INTO orders (order_id, number, brief_id, cancelled_because, deadline)
    VALUES (:order_id, :number, :brief_id, :because, :deadline)
    ON CONFLICT (tenant_id, order_id) DO NOTHING
    RETURNING order_id
), added_lines AS (
    INSERT INTO order_lines (order_id, position, job_id, description, quantity, unit, goods_code, article_id)
    SELECT added.order_id, position, job_id, description, quantity, unit, goods_code, article_id
    FROM added, unnest(:job_ids::uuid[], :descriptions::text[], :quantities::numeric[], :units::text[],
                       :goods_codes::text[], :article_ids::uuid[])
        WITH ORDINALITY AS line(job_id, description, quantity, unit, goods_code, article_id, position)
)
INSERT INTO order_deliveries (job_id, destination, quantity)
SELECT job_id, destination, quantity
FROM added, unnest(:delivered_jobs::uuid[], :destinations::text[], :parts::numeric[])
    AS delivery(job_id, destination, quantity);

-- name: find_order
SELECT order_id, number, brief_id, cancelled_because, kept_for FROM orders WHERE order_id = :order_id;

-- name: lock_order
-- NO KEY UPDATE excludes other locks of this kind, but lets foreign keys be checked.
SELECT order_id, number, brief_id, cancelled_because, kept_for
FROM orders WHERE order_id = :order_id FOR NO KEY UPDATE;

-- name: lock_orders_of_jobs
-- Locks in the same sequence, so that two transactions can't deadlock.
SELECT order_id, number, brief_id, cancelled_because, kept_for
FROM orders WHERE order_id IN (SELECT order_id FROM order_lines WHERE job_id = ANY (:job_ids::uuid[]))
ORDER BY order_id FOR NO KEY UPDATE;

-- name: find_article_of_line
SELECT article_id FROM order_lines WHERE job_id = :job_id;

-- name: lock_accounts_of_order
-- The accounts that the order's lines from stock are taken from, locked as above.
SELECT accounts.order_id, number, brief_id, cancelled_because, kept_for, articles
FROM orders AS accounts JOIN (
    SELECT articles.order_id, array_agg(DISTINCT articles.job_id) AS articles
    FROM order_lines AS lines JOIN order_lines AS articles ON articles.job_id = lines.article_id
    WHERE lines.order_id = :order_id AND lines.article_id IS NOT NULL
    GROUP BY articles.order_id) AS named USING (order_id)
ORDER BY accounts.order_id FOR NO KEY UPDATE OF accounts;

-- name: list_free_stock
-- For articles: what lies in a warehouse, is in no shipment, is not held back and has not expired.
SELECT job_id, warehouse, least(
           sum(on_hand - held) - coalesce((
               SELECT sum(shipment_lines.quantity)
               FROM shipment_lines JOIN shipments USING (shipment_id)
               WHERE live AND shipment_lines.job_id = stock.job_id AND shipments.warehouse = stock.warehouse
                 AND shipments.state IN ('draft', 'picked')), 0),
           coalesce(sum(on_hand - held) FILTER (WHERE expires_on IS NULL OR expires_on >= :today), 0) - coalesce((
               SELECT sum(shipment_picks.quantity)
               FROM shipment_lines JOIN shipment_picks USING (shipment_id, job_id) JOIN shipments USING (shipment_id)
                   LEFT JOIN lots AS picked ON picked.article_id = shipment_picks.job_id AND picked.lot = shipment_picks.lot
               WHERE live AND shipment_lines.job_id = stock.job_id AND shipments.warehouse = stock.warehouse
                 AND shipments.state IN ('draft', 'picked')
                 AND (picked.expires_on IS NULL OR picked.expires_on >= :today)), 0)) AS free
FROM stock LEFT JOIN lots ON lots.article_id = job_id AND lots.lot = stock.lot
WHERE job_id = ANY (:article_ids::uuid[]) GROUP BY job_id, warehouse;

-- name: lock_account
SELECT order_id, number, brief_id, cancelled_because, kept_for
FROM orders WHERE kept_for = :kept_for FOR NO KEY UPDATE;

-- name: lock_order_of_job
SELECT orders.order_id, number, brief_id, cancelled_because, kept_for
FROM order_lines JOIN orders USING (order_id) WHERE job_id = :job_id FOR NO KEY UPDATE OF orders;

-- name: lock_order_of_shipment
SELECT orders.order_id
FROM shipments JOIN orders USING (order_id) WHERE shipment_id = :shipment_id FOR NO KEY UPDATE OF orders;

-- name: lock_orders_of_brief
-- Locks in the same sequence, so that two transactions can't deadlock.
SELECT order_id, number, brief_id, cancelled_because, kept_for
FROM orders WHERE brief_id = :brief_id ORDER BY order_id FOR NO KEY UPDATE;

-- fragment: order_lines
SELECT job_id, description, order_lines.quantity AS ordered, unit, produced, finished, closed, goods_code, article_id, finisher,
       EXISTS (SELECT FROM articles WHERE articles.article_id = coalesce(order_lines.article_id, job_id)
                 AND content @> '{"tracked_by_lot": true}') AS tracked,
       destination AS ordered_for, order_deliveries.quantity AS delivery
FROM order_lines LEFT JOIN order_deliveries USING (job_id)

-- name: list_order_lines
{order_lines}
WHERE order_id = :order_id ORDER BY position, destination;

-- name: list_order_lines_named
{order_lines}
WHERE order_id = :order_id AND job_id = ANY (:job_ids::uuid[]) ORDER BY position, destination;

-- name: sum_goods
-- Returns where the goods lie and what of them is held back; how much came in in all (`part`) and by how much counts
-- differed (`counted`); for each destination, what shipments prepare, carry or have delivered (`part`: for an order's
-- line or work outside), and where those goods are; and what open shipments have picked by name. Refused, voided and
-- cancelled shipments hold nothing any more. The cost does not grow with what is over: only live lines of shipments
-- are read.
SELECT job_id, warehouse, location, stock.lot, NULL AS destination, 'here' AS place, on_hand AS quantity, held AS part,
       NULL AS counted, NULL AS since, expires_on
FROM stock JOIN order_lines USING (job_id)
    LEFT JOIN lots ON lots.article_id = coalesce(order_lines.article_id, job_id) AND lots.lot = stock.lot
WHERE job_id = ANY (:job_ids::uuid[])
UNION ALL
SELECT job_id, NULL, NULL, NULL, NULL, 'ever', 0,
       coalesce(sum(stock_totals.quantity) FILTER (
           WHERE kind IN ('receipt', 'purchase') OR kind = 'allocation' AND order_lines.article_id IS NOT NULL), 0),
       coalesce(sum(stock_totals.quantity) FILTER (WHERE kind IN ('found', 'missing', 'adjustment')), 0),
       min(first_in), NULL
FROM stock_totals JOIN order_lines USING (job_id)
WHERE job_id = ANY (:job_ids::uuid[])
GROUP BY job_id
UNION ALL
SELECT job_id, warehouse, NULL, NULL, destination,
       CASE WHEN state IN ('draft', 'picked') THEN 'reserved' WHEN state = 'delivered' THEN goods_go_to
            ELSE 'in_transit' END AS place,
       sum(quantity - came_back - returned), coalesce(sum(quantity - came_back) FILTER (
           WHERE closes_order_line OR job_id IN (
               SELECT job_id FROM order_lines WHERE job_id = ANY (:job_ids::uuid[]) AND finisher IS NOT NULL)), 0),
       NULL, NULL, NULL
FROM shipment_lines JOIN shipments USING (shipment_id)
WHERE live AND job_id = ANY (:job_ids::uuid[])
  AND state IN ('draft', 'picked', 'issued', 'in_transit', 'delivered')
GROUP BY job_id, warehouse, destination, place
UNION ALL
SELECT job_id, warehouse, location, lot, NULL, 'picked', sum(shipment_picks.quantity), 0, NULL, NULL, NULL
FROM shipment_lines JOIN shipment_picks USING (shipment_id, job_id) JOIN shipments USING (shipment_id)
WHERE live AND job_id = ANY (:job_ids::uuid[]) AND state IN ('draft', 'picked')
GROUP BY job_id, warehouse, location, lot;

-- name: update_produced
-- Under the order's lock.
UPDATE order_lines SET produced = :quantity
FROM (SELECT order_id FROM orders WHERE order_id = :order_id FOR NO KEY UPDATE) AS locked
WHERE order_lines.order_id = locked.order_id AND job_id = :job_id;

-- name: update_finished
-- Under the order's lock. The quantity only grows: an older event changes nothing.
UPDATE order_lines SET finished = greatest(finished, :quantity)
FROM (SELECT order_id FROM orders WHERE order_id = :order_id FOR NO KEY UPDATE) AS locked
WHERE order_lines.order_id = locked.order_id AND job_id = :job_id;

-- name: update_closed
-- Under the order's lock.
UPDATE order_lines SET closed = true
FROM (SELECT order_id FROM orders WHERE order_id = :order_id FOR NO KEY UPDATE) AS locked
WHERE order_lines.order_id = locked.order_id AND job_id = :job_id;

-- name: upsert_line_in_process
-- For work outside. The last company stays named, because documents rely on it.
INSERT INTO order_lines AS known (order_id, position, job_id, description, quantity, unit, goods_code, closed, finisher)
VALUES (:order_id, (SELECT max(position) + 1 FROM order_lines WHERE order_id = :order_id), :job_id, :description,
    :quantity, :unit, :goods_code, :closed, :finisher)
ON CONFLICT (tenant_id, job_id) DO UPDATE SET quantity = excluded.quantity, closed = excluded.closed,
    finisher = coalesce(excluded.finisher, known.finisher);

-- name: list_destination_people
SELECT person_id FROM destination_people WHERE destination = :destination ORDER BY person_id;

-- name: insert_destination_person
INSERT INTO destination_people (destination, person_id) VALUES (:destination, :person_id) ON CONFLICT DO NOTHING;

-- name: delete_destination_person
DELETE FROM destination_people WHERE destination = :destination AND person_id = :person_id;

-- name: insert_assignee
INSERT INTO phase_assignees (phase_id, since, person_id) VALUES (:phase_id, :since, :person_id) ON CONFLICT DO NOTHING;

-- name: update_order_terms
-- Under the order's lock, after `delete_deliveries`.
WITH order_changed AS (
    UPDATE orders SET deadline = :deadline WHERE order_id = :order_id
), lines_changed AS (
    UPDATE order_lines SET quantity = line.quantity
    FROM unnest(:job_ids::uuid[], :quantities::numeric[]) AS line(job_id, quantity)
    WHERE order_lines.job_id = line.job_id
)
INSERT INTO order_deliveries (job_id, destination, quantity)
SELECT job_id, destination, quantity
FROM unnest(:delivered_jobs::uuid[], :destinations::text[], :parts::numeric[])
    AS delivery(job_id, destination, quantity);

-- name: delete_deliveries
DELETE FROM order_deliveries WHERE job_id = ANY (:job_ids::uuid[]);

-- name: update_order_cancelled
UPDATE orders SET cancelled_because = :because WHERE order_id = :order_id;

-- name: insert_movements
-- Also returns whether these goods still lie somewhere. Under their order's lock.
WITH stocked AS (
    UPDATE order_lines SET stocked = job_id <> ALL (:gone::uuid[]) WHERE job_id = ANY (:job_ids::uuid[])
)
INSERT INTO movements (movement_id, warehouse, job_id, kind, quantity, shipment_id, reason, receipt_id, count_id,
    location, lot, recorded_at, recorded_by)
SELECT movement_id, warehouse, job_id, kind, quantity, shipment_id, reason, receipt_id, count_id, location, lot,
    :recorded_at, :recorded_by
FROM unnest(:movement_ids::uuid[], :warehouses::text[], :job_ids::uuid[], :kinds::text[], :quantities::numeric[],
            :shipment_ids::uuid[], :reasons::text[], :receipt_ids::uuid[],
            :count_ids::uuid[], :locations::text[], :lots::text[])
    AS movement(movement_id, warehouse, job_id, kind, quantity, shipment_id, reason, receipt_id, count_id, location, lot);

-- name: insert_holds
-- Under their order's lock.
INSERT INTO holds (hold_id, warehouse, job_id, kind, quantity, reason, location, lot, recorded_at, recorded_by)
SELECT hold_id, warehouse, job_id, kind, quantity, reason, location, lot, :recorded_at, :recorded_by
FROM unnest(:hold_ids::uuid[], :warehouses::text[], :job_ids::uuid[], :kinds::text[], :quantities::numeric[],
            :reasons::text[], :locations::text[], :lots::text[])
    AS entry(hold_id, warehouse, job_id, kind, quantity, reason, location, lot);

-- name: list_holds
-- plan: custom
SELECT hold_id, warehouse, holds.job_id, kind, holds.quantity, reason, location, lot, recorded_at, recorded_by, unit,
       (SELECT json_build_object('kind', lookups.kind, 'code', code, 'content', content, 'version', version)
        FROM lookups WHERE lookups.kind = 'warehouse' AND code = holds.warehouse) AS lookup
FROM holds JOIN order_lines USING (job_id)
WHERE (:warehouse::text IS NULL OR warehouse = :warehouse)
  AND (:job_id::uuid IS NULL OR holds.job_id = :job_id)
  AND (:before::uuid IS NULL OR hold_id < :before)
ORDER BY hold_id DESC LIMIT :limit;

-- name: upsert_lots
-- Returns the known lots with another expiry. Under their account's lock.
WITH told AS (
    SELECT article_id, lot, expires_on
    FROM unnest(:article_ids::uuid[], :lots::text[], :expire_on::date[]) AS told(article_id, lot, expires_on)
), added AS (
    INSERT INTO lots (article_id, lot, expires_on) SELECT DISTINCT article_id, lot, expires_on FROM told
    ON CONFLICT (tenant_id, article_id, lot) DO NOTHING
)
SELECT article_id, lot, lots.expires_on FROM told JOIN lots USING (article_id, lot)
WHERE told.expires_on IS NOT NULL AND told.expires_on IS DISTINCT FROM lots.expires_on;

-- name: insert_locations
INSERT INTO locations (warehouse, code) SELECT :warehouse, code FROM unnest(:codes::text[]) AS code ON CONFLICT DO NOTHING;

-- fragment: locations_listed
-- `used`: goods lie there, have left it and may come back, or are being counted there.
SELECT warehouse, code, EXISTS (
           SELECT FROM put_away WHERE put_away.warehouse = locations.warehouse AND location = code) AS put_away,
       EXISTS (SELECT FROM stock
               WHERE stock.warehouse = locations.warehouse AND location = code AND location <> '')
       OR EXISTS (SELECT FROM shipments JOIN shipment_picks USING (shipment_id)
                  WHERE state IN ('draft', 'picked', 'issued', 'in_transit')
                    AND shipments.warehouse = locations.warehouse AND location = code)
       OR EXISTS (SELECT FROM counts JOIN count_lines USING (count_id)
                  WHERE state = 'open' AND counts.warehouse = locations.warehouse AND location = code) AS used
FROM locations

-- name: list_locations_named
{locations_listed}
WHERE warehouse = :warehouse AND code = ANY (:codes::text[]) ORDER BY code;

-- name: lock_location
SELECT code FROM locations WHERE warehouse = :warehouse AND code = :code FOR UPDATE;

-- name: delete_location
-- Under the location's lock. A transaction that puts goods there holds a share lock until its commit.
DELETE FROM locations WHERE warehouse = :warehouse AND code = :code;

-- name: lock_put_away
SELECT location FROM put_away JOIN locations USING (warehouse)
WHERE warehouse = :warehouse AND location = code FOR KEY SHARE OF locations;

-- name: upsert_put_away
INSERT INTO put_away (warehouse, location) VALUES (:warehouse, :location)
ON CONFLICT (tenant_id, warehouse) DO UPDATE SET location = excluded.location;

-- name: delete_put_away
DELETE FROM put_away WHERE warehouse = :warehouse;

-- name: list_locations
-- plan: custom
{locations_listed}
WHERE (:warehouse::text IS NULL OR warehouse = :warehouse)
  AND (:after_warehouse::text IS NULL OR (warehouse, code) > (:after_warehouse, :after_code::text))
ORDER BY warehouse, code LIMIT :limit;

-- name: lock_locations
-- Returns the codes that exist in the warehouse; they can't be removed before the commit.
SELECT code FROM locations WHERE warehouse = :warehouse AND code = ANY (:codes::text[]) FOR KEY SHARE;

-- name: insert_receipt
INSERT INTO supplier_receipts (receipt_id, supplier, number, date, warehouse, recorded_at, recorded_by)
VALUES (:receipt_id, :supplier, :number, :date, :warehouse, :recorded_at, :recorded_by)
ON CONFLICT (tenant_id, supplier, upper(number), extract(year FROM date)) DO NOTHING
RETURNING receipt_id;

-- name: list_receipts
-- plan: custom
SELECT receipt_id, supplier, number, date, warehouse, recorded_at, recorded_by, (
    SELECT json_agg(json_build_object('job_id', job_id, 'quantity', movements.quantity::text,
                                      'description', description, 'unit', unit, 'closed', closed,
                                      'code', goods_code, 'location', location, 'lot', movements.lot,
                                      'expires_on', expires_on)
                    ORDER BY movement_id)
    FROM movements JOIN order_lines USING (job_id)
        LEFT JOIN lots ON lots.article_id = movements.job_id AND lots.lot = movements.lot
    WHERE movements.receipt_id = supplier_receipts.receipt_id) AS lines, (
    SELECT json_agg(json_build_object('kind', kind, 'code', code, 'content', content, 'version', version))
    FROM lookups
    WHERE (kind, code) IN (('warehouse', warehouse), ('destination', supplier))) AS lookups
FROM supplier_receipts
WHERE (:supplier::text IS NULL OR supplier = :supplier)
  AND (:number::text IS NULL OR upper(number) = upper(:number))
  AND (:before::uuid IS NULL OR receipt_id < :before)
ORDER BY receipt_id DESC LIMIT :limit;

-- name: list_stock
-- plan: custom
-- The newest goods first.
SELECT warehouse, job_id, CASE WHEN kept_for IS NULL THEN order_lines.order_id END AS order_id,
       CASE WHEN kept_for IS NULL THEN number END AS order_number,
       CASE WHEN kept_for IS NOT NULL THEN goods_code END AS article_code, description, unit, on_hand,
       coalesce((
           SELECT sum(shipment_lines.quantity)
           FROM shipment_lines JOIN shipments USING (shipment_id)
           WHERE live AND shipment_lines.job_id = there.job_id AND shipments.warehouse = there.warehouse
             AND shipments.state IN ('draft', 'picked')), 0) AS reserved,
       held,
       (SELECT json_agg(json_build_object('location', location, 'lot', stock.lot, 'quantity', stock.on_hand::text,
                                          'held', stock.held::text, 'expires_on', expires_on)
                        ORDER BY expires_on, location, stock.lot)
        FROM stock
            LEFT JOIN lots ON lots.article_id = coalesce(order_lines.article_id, there.job_id) AND lots.lot = stock.lot
        WHERE stock.job_id = there.job_id AND stock.warehouse = there.warehouse AND stock.on_hand <> 0) AS places,
       (SELECT json_build_object('kind', lookups.kind, 'code', code, 'content', content, 'version', version)
        FROM lookups WHERE lookups.kind = 'warehouse' AND code = there.warehouse) AS lookup
FROM (
    SELECT job_id, warehouse, sum(on_hand) AS on_hand, sum(held) AS held
    FROM stock
    WHERE (:warehouse::text IS NULL OR warehouse = :warehouse)
      AND (:job_id::uuid IS NULL OR job_id = :job_id)
      AND (:order_id::uuid IS NULL OR job_id IN (SELECT job_id FROM order_lines WHERE order_id = :order_id))
      AND (:articles::boolean IS NULL OR :articles = EXISTS (
          SELECT FROM order_lines JOIN orders USING (order_id)
          WHERE order_lines.job_id = stock.job_id AND kept_for IS NOT NULL))
      AND (:before_job_id::uuid IS NULL OR (job_id, warehouse) < (:before_job_id, :before_warehouse::text))
    GROUP BY job_id, warehouse HAVING sum(on_hand) <> 0
    ORDER BY job_id DESC, warehouse DESC LIMIT :limit
) AS there
JOIN order_lines USING (job_id) JOIN orders USING (order_id)
ORDER BY job_id DESC, warehouse DESC;

-- name: list_movements
-- plan: custom
SELECT movement_id, warehouse, movements.job_id, kind, movements.quantity, shipment_id, receipt_id, count_id, reason,
       location, lot, recorded_at, recorded_by, unit,
       (SELECT json_build_object('kind', lookups.kind, 'code', code, 'content', content, 'version', version)
        FROM lookups WHERE lookups.kind = 'warehouse' AND code = movements.warehouse) AS lookup
FROM movements JOIN order_lines USING (job_id)
WHERE (:warehouse::text IS NULL OR warehouse = :warehouse)
  AND (:job_id::uuid IS NULL OR movements.job_id = :job_id)
  AND (:shipment_id::uuid IS NULL OR shipment_id = :shipment_id)
  AND (:before::uuid IS NULL OR movement_id < :before)
ORDER BY movement_id DESC LIMIT :limit;

-- name: insert_shipment
-- Inserts the shipment with its lines.
WITH added AS (
    INSERT INTO shipments (shipment_id, order_id, brief_id, warehouse, destination, state, reason, goods_go_to,
        closes_order_line, transport_by, carrier, freight, appearance, packages, gross_weight_kg, net_weight_kg,
        customer_reference, starts_at, notes, replaces, from_stock, consignment_id, version, drafted_at)
    VALUES (:shipment_id, :order_id, :brief_id, :warehouse, :destination, :state, :document_type, :goods_go_to,
        :closes_order_line, :transport_by, :carrier, :freight, :appearance, :packages, :gross_weight_kg,
        :net_weight_kg, :customer_reference, :starts_at, :notes, :replaces, :from_stock, :consignment_id, :version, :drafted_at)
)
INSERT INTO shipment_lines (shipment_id, position, job_id, quantity)
SELECT :shipment_id, position, job_id, quantity
FROM unnest(:job_ids::uuid[], :quantities::numeric[]) WITH ORDINALITY AS line(job_id, quantity, position);

-- name: update_shipment
-- Under the order's lock.
WITH changed AS (
    UPDATE shipment_lines SET came_back = line.came_back, returned = line.returned, live = line.live
    FROM unnest(:changed_jobs::uuid[], :came_back::numeric[], :returned::numeric[], :live::boolean[])
        AS line(job_id, came_back, returned, live)
    WHERE shipment_id = :shipment_id AND shipment_lines.job_id = line.job_id
)
UPDATE shipments SET state = :state, transport_by = :transport_by, carrier = :carrier,
    freight = :freight, appearance = :appearance, packages = :packages, gross_weight_kg = :gross_weight_kg,
    net_weight_kg = :net_weight_kg, customer_reference = :customer_reference, starts_at = :starts_at, notes = :notes, departed_at = :departed_at, delivered_at = :delivered_at, received_by = :received_by,
    ended_because = :ended_because, replaced_by = :replaced_by, return_by = :return_by, consignment_id = :consignment_id,
    document_of = :document_of, version = :version
WHERE shipment_id = :shipment_id;

-- name: replace_shipment_picks
-- Under the order's lock, after `delete_shipment_picks`.
INSERT INTO shipment_picks (shipment_id, position, job_id, location, lot, quantity, expires_on)
SELECT :shipment_id, position, job_id, location, lot, quantity, expires_on
FROM unnest(:job_ids::uuid[], :locations::text[], :lots::text[], :quantities::numeric[], :expire_on::date[])
    WITH ORDINALITY AS pick(job_id, location, lot, quantity, expires_on, position);

-- name: delete_shipment_picks
DELETE FROM shipment_picks WHERE shipment_id = :shipment_id;

-- name: delete_shipment_lines
-- For a shipment without a document, under the order's lock: new lines replace them.
DELETE FROM shipment_lines WHERE shipment_id = :shipment_id;

-- name: update_shipment_content
-- Updates the shipment and inserts its new lines. Under the order's lock.
WITH revised AS (
    UPDATE shipments SET state = :state, reason = :document_type, goods_go_to = :goods_go_to,
        closes_order_line = :closes_order_line, warehouse = :warehouse, destination = :destination, version = :version
    WHERE shipment_id = :shipment_id
)
INSERT INTO shipment_lines (shipment_id, position, job_id, quantity)
SELECT :shipment_id, position, job_id, quantity
FROM unnest(:job_ids::uuid[], :quantities::numeric[]) WITH ORDINALITY AS line(job_id, quantity, position);

-- fragment: shipment_columns
shipments.shipment_id, shipments.order_id, shipments.brief_id, warehouse, destination, state,
       reason AS document_type, goods_go_to, closes_order_line, transport_by, carrier, freight, appearance,
       packages, gross_weight_kg, net_weight_kg, customer_reference, starts_at, notes, departed_at, delivered_at, received_by, ended_because,
       replaces, replaced_by, from_stock, return_by, consignment_id, document_of, proofs, version, drafted_at

-- fragment: shipment_rows
-- Shipments with their documents' numbers, their goods' descriptions and the lookup entries under their codes.
SELECT {shipment_columns},
       orders.number AS order_number, orders.cancelled_because IS NOT NULL AS order_cancelled,
       ddts.number AS ddt_number, progressive, series, year, issue_date, issued_at, document ->> 'time_zone' AS time_zone,
       (SELECT json_build_object('invoice_number', invoice_number, 'invoice_date', invoice_date,
                                 'credit_note_number', credit_note_number, 'credit_note_date', credit_note_date)
        FROM ddt_invoices AS told WHERE told.shipment_id = shipments.shipment_id) AS invoicing,
       (SELECT ddts.number FROM shipments AS replaced JOIN ddts ON ddts.shipment_id = coalesce(replaced.document_of, replaced.shipment_id)
        WHERE replaced.shipment_id = shipments.replaces) AS replaces_number, (
    SELECT json_agg(json_build_object('shipment_id', other.shipment_id, 'order_id', other.order_id,
                                      'order_number', number, 'state', state, 'can_be_issued',
                                      state = 'picked' AND cancelled_because IS NULL AND NOT EXISTS (
                                          SELECT FROM shipment_lines JOIN order_lines USING (job_id)
                                          WHERE shipment_lines.shipment_id = other.shipment_id AND closed))
                    ORDER BY other.shipment_id)
    FROM shipments AS other JOIN orders USING (order_id)
    WHERE other.consignment_id = shipments.consignment_id AND other.shipment_id <> shipments.shipment_id
      AND state <> 'cancelled') AS companions, (
    SELECT json_agg(json_build_object('job_id', job_id, 'quantity', shipment_lines.quantity::text,
                                      'came_back', came_back::text, 'returned', returned::text,
                                      'description', description, 'unit', unit, 'closed', closed,
                                      'code', goods_code, 'finisher', finisher, 'sendable', order_lines.quantity::text)
                    ORDER BY shipment_lines.position)
    FROM shipment_lines JOIN order_lines USING (job_id)
    WHERE shipment_lines.shipment_id = shipments.shipment_id) AS lines, (
    SELECT json_agg(json_build_object('job_id', job_id, 'location', location, 'lot', lot,
                                      'quantity', shipment_picks.quantity::text, 'expires_on', expires_on)
                    ORDER BY position)
    FROM shipment_picks WHERE shipment_picks.shipment_id = shipments.shipment_id) AS picks, (
    SELECT json_agg(json_build_object('kind', kind, 'code', code, 'content', content, 'version', version))
    FROM lookups
    WHERE (kind, code) IN (('warehouse', shipments.warehouse),
                           (CASE goods_go_to WHEN 'warehouse' THEN 'warehouse' ELSE 'destination' END, destination),
                           ('transport_reason', shipments.reason), ('carrier', shipments.carrier))) AS lookups
FROM shipments JOIN orders USING (order_id)
    LEFT JOIN ddts ON ddts.shipment_id = coalesce(shipments.document_of, shipments.shipment_id)

-- name: find_shipment
{shipment_rows}
WHERE shipments.shipment_id = :shipment_id;

-- fragment: own_document
-- Whether it was sent to a destination where this person works, or every phase whose goods it carries was assigned to
-- them when it was issued. A transfer to one of our warehouses goes to no destination, whatever its code.
ddts.issued_at IS NOT NULL AND (shipments.goods_go_to <> 'warehouse' AND shipments.destination IN (
      SELECT works_at.destination FROM destination_people AS works_at WHERE works_at.person_id = :person_id::uuid)
  OR NOT EXISTS (
      SELECT FROM shipments AS carried JOIN shipment_lines AS line USING (shipment_id)
      WHERE coalesce(carried.document_of, carried.shipment_id) = ddts.shipment_id
        AND (SELECT person_id FROM phase_assignees AS given
             WHERE given.phase_id = line.job_id AND given.since <= ddts.issued_at
             ORDER BY given.since DESC LIMIT 1) IS DISTINCT FROM :person_id::uuid))

-- name: find_own_shipment
{shipment_rows}
WHERE shipments.shipment_id = :shipment_id
  AND {own_document};

-- name: list_own_shipments
-- plan: custom
-- Looked for among those that carry goods of this person's phases, and those that went to where they work.
{shipment_rows}
WHERE shipments.shipment_id IN (
      SELECT line.shipment_id FROM phase_assignees AS given JOIN shipment_lines AS line ON line.job_id = given.phase_id
      WHERE given.person_id = :person_id
      UNION ALL
      SELECT sent.shipment_id FROM destination_people AS works_at JOIN shipments AS sent USING (destination)
      WHERE works_at.person_id = :person_id)
  AND {own_document}
  AND (:before::uuid IS NULL OR shipments.shipment_id < :before)
ORDER BY shipments.shipment_id DESC LIMIT :limit;

-- name: list_shipments_named
{shipment_rows}
WHERE shipments.shipment_id = ANY (:shipment_ids::uuid[])
ORDER BY array_position(:shipment_ids::uuid[], shipments.shipment_id);

-- name: lock_order_of_lone_shipment
SELECT orders.order_id
FROM shipments JOIN orders USING (order_id)
WHERE shipment_id = :shipment_id AND consignment_id IS NULL FOR NO KEY UPDATE OF orders;

-- name: find_consignment
SELECT consignment_id FROM shipments WHERE shipment_id = :shipment_id;

-- name: lock_consignment
SELECT consignment_id FROM consignments WHERE consignment_id = :consignment_id FOR NO KEY UPDATE;

-- name: lock_orders_of_consignment
-- Also locks an order that is to join. Locks in the same sequence, so that two transactions can't deadlock.
SELECT order_id FROM orders
WHERE order_id = ANY (ARRAY(
    SELECT order_id FROM shipments WHERE shipment_id = :shipment_id OR consignment_id = :consignment_id
    UNION ALL SELECT :joined_by::uuid))
ORDER BY order_id FOR NO KEY UPDATE;

-- name: list_shipments_of_consignment
{shipment_rows}
WHERE shipments.shipment_id = :shipment_id OR consignment_id = :consignment_id
ORDER BY shipments.shipment_id;

-- name: insert_consignment
INSERT INTO consignments (consignment_id) VALUES (:consignment_id);

-- name: list_shipments_of_order
SELECT {shipment_columns}, (
    SELECT json_agg(json_build_object('job_id', job_id, 'quantity', quantity::text, 'came_back', came_back::text,
                                      'returned', returned::text)
                    ORDER BY position)
    FROM shipment_lines WHERE shipment_lines.shipment_id = shipments.shipment_id) AS lines, (
    SELECT json_agg(json_build_object('job_id', job_id, 'location', location, 'lot', lot,
                                      'quantity', shipment_picks.quantity::text, 'expires_on', expires_on)
                    ORDER BY position)
    FROM shipment_picks WHERE shipment_picks.shipment_id = shipments.shipment_id) AS picks
FROM shipments WHERE order_id = :order_id ORDER BY shipment_id;

-- fragment: shipments_wanted
(:state::text IS NULL OR state = :state)
  AND (:order_id::uuid IS NULL OR shipments.order_id = :order_id)
  AND (:brief_id::uuid IS NULL OR shipments.brief_id = :brief_id)
  AND (:warehouse::text IS NULL OR warehouse = :warehouse)
  AND (:destination::text IS NULL OR destination = :destination)
  AND (:issued_from::date IS NULL OR issue_date >= :issued_from)
  AND (:issued_to::date IS NULL OR issue_date <= :issued_to)
  AND (:number::text IS NULL OR ddts.number = :number)
  AND (:late_on::date IS NULL OR state IN ('draft', 'picked', 'issued', 'in_transit') AND closes_order_line
       AND deadline < :late_on)
  AND (:before::uuid IS NULL OR shipments.shipment_id < :before)

-- name: list_shipments
-- plan: custom
{shipment_rows}
WHERE {shipments_wanted}
ORDER BY shipments.shipment_id DESC LIMIT :limit;

-- name: search_shipments
-- plan: custom
-- As `list_shipments`, of those that a text names.
{shipment_rows}
WHERE shipments.shipment_id IN (
      SELECT found.shipment_id FROM ddts AS numbered
          JOIN shipments AS found ON coalesce(found.document_of, found.shipment_id) = numbered.shipment_id
      WHERE numbered.number = :text
      UNION ALL
      SELECT found.shipment_id FROM orders AS numbered JOIN shipments AS found USING (order_id)
      WHERE numbered.number = :text AND numbered.number <> ''
      UNION ALL
      SELECT found.shipment_id FROM shipments AS found
      WHERE found.destination IN (
          SELECT code FROM lookups
          WHERE kind = 'destination'
            AND (code = :text OR content #>> '{recipient,name}' ILIKE '%' || :text || '%'
                 OR content #>> '{address,name}' ILIKE '%' || :text || '%'
                 OR content #>> '{address,city}' ILIKE '%' || :text || '%'))
      UNION ALL
      SELECT found.shipment_id FROM shipment_lines AS found
      WHERE found.job_id IN (
          SELECT article_id FROM articles
          WHERE code = :text OR barcode = :text OR customer_code = :text
             OR content ->> 'description' ILIKE '%' || :text || '%'))
  AND {shipments_wanted}
ORDER BY shipments.shipment_id DESC LIMIT :limit;

-- name: count_under_way
-- For one tenant, by state. Late means past the deadline of the order.
SELECT state, count(*) AS shipments, count(*) FILTER (WHERE closes_order_line AND deadline < :today) AS late
FROM shipments JOIN orders USING (order_id)
WHERE state IN ('draft', 'picked', 'issued', 'in_transit') GROUP BY state;

-- name: list_expected_back
-- plan: custom
{shipment_rows}
WHERE return_by IS NOT NULL
  AND (:until::date IS NULL OR return_by <= :until)
  AND (:after_date::date IS NULL OR (return_by, shipments.shipment_id) > (:after_date, :after_id::uuid))
ORDER BY return_by, shipments.shipment_id LIMIT :limit;

-- name: list_with_third_parties
-- plan: custom
-- What of the goods of each destination and document type is not back, and the documents it left under.
SELECT destination, reason AS document_type, job_id, sum(away) AS quantity,
       coalesce(sum(away) FILTER (WHERE state <> 'delivered'), 0) AS in_transit, min(issue_date) AS since,
       min(return_by) AS return_by, min(description) AS description, min(unit) AS unit, min(goods_code) AS code,
       json_agg(json_build_object('shipment_id', gone.shipment_id, 'number', number, 'quantity', away::text)
                ORDER BY gone.shipment_id) AS documents, (
    SELECT json_agg(json_build_object('kind', kind, 'code', code, 'content', content, 'version', version))
    FROM lookups
    WHERE (kind, code) IN (('destination', destination), ('transport_reason', reason))) AS lookups
FROM (
    SELECT shipment_id, coalesce(document_of, shipment_id) AS document_id, destination, reason, state, return_by,
           job_id, quantity - came_back - returned AS away
    FROM shipments JOIN shipment_lines USING (tenant_id, shipment_id)
    WHERE goods_go_to = 'third_party' AND state IN ('issued', 'in_transit', 'delivered')
      AND quantity > came_back + returned
      AND (:destination::text IS NULL OR destination = :destination)
      AND (:document_type::text IS NULL OR reason = :document_type)
) AS gone
JOIN order_lines USING (job_id) JOIN ddts ON ddts.shipment_id = document_id
WHERE :after_destination::text IS NULL
   OR (destination, reason, job_id) > (:after_destination, :after_document_type::text, :after_job_id::uuid)
GROUP BY destination, reason, job_id
ORDER BY destination, reason, job_id LIMIT :limit;

-- name: insert_return
INSERT INTO returns (return_id, shipment_id, document_type, warehouse, number, date, reason, lines, recorded_at, recorded_by)
VALUES (:return_id, :shipment_id, :document_type, :warehouse, :number, :date, :reason, :lines, :recorded_at,
    :recorded_by);

-- name: insert_proof
-- Also counts the proof in each shipment of the document.
WITH counted AS (
    UPDATE shipments SET proofs = proofs + 1 WHERE coalesce(document_of, shipments.shipment_id) = :shipment_id
)
INSERT INTO delivery_proofs (proof_id, shipment_id, name, media_type, size, sha256, data, recorded_at, recorded_by)
VALUES (:proof_id, :shipment_id, :name, :media_type, :size, :sha256, :data, :recorded_at, :recorded_by);

-- name: list_proofs
-- plan: custom
SELECT proof_id, shipment_id, name, media_type, size, sha256, recorded_at, recorded_by FROM delivery_proofs
WHERE shipment_id = :document_id AND (:before::uuid IS NULL OR proof_id < :before)
ORDER BY proof_id DESC LIMIT :limit;

-- name: find_proof
-- The document is checked too, so that a file can't be reached through another document.
SELECT proof_id, shipment_id, name, media_type, size, sha256, data FROM delivery_proofs
WHERE proof_id = :proof_id AND shipment_id = :document_id;

-- name: list_returns
-- plan: custom
SELECT return_id, shipment_id, document_type, warehouse, number, date, reason, lines, recorded_at, recorded_by, (
    SELECT json_agg(json_build_object('kind', kind, 'code', code, 'content', content, 'version', version))
    FROM lookups
    WHERE (kind, code) IN (('warehouse', warehouse), ('transport_reason', document_type))) AS lookups
FROM returns
WHERE shipment_id = :shipment_id AND (:before::uuid IS NULL OR return_id < :before)
ORDER BY return_id DESC LIMIT :limit;

-- name: lock_series
-- Inserts the series or locks it: of two first documents of a year, one waits here for the other.
INSERT INTO ddt_series AS known (year, series, last_progressive) VALUES (:year, :series, 0)
ON CONFLICT (tenant_id, year, series) DO UPDATE SET last_progressive = known.last_progressive
RETURNING last_progressive, last_issue_date;

-- name: insert_document
-- Also stores the number as the last of its series.
WITH taken AS (
    UPDATE ddt_series SET last_progressive = :progressive, last_issue_date = :issue_date
    WHERE year = :year AND series = :series
)
INSERT INTO ddts (shipment_id, year, series, progressive, number, issue_date, issued_at, document)
VALUES (:shipment_id, :year, :series, :progressive, :number, :issue_date, :issued_at, :document);

-- fragment: invoiceable_lines
-- The lines of a document of which the recipient has goods that the ERP has not invoiced.
FROM shipments JOIN shipment_lines USING (shipment_id)
    WHERE coalesce(document_of, shipment_id) = ddts.shipment_id AND state IN ('issued', 'in_transit', 'delivered')
      AND quantity > came_back + returned
      AND NOT EXISTS (SELECT FROM ddt_invoices
                      WHERE ddt_invoices.shipment_id = shipments.shipment_id AND invoice_number IS NOT NULL)

-- fragment: to_be_invoiced
document @> '{"to_be_invoiced": true}'
  AND (:issued_from::date IS NULL OR issue_date >= :issued_from)
  AND (:issued_to::date IS NULL OR issue_date <= :issued_to)
  AND (:customer::text IS NULL
       OR :customer IN (document #>> '{recipient,vat_number}', document #>> '{recipient,fiscal_code}')
       OR document #>> '{recipient,name}' ILIKE '%' || :customer || '%')
  AND EXISTS (SELECT {invoiceable_lines})

-- name: list_to_be_invoiced
-- plan: custom
-- By date. Of each line what the recipient has: not what was refused or came back.
SELECT shipment_id, issue_date, document, (
    SELECT json_object_agg(job_id, (quantity - came_back - returned)::text)
    {invoiceable_lines}) AS quantities, (
    SELECT string_agg(credit_note_number, ', ' ORDER BY credit_note_number)
    FROM shipments AS part JOIN ddt_invoices USING (shipment_id)
    WHERE coalesce(part.document_of, part.shipment_id) = ddts.shipment_id AND invoice_number IS NULL) AS credit_note_number
FROM ddts
WHERE {to_be_invoiced}
  AND (:after_date::date IS NULL OR (issue_date, shipment_id) > (:after_date, :after_id::uuid))
ORDER BY issue_date, shipment_id LIMIT :limit;

-- name: list_customers_to_be_invoiced
-- plan: custom
-- The oldest document first, which is to be invoiced soonest.
SELECT name, vat_number, fiscal_code, count(*) AS documents, min(issue_date) AS oldest
FROM (
    SELECT issue_date, document #>> '{recipient,name}' AS name, document #>> '{recipient,vat_number}' AS vat_number,
           document #>> '{recipient,fiscal_code}' AS fiscal_code
    FROM ddts
    WHERE {to_be_invoiced}
) AS sent
GROUP BY name, vat_number, fiscal_code ORDER BY oldest, name, vat_number, fiscal_code LIMIT :limit;

-- name: upsert_ddt_invoice
INSERT INTO ddt_invoices (shipment_id, invoice_number, invoice_date, credit_note_number, credit_note_date)
SELECT shipment_id, :invoice_number::text, :invoice_date::date, :credit_note_number::text, :credit_note_date::date
FROM shipments WHERE shipment_id = :shipment_id
ON CONFLICT (tenant_id, shipment_id) DO UPDATE
SET invoice_number = excluded.invoice_number, invoice_date = excluded.invoice_date,
    credit_note_number = excluded.credit_note_number, credit_note_date = excluded.credit_note_date;

-- name: list_ddt_numbers
SELECT number FROM ddts WHERE shipment_id = ANY (ARRAY(
    SELECT coalesce(document_of, shipment_id) FROM shipments WHERE shipment_id = ANY (:shipment_ids::uuid[])));

-- name: list_delivery_figures
-- plan: custom
-- Of documents issued in a period. On time is by the order's deadline, in full without anything refused or returned.
SELECT month, carrier, destination, document_type,
       count(*) AS documents, count(*) FILTER (WHERE state = 'voided') AS voided,
       count(*) FILTER (WHERE state = 'refused') AS refused, count(*) FILTER (WHERE state = 'delivered') AS delivered,
       count(*) FILTER (WHERE promised) AS promised, count(*) FILTER (WHERE promised AND on_time) AS on_time,
       count(*) FILTER (WHERE promised AND on_time AND in_full) AS on_time_in_full,
       avg(extract(epoch FROM delivered_at - departed_at) / 86400) AS days
FROM (
    SELECT CASE WHEN :by = 'month' THEN to_char(issue_date, 'YYYY-MM') END AS month,
           CASE WHEN :by = 'carrier' THEN carrier END AS carrier,
           CASE WHEN :by = 'destination' THEN destination END AS destination,
           CASE WHEN :by = 'document_type' THEN reason END AS document_type,
           state, departed_at, delivered_at,
           state IN ('delivered', 'refused') AND closes_order_line AND deadline IS NOT NULL AS promised,
           state = 'delivered'
               AND (delivered_at AT TIME ZONE (document ->> 'time_zone'))::date <= deadline AS on_time,
           NOT EXISTS (
               SELECT FROM shipment_lines
               WHERE shipment_lines.shipment_id = shipments.shipment_id AND came_back + returned > 0) AS in_full
    FROM ddts JOIN shipments USING (shipment_id) JOIN orders USING (order_id)
    WHERE issue_date BETWEEN :since AND :until
) AS sent
GROUP BY month, carrier, destination, document_type
ORDER BY month NULLS LAST, documents DESC, carrier, destination, document_type LIMIT :limit;

-- name: list_stock_figures
-- plan: custom
-- Of articles in stock, by whose they are and their unit: what lies there, what left in a period, and what of it
-- has not left since the period began.
SELECT kept_for AS owner, unit, count(*) AS articles, sum(on_hand) AS on_hand, sum(gone) AS gone,
       count(*) FILTER (WHERE idle) AS idle_articles, coalesce(sum(on_hand) FILTER (WHERE idle), 0) AS idle
FROM (
    SELECT kept_for, unit, sum(movements.quantity) AS on_hand,
           coalesce(-sum(movements.quantity) FILTER (
               WHERE (kind = 'issue' OR kind = 'allocation' AND movements.quantity < 0)
                 AND recorded_at >= :since AND recorded_at < :until), 0) AS gone,
           coalesce(max(recorded_at) FILTER (
               WHERE kind = 'issue' OR kind = 'allocation' AND movements.quantity < 0), '-infinity') < :since
               AND min(recorded_at) < :since AS idle
    FROM order_lines JOIN movements USING (tenant_id, job_id) JOIN orders USING (order_id)
    WHERE stocked AND kept_for IS NOT NULL
    GROUP BY job_id, kept_for, unit HAVING sum(movements.quantity) <> 0
) AS kept
GROUP BY kept_for, unit ORDER BY articles DESC, kept_for, unit LIMIT :limit;

-- name: list_documents_named
SELECT shipment_id, document FROM ddts WHERE shipment_id = ANY (:document_ids::uuid[]);

-- name: find_gs1_prefix
SELECT prefix FROM gs1_prefixes;

-- name: upsert_gs1_prefix
INSERT INTO gs1_prefixes (prefix, next_serial) VALUES (:prefix, 1)
ON CONFLICT (tenant_id) DO UPDATE SET prefix = excluded.prefix;

-- name: update_gs1_serials
-- Locks the row until the commit: a transaction that fails gives its numbers back.
UPDATE gs1_prefixes SET next_serial = next_serial + :count RETURNING prefix, next_serial - :count AS first;

-- name: list_packages
SELECT shipment_id, sscc FROM packages WHERE shipment_id = ANY (:shipment_ids::uuid[]) ORDER BY shipment_id, position;

-- name: insert_packages
INSERT INTO packages (shipment_id, position, sscc)
SELECT :shipment_id, :after + place, sscc
FROM unnest(:numbers::text[]) WITH ORDINALITY AS package(sscc, place);

-- name: find_document
SELECT document FROM ddts WHERE shipment_id = :document_id;

-- name: find_pdf
SELECT pdf FROM ddt_pdfs WHERE shipment_id = :document_id;

-- name: insert_pdf
INSERT INTO ddt_pdfs (shipment_id, pdf, rendered_at) VALUES (:document_id, :pdf, :rendered_at) ON CONFLICT DO NOTHING;

-- name: list_lookups_named
SELECT kind, code, content, version
FROM unnest(:kinds::text[], :codes::text[]) AS named(kind, code) JOIN lookups USING (kind, code);

-- name: list_lookups_with_sender
SELECT kind, code, content, version, NULL AS time_zone
FROM unnest(:kinds::text[], :codes::text[]) AS named(kind, code) JOIN lookups USING (kind, code)
UNION ALL
SELECT NULL, NULL, identity, NULL, time_zone FROM senders;

-- name: upsert_lookup
-- The version must be one more than the stored one, otherwise nothing is written.
INSERT INTO lookups AS known (kind, code, content, version) VALUES (:kind, :code, :content, :version)
ON CONFLICT (tenant_id, kind, code) DO UPDATE SET content = excluded.content, version = excluded.version
WHERE known.version = excluded.version - 1
RETURNING version;

-- name: list_lookups
-- plan: custom
SELECT code, content, version FROM lookups
WHERE kind = :kind AND (:after::text IS NULL OR code > :after)
  AND (:text::text IS NULL OR code = :text OR content #>> '{recipient,name}' ILIKE '%' || :text || '%'
       OR content #>> '{address,name}' ILIKE '%' || :text || '%'
       OR content #>> '{address,city}' ILIKE '%' || :text || '%')
ORDER BY code LIMIT :limit;

-- name: lock_destinations
SELECT code, content, version FROM lookups
WHERE kind = 'destination' AND code > :after
ORDER BY code LIMIT :limit
FOR UPDATE;

-- name: upsert_sender
INSERT INTO senders (identity, time_zone) VALUES (:identity, :time_zone)
ON CONFLICT (tenant_id) DO UPDATE SET identity = excluded.identity, time_zone = excluded.time_zone;

-- name: lock_account_or_insert
-- Inserts the account or locks it: the update to itself makes two transactions wait for each other.
INSERT INTO orders AS known (order_id, number, kept_for) VALUES (:order_id, '', :kept_for)
ON CONFLICT (tenant_id, kept_for) WHERE kept_for IS NOT NULL DO UPDATE SET number = known.number;

-- fragment: article_columns
articles.article_id, articles.code, barcode, customer_code, content, version

-- name: find_article
SELECT {article_columns} FROM articles WHERE code = :code;

-- name: find_article_by_barcode
SELECT {article_columns} FROM articles WHERE barcode = :barcode;

-- name: list_articles_named
SELECT {article_columns} FROM articles WHERE code = ANY (:codes::text[])
UNION
SELECT {article_columns} FROM articles WHERE article_id = ANY (:article_ids::uuid[]);

-- name: list_articles
-- plan: custom
SELECT {article_columns} FROM articles
WHERE (:after::text IS NULL OR code > :after)
  AND (:text::text IS NULL OR code = :text OR barcode = :text OR customer_code = :text
       OR content ->> 'description' ILIKE '%' || :text || '%')
ORDER BY code LIMIT :limit;

-- name: insert_article
-- With its line in its owner's account, which is opened with the first one.
WITH opened AS (
    INSERT INTO orders AS known (order_id, number, kept_for) VALUES (:account_id, '', :kept_for)
    ON CONFLICT (tenant_id, kept_for) WHERE kept_for IS NOT NULL DO UPDATE SET number = known.number
    RETURNING order_id
), kept AS (
    INSERT INTO order_lines (job_id, order_id, position, description, quantity, unit, goods_code)
    SELECT :article_id, order_id, 0, :description, 0, :unit, :code FROM opened
)
INSERT INTO articles (article_id, code, barcode, customer_code, content, version)
VALUES (:article_id, :code, :barcode, :customer_code, :content, :version);

-- name: update_article
-- And what shipments and stock say of its goods. Documents that were issued keep what they say.
WITH described AS (
    UPDATE order_lines SET description = :description WHERE job_id = :article_id
)
UPDATE articles SET barcode = :barcode, customer_code = :customer_code, content = :content, version = :version
WHERE article_id = :article_id;

-- name: insert_count
INSERT INTO counts (count_id, warehouse, state, opened_at, opened_by, version)
VALUES (:count_id, :warehouse, :state, :opened_at, :opened_by, :version)
ON CONFLICT (tenant_id, warehouse) WHERE state = 'open' DO NOTHING
RETURNING count_id;

-- name: lock_count
SELECT count_id FROM counts WHERE count_id = :count_id FOR NO KEY UPDATE;

-- fragment: count_rows
SELECT count_id, warehouse, state, opened_at, opened_by, ended_at, ended_by, version, (
    SELECT json_agg(json_build_object('job_id', job_id, 'expected', expected::text, 'counted', counted::text,
                                      'counted_at', counted_at, 'counted_by', counted_by, 'reason', reason,
                                      'description', description, 'unit', unit, 'closed', closed,
                                      'code', goods_code, 'is_article', kept_for IS NOT NULL,
                                      'location', location, 'lot', lot)
                    ORDER BY counted_at, job_id, location, lot)
    FROM count_lines JOIN order_lines USING (job_id) JOIN orders USING (order_id)
    WHERE count_lines.count_id = counts.count_id) AS lines,
    (SELECT json_build_object('kind', lookups.kind, 'code', code, 'content', content, 'version', lookups.version)
     FROM lookups WHERE lookups.kind = 'warehouse' AND code = counts.warehouse) AS lookup
FROM counts

-- name: find_count
{count_rows}
WHERE count_id = :count_id;

-- name: list_counts
-- plan: custom
{count_rows}
WHERE (:state::text IS NULL OR state = :state)
  AND (:warehouse::text IS NULL OR warehouse = :warehouse)
  AND (:before::uuid IS NULL OR count_id < :before)
ORDER BY count_id DESC LIMIT :limit;

-- name: update_count
-- Under its lock.
UPDATE counts SET state = :state, ended_at = :ended_at, ended_by = :ended_by, version = :version
WHERE count_id = :count_id;

-- name: upsert_count_line
-- Under its count's lock. Of goods that were counted before, the newest count stands.
INSERT INTO count_lines (count_id, job_id, location, lot, expected, counted, counted_at, counted_by, reason)
VALUES (:count_id, :job_id, :location, :lot, :expected, :counted, :counted_at, :counted_by, :reason)
ON CONFLICT (tenant_id, count_id, job_id, location, lot) DO UPDATE SET expected = excluded.expected, counted = excluded.counted,
    counted_at = excluded.counted_at, counted_by = excluded.counted_by, reason = excluded.reason;

-- name: update_count_reasons
-- Of a count that is posted, under its lock.
UPDATE count_lines SET reason = line.reason
FROM unnest(:job_ids::uuid[], :locations::text[], :lots::text[], :reasons::text[]) AS line(job_id, location, lot, reason)
WHERE count_id = :count_id AND count_lines.job_id = line.job_id
  AND count_lines.location = line.location AND count_lines.lot = line.lot;

-- name: count_shipments_under_way
-- Over all tenants, as the backbone role; answered from a partial index.
SELECT state, count(*) FROM shipments WHERE state IN ('draft', 'picked', 'issued', 'in_transit') GROUP BY state;

-- name: count_ddts
-- Over all tenants, as the backbone role: numbers have no gaps, so the last ones add up to all.
SELECT coalesce(sum(last_progressive), 0) FROM ddt_series;

-- name: count_ddt_numbers
-- Over all tenants, as the backbone role. A series whose documents are fewer than the numbers that it gave has a gap.
SELECT count(*) AS series,
       coalesce(sum(abs(ddt_series.last_progressive - coalesce(given.numbers, 0))), 0)::bigint AS missing,
       (SELECT count(*) FROM shipments WHERE state = 'voided') AS voided
FROM ddt_series
LEFT JOIN (SELECT tenant_id, year, series, count(*) AS numbers FROM ddts GROUP BY tenant_id, year, series) AS given
    USING (tenant_id, year, series);

-- name: count_stock_deviations
-- Over all tenants, as the backbone role: places, held goods and totals that are not the sum of their entries. Triggers
-- keep them, so that there is none unless somebody wrote past them.
SELECT (
    SELECT count(*)
    FROM (SELECT tenant_id, job_id, warehouse, location, lot, sum(quantity) AS entries FROM movements
          GROUP BY tenant_id, job_id, warehouse, location, lot HAVING sum(quantity) <> 0) AS ledger
        FULL JOIN (SELECT tenant_id, job_id, warehouse, location, lot, on_hand FROM stock WHERE on_hand <> 0) AS kept
        USING (tenant_id, job_id, warehouse, location, lot)
    WHERE entries IS DISTINCT FROM on_hand
) + (
    SELECT count(*)
    FROM (SELECT tenant_id, job_id, warehouse, location, lot, sum(quantity) AS entries FROM holds
          GROUP BY tenant_id, job_id, warehouse, location, lot HAVING sum(quantity) <> 0) AS ledger
        FULL JOIN (SELECT tenant_id, job_id, warehouse, location, lot, held FROM stock WHERE held <> 0) AS kept
        USING (tenant_id, job_id, warehouse, location, lot)
    WHERE entries IS DISTINCT FROM held
) + (
    SELECT count(*)
    FROM (SELECT tenant_id, job_id, kind, sum(quantity) AS entries FROM movements GROUP BY tenant_id, job_id, kind) AS ledger
        FULL JOIN (SELECT tenant_id, job_id, kind, quantity FROM stock_totals) AS kept USING (tenant_id, job_id, kind)
    WHERE entries IS DISTINCT FROM quantity
);
