-- Every statement sees only the transaction's tenant: row-level security adds the condition.

-- name: list_kinds_named
SELECT id, key, name, phases, tolerance_percent, version, sheet FROM kinds WHERE key = ANY (:keys)

-- name: lock_kinds_shared
-- Transactions of orders that miss a kind share this lock; a transaction that defines a kind waits for them, and they
-- for it. So no job is blocked for a kind that was being defined meanwhile.
SELECT pg_advisory_xact_lock_shared(hashtextextended('kinds ' || optima_tenant(), 0))

-- name: lock_kinds
SELECT pg_advisory_xact_lock(hashtextextended('kinds ' || optima_tenant(), 0))

-- name: list_kinds
SELECT id, key, name, phases, tolerance_percent, version, sheet
FROM kinds WHERE key > :after ORDER BY key LIMIT :limit

-- name: upsert_kind
INSERT INTO kinds (id, key, name, phases, tolerance_percent, version, sheet)
VALUES (:id, :key, :name, :phases, :tolerance_percent, :version, :sheet)
ON CONFLICT (tenant_id, key) DO UPDATE SET
    name = excluded.name, phases = excluded.phases, tolerance_percent = excluded.tolerance_percent,
    version = excluded.version, sheet = excluded.sheet

-- name: lock_brief
-- The update changes nothing but takes the row's lock: another transaction with the same brief waits, and then reads
-- what this one wrote.
INSERT INTO briefs (id) VALUES (:brief_id)
ON CONFLICT (tenant_id, id) DO UPDATE SET id = excluded.id
RETURNING cancellation_reason, order_id

-- name: update_brief_cancelled
UPDATE briefs SET cancellation_reason = coalesce(cancellation_reason, :reason) WHERE id = :brief_id

-- name: update_brief_going_on
UPDATE briefs SET cancellation_reason = NULL WHERE id = :brief_id

-- name: upsert_proof
-- Only the newest version counts, and the last event about it.
INSERT INTO proofs AS known (proof_id, brief_id, version, sequence, approved)
VALUES (:proof_id, :brief_id, :version, :sequence, :approved)
ON CONFLICT (tenant_id, proof_id) DO UPDATE
SET version = excluded.version, sequence = excluded.sequence, approved = excluded.approved
WHERE (known.version, known.sequence) < (excluded.version, excluded.sequence)

-- fragment: confirmed
-- The quantity that the order was confirmed with. The migration that added the column saw no tenant's rows, and the
-- previous release does not fill it. If it is empty, the value is what the first change found.
coalesce(jobs.confirmed,
         (SELECT changes.quantity_before FROM order_changes AS changes
          WHERE changes.order_id = jobs.order_id AND changes.job_id = jobs.id AND changes.quantity_before IS NOT NULL
          ORDER BY changes.id LIMIT 1),
         jobs.quantity) AS confirmed

-- fragment: proof_missing
-- Whether a phase waits for its brief's proofs, all of which have to be approved.
phases.needs_proof AND orders.brief_id IS NOT NULL AND NOT coalesce(
    (SELECT bool_and(proofs.approved) FROM proofs WHERE proofs.brief_id = orders.brief_id), false
) AS proof_missing

-- fragment: outside
-- For a phase: the company that does it outside, and what went there and came back.
phases.finisher, phases.good_before, phases.scrap_before,
       (SELECT sum(quantity) FROM sent_outside WHERE sent_outside.phase_id = phases.id) AS sent_outside,
       (SELECT sum(good) FROM back_from_outside WHERE back_from_outside.phase_id = phases.id) AS good_back,
       (SELECT sum(scrap) FROM back_from_outside WHERE back_from_outside.phase_id = phases.id) AS scrap_back

-- name: find_brief_cancellation
SELECT cancellation_reason FROM briefs WHERE id = :brief_id

-- name: next_order_number
INSERT INTO order_numbers AS numbers (year, last) VALUES (:year, 1)
ON CONFLICT (tenant_id, year) DO UPDATE SET last = numbers.last + 1
RETURNING last

-- name: insert_order
-- Deliveries are passed as text: a list of lists would be taken for a two-dimensional array.
WITH met AS (UPDATE briefs SET order_id = :order_id WHERE id = :brief_id),
     added AS (
         INSERT INTO orders (id, number, brief_id, title, customer, deadline, state, confirmed_at, version)
         VALUES (:order_id, :number, :brief_id, :title, :customer, :deadline, :state, :confirmed_at, :version)
     )
INSERT INTO order_jobs (order_id, id, position, item_id, kind, description, quantity, unit, deliveries,
                        tolerance_percent, state, blocked_reason, article_id, version, confirmed)
SELECT :order_id, j.id, j.position, j.item_id, j.kind, j.description, j.quantity, j.unit, j.deliveries::jsonb,
       j.tolerance_percent, j.state, j.blocked_reason, j.article_id, j.version, j.quantity
FROM unnest(:job_ids::uuid[], :positions::smallint[], :item_ids::uuid[], :kinds::text[],
            :descriptions::text[], :quantities::numeric[], :units::text[], :deliveries::text[],
            :tolerances::numeric[], :states::text[], :blocked_reasons::text[], :article_ids::uuid[], :versions::integer[])
    AS j(id, position, item_id, kind, description, quantity, unit, deliveries, tolerance_percent, state,
         blocked_reason, article_id, version)

-- name: insert_phases
-- `after` is passed as one text for each phase, because arrays of arrays must be rectangular. Keys contain no comma.
INSERT INTO phases (order_id, deadline, job_id, position, id, key, name, after, quality_check, skippable,
                    unit, factor, starts_on_parts, needs_proof, planned_start, planned_end, state, attempt, note)
SELECT :order_id, orders.deadline, p.job_id, p.position, p.id, p.key, p.name,
       string_to_array(p.after, ','), p.quality_check, p.skippable, p.unit, p.factor, p.starts_on_parts,
       p.needs_proof, p.planned_start, p.planned_end, p.state, 1, ''
FROM orders, unnest(:job_ids::uuid[], :positions::smallint[], :ids::uuid[], :keys::text[], :names::text[],
                    :after::text[], :quality_checks::boolean[], :skippable::boolean[], :units::text[],
                    :factors::numeric[], :starts_on_parts::boolean[], :needs_proofs::boolean[], :planned_starts::date[],
                    :planned_ends::date[], :states::text[])
    AS p(job_id, position, id, key, name, after, quality_check, skippable, unit, factor, starts_on_parts,
         needs_proof, planned_start, planned_end, state)
WHERE orders.id = :order_id

-- name: lock_order
-- The lock of the order's row protects everything in it: jobs, phases and shipments change only under it.
SELECT id, number, brief_id, title, customer, deadline, state, confirmed_at, started_at, ready_at, delivered_at,
       cancelled_at, cancellation_reason, goods_have_left, version
FROM orders WHERE id = :order_id FOR NO KEY UPDATE

-- name: lock_order_of_job
SELECT id, number, brief_id, title, customer, deadline, state, confirmed_at, started_at, ready_at, delivered_at,
       cancelled_at, cancellation_reason, goods_have_left, version
FROM orders WHERE id = (SELECT order_id FROM order_jobs WHERE id = :job_id) FOR NO KEY UPDATE

-- name: lock_order_of_phase
SELECT id, number, brief_id, title, customer, deadline, state, confirmed_at, started_at, ready_at, delivered_at,
       cancelled_at, cancellation_reason, goods_have_left, version,
       (SELECT job_id FROM phases WHERE id = :phase_id) AS job_id
FROM orders WHERE id = (SELECT order_id FROM phases WHERE id = :phase_id) FOR NO KEY UPDATE

-- name: find_order
-- The order itself or by one of its jobs, with the ERP's data of its customer and with its shipments. It uses CASE,
-- because row-level security keeps the index from being used with coalesce.
SELECT orders.id, number, brief_id, title, customer, deadline, state, confirmed_at, started_at, ready_at,
       delivered_at, cancelled_at, cancellation_reason, goods_have_left, version,
       customers.id AS customer_id, legal, payment_method, payment_terms, connection,
       (SELECT jsonb_agg(jsonb_build_object(
                   'id', shipments.id, 'state', shipments.state, 'sequence', shipments.sequence,
                   'ddt_number', shipments.ddt_number, 'quantities', lines.quantities) ORDER BY shipments.id)
        FROM shipments
        JOIN LATERAL (
            SELECT jsonb_object_agg(job_id, quantity::text) AS quantities
            FROM shipment_lines WHERE shipment_id = shipments.id
        ) AS lines ON lines.quantities IS NOT NULL
        WHERE shipments.order_id = orders.id) AS shipments,
       (SELECT jsonb_agg(jsonb_build_object(
                   'id', changes.id, 'changed_at', changed_at, 'changed_by', changed_by, 'reason', reason,
                   'deadline_before', deadline_before, 'job_id', changes.job_id,
                   'quantity_before', quantity_before::text, 'deliveries_before', deliveries_before)
                   ORDER BY changes.id DESC)
        FROM order_changes AS changes WHERE changes.order_id = orders.id) AS changes
FROM orders LEFT JOIN customers ON customers.code = orders.customer
WHERE orders.id = CASE WHEN :job_id::uuid IS NULL THEN :order_id::uuid
                       ELSE (SELECT order_id FROM order_jobs WHERE id = :job_id) END

-- name: list_jobs
-- One row for each phase of the job (of every job, if none is named), and one for each job without phases: all in one
-- round trip. Goods count as shipped once their document is issued, and delivered goods as shipped and delivered.
-- Refused and voided shipments came back and do not count.
SELECT jobs.id, jobs.order_id, jobs.position, jobs.item_id, jobs.kind, jobs.description, jobs.quantity, jobs.unit,
       jobs.deliveries, jobs.tolerance_percent, jobs.state, jobs.blocked_reason, jobs.started_at, jobs.produced,
       jobs.closed_because, jobs.article_id, {confirmed}, jobs.version, economics.job_id AS valued, economics.cost,
       economics.unit_price, economics.supplier, economics.materials, economics.technical_sheet, economics.vat_code, economics.price_reason, economics.cost_lines, economics.sheet, economics.given_up,
       approved.unit_price AS approved_unit_price, amendments.id AS amendment_id,
       amendments.quantity AS amendment_quantity, amendments.unit_price_before, amendments.unit_price AS amended_unit_price,
       amendments.content_hash, amendments.reason AS amendment_reason, amendments.process, amendments.requested_at, amendments.requested_by,
       amendments.approval_id, amendments.quantity_after, amendments.confirmed_before, amendments.deliveries_after,
       amendments.deliveries_before,
       phases.id AS phase_id, phases.key, phases.name, phases.after, phases.quality_check, phases.skippable,
       phases.state AS phase_state, phases.assignee_id, phases.attempt,
       phases.started_at AS phase_started_at, phases.completed_at, phases.quantity AS made, phases.note,
       phases.unit AS phase_unit, phases.factor, phases.lost, phases.loss_reason, phases.planned_start,
       phases.planned_end, phases.starts_on_parts, phases.needs_proof, {proof_missing}, {outside}, phases.made_so_far, phases.share, phases.share_number, people.name AS assignee_name, people.active AS assignee_active,
       coalesce(sent.shipped, 0) AS shipped, coalesce(sent.delivered, 0) AS delivered,
       EXISTS (SELECT FROM shipments WHERE shipments.order_id = :order_id) AS documents
FROM order_jobs AS jobs
JOIN orders ON orders.id = jobs.order_id
LEFT JOIN job_economics AS economics ON economics.job_id = jobs.id
LEFT JOIN approved_prices AS approved ON approved.item_id = jobs.item_id
LEFT JOIN amendments ON amendments.job_id = jobs.id AND amendments.state = 'in_approval'
LEFT JOIN phases ON phases.job_id = jobs.id AND (:job_id::uuid IS NULL OR phases.job_id = :job_id)
LEFT JOIN directory_people AS people ON people.id = phases.assignee_id
LEFT JOIN (
    SELECT lines.job_id, sum(lines.quantity) AS shipped,
           sum(lines.quantity) FILTER (WHERE shipments.state = 'delivered') AS delivered
    FROM shipments JOIN shipment_lines AS lines ON lines.shipment_id = shipments.id
    WHERE shipments.order_id = :order_id AND shipments.state IN ('issued', 'departed', 'delivered')
    GROUP BY lines.job_id
) AS sent ON sent.job_id = jobs.id
WHERE jobs.order_id = :order_id ORDER BY jobs.position, phases.position, phases.share_number

-- name: list_lines_without_shipment
-- As above, but as if this shipment did not exist.
SELECT jobs.id, jobs.state, jobs.quantity, jobs.produced, jobs.closed_because, jobs.article_id,
       coalesce(sent.shipped, 0) AS shipped, coalesce(sent.delivered, 0) AS delivered,
       coalesce((SELECT sequence FROM shipments WHERE id = :shipment_id), 0) AS known_sequence,
       EXISTS (SELECT FROM shipments WHERE order_id = :order_id AND id <> :shipment_id
                   AND state IN ('issued', 'departed', 'delivered')) AS other_goods_out
FROM order_jobs AS jobs
LEFT JOIN (
    SELECT lines.job_id, sum(lines.quantity) AS shipped,
           sum(lines.quantity) FILTER (WHERE shipments.state = 'delivered') AS delivered
    FROM shipments JOIN shipment_lines AS lines ON lines.shipment_id = shipments.id
    WHERE shipments.order_id = :order_id AND shipments.state IN ('issued', 'departed', 'delivered')
        AND shipments.id <> :shipment_id
    GROUP BY lines.job_id
) AS sent ON sent.job_id = jobs.id
WHERE jobs.order_id = :order_id ORDER BY jobs.position

-- name: list_orders_blocked
-- Locks all orders in the same sequence, so that two transactions that unblock can't deadlock.
SELECT DISTINCT order_id FROM order_jobs WHERE kind = :kind AND state = 'blocked' ORDER BY order_id

-- name: list_orders_of_phases
SELECT id, order_id FROM phases WHERE id = ANY (:phase_ids::uuid[])

-- name: list_orders_with_work_of
-- Locks all orders in the same sequence, so that two departures can't deadlock.
SELECT DISTINCT order_id FROM phases
WHERE assignee_id = :assignee_id AND state IN ('waiting', 'assigned', 'in_progress') ORDER BY order_id

-- name: update_order
-- Updates the order, if its version is new, and those of its jobs and phases that changed.
WITH order_changed AS (
    UPDATE orders SET state = :state, started_at = :started_at, ready_at = :ready_at,
        delivered_at = :delivered_at, cancelled_at = :cancelled_at,
        cancellation_reason = :cancellation_reason, goods_have_left = :goods_have_left, version = :version
    WHERE id = :order_id AND version < :version
), jobs_changed AS (
    UPDATE order_jobs SET kind = j.kind, state = j.state, blocked_reason = j.blocked_reason,
        tolerance_percent = j.tolerance_percent, started_at = j.started_at, produced = j.produced,
        closed_because = j.closed_because, version = j.version
    FROM unnest(:job_ids::uuid[], :kinds::text[], :job_states::text[], :blocked_reasons::text[], :tolerances::numeric[],
                :jobs_started_at::timestamptz[], :produced::numeric[], :closed_because::text[],
                :job_versions::integer[])
        AS j(id, kind, state, blocked_reason, tolerance_percent, started_at, produced, closed_because, version)
    WHERE order_jobs.id = j.id
)
UPDATE phases SET state = p.state, assignee_id = p.assignee_id, attempt = p.attempt,
    started_at = p.started_at, completed_at = p.completed_at, quantity = p.quantity, note = p.note,
    lost = p.lost, loss_reason = p.loss_reason, made_so_far = p.made_so_far, finisher = p.finisher,
    good_before = p.good_before, scrap_before = p.scrap_before, share = p.share
FROM unnest(:phase_ids::uuid[], :phase_states::text[], :assignee_ids::uuid[], :attempts::integer[],
            :phases_started_at::timestamptz[], :completed_at::timestamptz[], :quantities::numeric[],
            :notes::text[], :lost::numeric[], :loss_reasons::text[], :made_so_far::numeric[],
            :finishers::text[], :good_before::numeric[], :scrap_before::numeric[], :shares::numeric[])
    AS p(id, state, assignee_id, attempt, started_at, completed_at, quantity, note, lost, loss_reason,
         made_so_far, finisher, good_before, scrap_before, share)
WHERE phases.id = p.id

-- name: insert_share
-- Inserts a phase that is a copy of the phase with the same key and the first share number.
INSERT INTO phases (order_id, deadline, job_id, position, id, key, name, after, quality_check, skippable, unit,
                    factor, starts_on_parts, needs_proof, planned_start, planned_end, state, assignee_id, attempt, note,
                    share, share_number)
SELECT order_id, deadline, job_id, position, :id, key, name, after, quality_check, skippable, unit, factor,
       starts_on_parts, needs_proof, planned_start, planned_end, :state, :assignee_id, 1, '', :share, :share_number
FROM phases WHERE job_id = :job_id AND key = :key AND share_number = 1

-- name: delete_sent_outside
-- For a share of which nothing is out: deletes what is left over from voided documents.
DELETE FROM sent_outside WHERE phase_id = :phase_id

-- name: delete_share
DELETE FROM phases WHERE id = :id

-- name: update_terms
-- Updates an order's deadline, its phases' planned days, and the quantities and deliveries of its lines.
WITH order_changed AS (
    UPDATE orders SET deadline = :deadline WHERE id = :order_id
), jobs_changed AS (
    UPDATE order_jobs SET quantity = j.quantity, deliveries = j.deliveries::jsonb, confirmed = j.confirmed
    FROM unnest(:job_ids::uuid[], :quantities::numeric[], :deliveries::text[], :confirmed::numeric[])
        AS j(id, quantity, deliveries, confirmed)
    WHERE order_jobs.id = j.id
)
UPDATE phases SET deadline = :deadline, planned_start = p.planned_start, planned_end = p.planned_end
FROM unnest(:phase_ids::uuid[], :planned_starts::date[], :planned_ends::date[]) AS p(id, planned_start, planned_end)
WHERE phases.id = p.id

-- name: insert_change
INSERT INTO order_changes (id, order_id, changed_at, changed_by, reason, deadline_before, job_id, quantity_before,
                           deliveries_before)
VALUES (:id, :order_id, :changed_at, :changed_by, :reason, :deadline_before, :job_id, :quantity_before,
        :deliveries_before::text::jsonb)

-- name: upsert_economics
INSERT INTO job_economics (job_id, cost, unit_price, supplier, materials, technical_sheet, vat_code, price_reason,
                           cost_lines, sheet, given_up)
VALUES (:job_id, :cost, :unit_price, :supplier, :materials, :technical_sheet, :vat_code, :price_reason, :cost_lines,
        :sheet, :given_up)
ON CONFLICT (job_id) DO UPDATE SET
    cost = excluded.cost, unit_price = excluded.unit_price, supplier = excluded.supplier,
    materials = excluded.materials, technical_sheet = excluded.technical_sheet, vat_code = excluded.vat_code,
    price_reason = excluded.price_reason, cost_lines = excluded.cost_lines, sheet = excluded.sheet,
    given_up = excluded.given_up

-- name: insert_economics_entry
INSERT INTO economics_history (job_id, set_at, set_by, cost, unit_price, supplier, materials, technical_sheet, vat_code,
                               price_reason, cost_lines, sheet)
VALUES (:job_id, :set_at, :set_by, :cost, :unit_price, :supplier, :materials, :technical_sheet, :vat_code,
        :price_reason, :cost_lines, :sheet)

-- name: list_economics_entries
SELECT entry, job_id, set_at, set_by, cost, unit_price, supplier, materials, technical_sheet, vat_code, price_reason,
       cost_lines, sheet
FROM economics_history WHERE job_id = :job_id AND (:before::bigint IS NULL OR entry < :before)
ORDER BY entry DESC LIMIT :limit

-- name: insert_approved_prices
INSERT INTO approved_prices (item_id, unit_price)
SELECT item_id, unit_price FROM unnest(:item_ids::uuid[], :unit_prices::numeric[]) AS line(item_id, unit_price)
ON CONFLICT (tenant_id, item_id) DO NOTHING

-- name: list_approved_prices
SELECT item_id, unit_price FROM approved_prices WHERE item_id = ANY (:item_ids::uuid[])

-- name: update_approved_price
UPDATE approved_prices SET unit_price = :unit_price WHERE item_id = :item_id

-- name: insert_amendment
INSERT INTO amendments (id, job_id, quantity, unit_price_before, unit_price, content_hash, reason, process, requested_at,
                        requested_by, state, quantity_after, confirmed_before, deliveries_after, deliveries_before)
VALUES (:id, :job_id, :quantity, :unit_price_before, :unit_price, :content_hash, :reason, :process, :requested_at,
        :requested_by, :state, :quantity_after, :confirmed_before, :deliveries_after::text::jsonb,
        :deliveries_before::text::jsonb)

-- name: update_amendment
UPDATE amendments SET state = :state, approval_id = :approval_id, ended_at = :ended_at, ended_by = :ended_by,
    ended_because = :ended_because
WHERE id = :id

-- name: find_amendment
SELECT id, job_id, quantity, unit_price_before, unit_price, content_hash, reason, process, requested_at, requested_by, state,
       approval_id, ended_at, ended_by, ended_because, quantity_after, confirmed_before, deliveries_after,
       deliveries_before
FROM amendments WHERE id = :id

-- name: list_amendments
SELECT id, job_id, quantity, unit_price_before, unit_price, content_hash, reason, process, requested_at, requested_by, state,
       approval_id, ended_at, ended_by, ended_because, quantity_after, confirmed_before, deliveries_after,
       deliveries_before
FROM amendments WHERE job_id = ANY (:job_ids::uuid[]) ORDER BY id DESC

-- name: find_price_policy
SELECT tolerance_percent, process, version FROM price_policies

-- name: lock_price_policy
-- The first reader inserts the default policy. The update changes nothing but takes the row's lock.
INSERT INTO price_policies (tolerance_percent, process, version) VALUES (:tolerance_percent, :process, :version)
ON CONFLICT (tenant_id) DO UPDATE SET version = price_policies.version
RETURNING tolerance_percent, process, version

-- name: update_price_policy
UPDATE price_policies SET tolerance_percent = :tolerance_percent, process = :process, version = :version

-- name: insert_rejected_attempt
INSERT INTO rejected_attempts (phase_id, attempt, assignee_id, started_at, completed_at, quantity, note,
                               rejected_at, rejected_by, reason)
VALUES (:phase_id, :attempt, :assignee_id, :started_at, :completed_at, :quantity, :note,
        :rejected_at, :rejected_by, :reason)

-- name: upsert_shipment
-- Stores the newest event about a shipment, under its order's lock. The first document number that is known stays.
WITH kept AS (
    INSERT INTO shipments AS known (id, order_id, state, sequence, ddt_number)
    VALUES (:shipment_id, :order_id, :state, :sequence, :ddt_number)
    ON CONFLICT (tenant_id, id) DO UPDATE SET
        state = excluded.state, sequence = excluded.sequence,
        ddt_number = coalesce(known.ddt_number, excluded.ddt_number)
), gone AS (DELETE FROM shipment_lines WHERE shipment_id = :shipment_id AND job_id <> ALL (:job_ids::uuid[]))
INSERT INTO shipment_lines (shipment_id, job_id, quantity)
SELECT :shipment_id, job_id, quantity
FROM unnest(:job_ids::uuid[], :quantities::numeric[]) AS line(job_id, quantity)
ON CONFLICT (tenant_id, shipment_id, job_id) DO UPDATE SET quantity = excluded.quantity

-- name: insert_awaited_shipments
-- Inserts shipments that logistics names as out. What is known of them already has priority. Returns whether goods of
-- any of them are out.
WITH awaited AS (
    INSERT INTO shipments (id, order_id, state, sequence)
    SELECT id, :order_id, 'issued', 0 FROM unnest(:shipment_ids::uuid[]) AS named(id)
    ON CONFLICT (tenant_id, id) DO NOTHING
    RETURNING id
)
SELECT EXISTS (SELECT FROM awaited) OR EXISTS (
    SELECT FROM shipments
    WHERE id = ANY (:shipment_ids::uuid[]) AND state IN ('issued', 'departed', 'delivered'))

-- name: update_ddt_number
-- Even a late event may bring it.
UPDATE shipments SET ddt_number = coalesce(ddt_number, :ddt_number) WHERE id = :shipment_id

-- name: upsert_sent_outside
-- Stores the newest event about a shipment, under its order's lock.
INSERT INTO sent_outside AS known (phase_id, shipment_id, sequence, quantity)
VALUES (:phase_id, :shipment_id, :sequence, :quantity)
ON CONFLICT (tenant_id, phase_id, shipment_id) DO UPDATE
SET sequence = excluded.sequence, quantity = excluded.quantity WHERE known.sequence < excluded.sequence

-- name: insert_back_from_outside
INSERT INTO back_from_outside (phase_id, return_id, good, scrap) VALUES (:phase_id, :return_id, :good, :scrap)
ON CONFLICT DO NOTHING

-- name: delete_customer_by_former_code
DELETE FROM customers WHERE id = :id AND code <> :code

-- name: upsert_customer
INSERT INTO customers (id, code, legal, payment_method, payment_terms, connection)
VALUES (:id, :code, :legal, :payment_method, :payment_terms, :connection)
ON CONFLICT (tenant_id, code) DO UPDATE SET
    id = excluded.id, legal = excluded.legal, payment_method = excluded.payment_method,
    payment_terms = excluded.payment_terms, connection = excluded.connection

-- name: find_customer
SELECT id, code, legal, payment_method, payment_terms, connection FROM customers WHERE code = :code

-- name: list_customers
SELECT id, code, legal, payment_method, payment_terms, connection
FROM customers WHERE code > :after ORDER BY code LIMIT :limit

-- fragment: listed_orders
SELECT orders.id, number, brief_id, title, customer, deadline, state, confirmed_at, started_at, ready_at,
       delivered_at, cancelled_at, cancellation_reason, goods_have_left, version,
       customers.id AS customer_id, legal, payment_method, payment_terms, connection

-- fragment: orders_wanted
(:brief_id::uuid IS NULL OR brief_id = :brief_id)
    AND (:number::text IS NULL OR number = :number)
    AND (:state::text IS NULL OR state = :state)
    AND (:customer::text IS NULL OR customer = :customer)

-- name: list_orders
-- plan: custom
-- Each filter has its index. Pages begin at a key, never at an offset.
{listed_orders}
FROM orders LEFT JOIN customers ON customers.code = orders.customer
WHERE {orders_wanted}
    AND (:before::uuid IS NULL OR orders.id < :before)
ORDER BY orders.id DESC LIMIT :limit

-- name: list_orders_by_words
-- plan: custom
-- As `list_orders`, but reads the orders that contain the longest word, or a word that begins so. The test of the
-- words is a CASE: for a plain condition the planner expects so few rows that it would sort instead of walking the
-- index.
{listed_orders}
FROM order_words
JOIN orders ON orders.id = order_words.order_id
LEFT JOIN customers ON customers.code = orders.customer
WHERE order_words.word = sought_key(:text)
    AND CASE WHEN words_match(number || ' ' || title, :text) THEN {orders_wanted} ELSE false END
    AND (:before::uuid IS NULL OR order_words.order_id < :before)
ORDER BY order_words.order_id DESC LIMIT :limit

-- fragment: tasks
SELECT phases.id AS phase_id, phases.key, phases.name, phases.after, phases.quality_check, phases.skippable,
       phases.state AS phase_state, phases.assignee_id, phases.attempt, phases.started_at AS phase_started_at,
       phases.completed_at, phases.quantity AS made, phases.note, phases.deadline,
       phases.unit AS phase_unit, phases.factor, phases.lost, phases.loss_reason, phases.planned_start,
       phases.planned_end, phases.starts_on_parts, phases.needs_proof, {proof_missing}, {outside}, phases.made_so_far, phases.share, phases.share_number, jobs.id AS job_id, jobs.order_id, jobs.position, jobs.kind,
       jobs.description, jobs.quantity AS ordered, jobs.unit, jobs.tolerance_percent, jobs.state AS job_state,
       orders.state AS order_state, coalesce(economics.technical_sheet, '') AS technical_sheet, coalesce(economics.sheet, '[]') AS sheet,
       EXISTS (SELECT FROM phases AS before
               WHERE before.job_id = phases.job_id AND before.key = ANY (phases.after)
                   AND before.state NOT IN ('done', 'skipped')) AS awaits_others,
       (SELECT jsonb_agg(jsonb_build_object(
                   'id', each.id, 'key', each.key, 'after', each.after, 'quality_check', each.quality_check,
                   'state', each.state, 'factor', each.factor::text, 'share', each.share::text,
                   'made', each.quantity::text, 'made_so_far', each.made_so_far::text))
        FROM phases AS each WHERE each.job_id = phases.job_id) AS phases_of_job
FROM phases
JOIN order_jobs AS jobs ON jobs.id = phases.job_id
JOIN orders ON orders.id = phases.order_id
LEFT JOIN job_economics AS economics ON economics.job_id = phases.job_id

-- name: find_task
{tasks}
WHERE phases.id = :phase_id AND phases.assignee_id = :assignee_id AND phases.state = ANY (:states::text[])

-- name: list_open_tasks
{tasks}
WHERE phases.assignee_id = :assignee_id AND phases.state = ANY (:states::text[])
    AND phases.state IN ('waiting', 'assigned', 'in_progress', 'to_inspect')
    AND (phases.deadline, phases.id) > (:after_deadline::date, :after_id::uuid)
ORDER BY phases.deadline, phases.id LIMIT :limit

-- name: list_done_tasks
{tasks}
WHERE phases.assignee_id = :assignee_id AND phases.state = 'done'
    AND (phases.deadline, phases.id) > (:after_deadline::date, :after_id::uuid)
ORDER BY phases.deadline, phases.id LIMIT :limit

-- name: list_board
-- plan: custom
-- The open phases in the order of an index: of one state, or of all.
SELECT phases.id AS phase_id, phases.key, phases.name, phases.after, phases.quality_check, phases.skippable,
       phases.state AS phase_state, phases.assignee_id, phases.attempt, phases.started_at AS phase_started_at,
       phases.completed_at, phases.quantity AS made, phases.note, phases.unit AS phase_unit, phases.factor,
       phases.lost, phases.loss_reason, phases.planned_start, phases.planned_end, phases.starts_on_parts, phases.needs_proof, {proof_missing}, {outside},
       phases.made_so_far, phases.share, phases.share_number, due, lateness,
       phases.job_id, phases.order_id, orders.number AS order_number, orders.title, orders.state AS order_state,
       jobs.description, jobs.quantity AS ordered, jobs.unit, jobs.state AS job_state,
       people.name AS assignee_name, people.active AS assignee_active
FROM phases
JOIN order_jobs AS jobs ON jobs.id = phases.job_id
JOIN orders ON orders.id = phases.order_id
LEFT JOIN directory_people AS people ON people.id = phases.assignee_id
CROSS JOIN LATERAL (SELECT coalesce(phases.planned_end, phases.deadline) AS due) AS plan
CROSS JOIN LATERAL (SELECT CASE
    WHEN due < :today THEN 'late'
    WHEN phases.started_at IS NULL AND phases.planned_start < :today THEN 'behind'
    ELSE 'on_time' END AS lateness) AS judged
WHERE (phases.state = :state
        OR :state::text IS NULL
            AND phases.state IN ('waiting', 'ready', 'assigned', 'in_progress', 'to_inspect'))
    AND (:assignee_id::uuid IS NULL OR phases.assignee_id = :assignee_id)
    AND (NOT :unassigned OR phases.assignee_id IS NULL)
    AND (:lateness::text IS NULL OR lateness = :lateness)
    AND (:since::date IS NULL OR due >= :since)
    AND (:until::date IS NULL OR coalesce(phases.planned_start, due) <= :until)
    AND (:after_due::date IS NULL OR (due, phases.id) > (:after_due, :after_id::uuid))
ORDER BY due, phases.id LIMIT :limit

-- name: list_assignees
-- The tenant's own roles take precedence over built-in ones with the same key.
SELECT people.id, people.name, coalesce(load.open, 0) AS open, coalesce(load.late, 0) AS late
FROM directory_people AS people
LEFT JOIN (
    SELECT assignee_id, count(*) AS open,
           count(*) FILTER (WHERE coalesce(planned_end, deadline) < :today) AS late
    FROM phases WHERE state IN ('waiting', 'assigned', 'in_progress') GROUP BY assignee_id
) AS load ON load.assignee_id = people.id
WHERE people.active AND people.roles && (
        SELECT array_agg(key) FROM (
            SELECT key FROM directory_roles WHERE 'phase.work' = ANY (privileges)
            UNION ALL
            SELECT key FROM unnest(:built_in_roles::text[]) AS built_in(key)
            WHERE NOT EXISTS (SELECT FROM directory_roles AS told WHERE told.key = built_in.key)
        ) AS working)
    AND (:after_name::text IS NULL OR (people.name, people.id) > (:after_name, :after_id::uuid))
ORDER BY people.name, people.id LIMIT :limit

-- name: list_rejected_attempts
SELECT phase_id, attempt, assignee_id, started_at, completed_at, quantity, note, rejected_at, rejected_by,
       reason
FROM rejected_attempts WHERE phase_id = ANY (:phase_ids) ORDER BY phase_id, attempt

-- name: count_open_orders
SELECT state, count(*) AS orders FROM orders WHERE state NOT IN ('delivered', 'cancelled') GROUP BY state

-- name: count_late_phases
SELECT count(*) FROM phases
WHERE deadline < (now() AT TIME ZONE 'Europe/Rome')::date
    AND state IN ('waiting', 'ready', 'assigned', 'in_progress', 'to_inspect')

-- name: upsert_article
-- A code never changes.
INSERT INTO articles (id, code, description, unit) VALUES (:id, :code, :description, :unit)
ON CONFLICT (tenant_id, id) DO UPDATE SET description = excluded.description, unit = excluded.unit

-- name: list_articles_named
SELECT id, code, description, unit FROM articles WHERE code = ANY (:codes)

-- name: upsert_destination
INSERT INTO destinations (code, name, city) VALUES (:code, :name, :city)
ON CONFLICT (tenant_id, code) DO UPDATE SET name = excluded.name, city = excluded.city

-- name: list_destinations_named
SELECT code, name, city FROM destinations WHERE code = ANY (:codes)

-- name: list_work_figures
-- plan: custom
-- What was completed and what quality refused in a period; days are those of the orders' time zone. Phases older than
-- plans are measured by their order's deadline.
WITH work AS (
    SELECT job_id, name, assignee_id, completed_at AS at, false AS rejected,
           extract(epoch FROM completed_at - started_at) / 86400 AS days,
           (completed_at AT TIME ZONE 'Europe/Rome')::date <= coalesce(planned_end, deadline) AS on_time
    FROM phases WHERE state = 'done' AND completed_at >= :since AND completed_at < :until
    UNION ALL
    SELECT phases.job_id, phases.name, attempts.assignee_id, attempts.rejected_at, true, NULL, NULL
    FROM rejected_attempts AS attempts JOIN phases ON phases.id = attempts.phase_id
    WHERE attempts.rejected_at >= :since AND attempts.rejected_at < :until
), grouped AS (
    SELECT CASE WHEN :by IN ('kind', 'phase') THEN jobs.kind END AS kind,
           CASE WHEN :by = 'phase' THEN work.name END AS phase,
           CASE WHEN :by = 'assignee' THEN work.assignee_id END AS assignee_id,
           CASE WHEN :by = 'month' THEN to_char(work.at AT TIME ZONE 'Europe/Rome', 'YYYY-MM') END AS month,
           work.days, work.on_time, work.rejected
    FROM work JOIN order_jobs AS jobs ON jobs.id = work.job_id
)
SELECT kind, phase, assignee_id, month, people.name AS assignee_name,
       count(*) FILTER (WHERE NOT rejected) AS completed, count(*) FILTER (WHERE on_time) AS on_time,
       count(*) FILTER (WHERE rejected) AS rejected, avg(days) AS days
FROM grouped LEFT JOIN directory_people AS people ON people.id = assignee_id
GROUP BY kind, phase, assignee_id, month, people.name
ORDER BY month NULLS LAST, completed DESC, kind, phase, assignee_id LIMIT :limit

-- name: list_order_figures
-- plan: custom
-- Orders that became ready in a period and were not cancelled: how long that took, and what their lines cost and
-- earn, as far as that is set.
SELECT CASE WHEN :by = 'kind' THEN jobs.kind END AS kind,
       CASE WHEN :by = 'customer' THEN orders.customer END AS customer,
       CASE WHEN :by = 'month' THEN to_char(orders.ready_at AT TIME ZONE 'Europe/Rome', 'YYYY-MM') END AS month,
       count(*) AS lines,
       avg(extract(epoch FROM orders.ready_at - orders.confirmed_at) / 86400) AS days,
       count(*) FILTER (
           WHERE (orders.ready_at AT TIME ZONE 'Europe/Rome')::date <= orders.deadline) AS on_time,
       count(economics.job_id) AS valued, coalesce(sum(economics.cost), 0) AS cost,
       coalesce(sum(round(jobs.quantity * economics.unit_price, 2)), 0) AS price
FROM orders JOIN order_jobs AS jobs ON jobs.order_id = orders.id
LEFT JOIN job_economics AS economics ON economics.job_id = jobs.id
WHERE orders.ready_at >= :since AND orders.ready_at < :until AND orders.state <> 'cancelled'
GROUP BY 1, 2, 3
ORDER BY month NULLS LAST, lines DESC, kind, customer LIMIT :limit

-- name: list_load
-- plan: custom
-- Phases that are still to be done: those planned to end in each week, or until a day, or those of each person.
SELECT CASE WHEN :by = 'week' THEN date_trunc('week', due)::date END AS week,
       CASE WHEN :by = 'assignee' THEN assignee_id END AS assignee_id,
       CASE WHEN :by = 'kind' THEN jobs.kind END AS kind,
       people.name AS assignee_name, count(*) AS phases, count(*) FILTER (WHERE due < :today) AS late
FROM phases
JOIN order_jobs AS jobs ON jobs.id = phases.job_id
CROSS JOIN LATERAL (SELECT coalesce(planned_end, deadline) AS due) AS plan
LEFT JOIN directory_people AS people ON :by = 'assignee' AND people.id = phases.assignee_id
WHERE phases.state IN ('waiting', 'ready', 'assigned', 'in_progress') AND due < :until
GROUP BY 1, 2, 3, 4
ORDER BY week NULLS LAST, phases DESC, kind, assignee_id LIMIT :limit

-- name: move_messages
UPDATE phase_messages SET phase_id = :to WHERE phase_id = :phase_id

-- name: insert_message
INSERT INTO phase_messages (id, phase_id, assignee_id, author_id, text, problem, written_at, file_name, media_type, data)
VALUES (:id, :phase_id, :assignee_id, :author_id, :text, :problem, :written_at, :file_name, :media_type, :data)

-- name: find_phase
SELECT id FROM phases WHERE id = :phase_id

-- name: list_messages
-- plan: custom
SELECT id, phase_id, assignee_id, author_id, text, problem, written_at, file_name
FROM phase_messages
WHERE phase_id = :phase_id AND (:assignee_id::uuid IS NULL OR assignee_id = :assignee_id)
    AND (:before::uuid IS NULL OR id < :before)
ORDER BY id DESC LIMIT :limit

-- name: find_message_file
SELECT file_name, media_type, data FROM phase_messages
WHERE id = :id AND phase_id = :phase_id AND data IS NOT NULL
    AND (:assignee_id::uuid IS NULL OR assignee_id = :assignee_id)
