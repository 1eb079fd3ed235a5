-- Every statement sees the transaction's tenant alone: row-level security adds the condition.

-- name: load_kinds
SELECT id, key, name, phases, tolerance_percent, version FROM kinds WHERE key = ANY ($1)

-- name: hold_kinds
-- Orders that miss a kind hold this together; who defines a kind waits for them and they for them. So no
-- job is blocked for a kind that was being defined meanwhile.
SELECT pg_advisory_xact_lock_shared(hashtextextended('kinds ' || optima_tenant(), 0))

-- name: hold_kinds_alone
SELECT pg_advisory_xact_lock(hashtextextended('kinds ' || optima_tenant(), 0))

-- name: page_kinds
SELECT id, key, name, phases, tolerance_percent, version
FROM kinds WHERE key > $1 ORDER BY key LIMIT $2

-- name: save_kind
INSERT INTO kinds (id, key, name, phases, tolerance_percent, version) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (tenant_id, key) DO UPDATE SET
    name = excluded.name, phases = excluded.phases, tolerance_percent = excluded.tolerance_percent,
    version = excluded.version

-- name: meet_brief
-- The update that changes nothing takes the row's lock, so that whoever meets the same brief waits, and then
-- reads what the other wrote.
INSERT INTO briefs (id) VALUES ($1)
ON CONFLICT (tenant_id, id) DO UPDATE SET id = excluded.id
RETURNING cancellation_reason, order_id

-- name: remember_cancelled_brief
UPDATE briefs SET cancellation_reason = coalesce(cancellation_reason, $2) WHERE id = $1

-- name: find_cancelled_brief
SELECT cancellation_reason FROM briefs WHERE id = $1

-- name: take_order_number
INSERT INTO order_numbers AS numbers (year, last) VALUES ($1, 1)
ON CONFLICT (tenant_id, year) DO UPDATE SET last = numbers.last + 1
RETURNING last

-- name: add_order
-- Deliveries travel as text: a list of lists would be taken for an array of two dimensions.
WITH met AS (UPDATE briefs SET order_id = $1 WHERE id = $3),
     added AS (
         INSERT INTO orders (id, number, brief_id, title, customer, deadline, state, confirmed_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     )
INSERT INTO order_jobs (order_id, id, position, item_id, kind, description, quantity, unit, deliveries,
                        tolerance_percent, state, blocked_reason, version)
SELECT $1, j.id, j.position, j.item_id, j.kind, j.description, j.quantity, j.unit, j.deliveries::jsonb,
       j.tolerance_percent, j.state, j.blocked_reason, j.version
FROM unnest($10::uuid[], $11::smallint[], $12::uuid[], $13::text[], $14::text[], $15::numeric[], $16::text[],
            $17::text[], $18::numeric[], $19::text[], $20::text[], $21::integer[])
    AS j(id, position, item_id, kind, description, quantity, unit, deliveries, tolerance_percent, state,
         blocked_reason, version)

-- name: add_phases
-- `after` travels as one text a phase: arrays of arrays must be rectangular. Keys contain no comma.
INSERT INTO phases (order_id, deadline, job_id, position, id, key, name, after, quality_check, skippable,
                    state, attempt, note)
SELECT $1, orders.deadline, p.job_id, p.position, p.id, p.key, p.name,
       string_to_array(p.after, ','), p.quality_check, p.skippable, p.state, 1, ''
FROM orders, unnest($2::uuid[], $3::smallint[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::boolean[],
                    $9::boolean[], $10::text[])
    AS p(job_id, position, id, key, name, after, quality_check, skippable, state)
WHERE orders.id = $1

-- name: lock_order
-- The order's row stands for everything in it: jobs, phases, shipments change under its lock alone.
SELECT * FROM orders WHERE id = $1 FOR NO KEY UPDATE

-- name: lock_order_of_job
SELECT * FROM orders WHERE id = (SELECT order_id FROM order_jobs WHERE id = $1) FOR NO KEY UPDATE

-- name: lock_order_of_phase
SELECT *, (SELECT job_id FROM phases WHERE id = $1) AS job_id
FROM orders WHERE id = (SELECT order_id FROM phases WHERE id = $1) FOR NO KEY UPDATE

-- name: get_order
SELECT * FROM orders WHERE id = $1

-- name: load_jobs_of_order
-- A row for each phase, and one for a job without any: one trip for all.
SELECT jobs.*, economics.job_id AS valued, economics.cost, economics.unit_price, economics.supplier,
       economics.materials, economics.technical_sheet, economics.vat_code,
       phases.id AS phase_id, phases.key, phases.name, phases.after, phases.quality_check, phases.skippable,
       phases.state AS phase_state, phases.assignee_id, phases.attempt,
       phases.started_at AS phase_started_at, phases.completed_at, phases.quantity AS made, phases.note
FROM order_jobs AS jobs
LEFT JOIN job_economics AS economics ON economics.job_id = jobs.id
LEFT JOIN phases ON phases.job_id = jobs.id
WHERE jobs.order_id = $1 ORDER BY jobs.position, phases.position

-- name: load_job
SELECT jobs.*, economics.job_id AS valued, economics.cost, economics.unit_price, economics.supplier,
       economics.materials, economics.technical_sheet, economics.vat_code,
       phases.id AS phase_id, phases.key, phases.name, phases.after, phases.quality_check, phases.skippable,
       phases.state AS phase_state, phases.assignee_id, phases.attempt,
       phases.started_at AS phase_started_at, phases.completed_at, phases.quantity AS made, phases.note
FROM order_jobs AS jobs
LEFT JOIN job_economics AS economics ON economics.job_id = jobs.id
LEFT JOIN phases ON phases.job_id = jobs.id
WHERE jobs.id = $1 ORDER BY phases.position

-- name: sum_progress
-- Goods leave with their document, and count as shipped from then on, delivered ones as both; refused and
-- voided ones came back.
SELECT jobs.state, jobs.quantity, jobs.produced,
       coalesce(sum(lines.quantity) FILTER (
           WHERE shipments.state IN ('issued', 'departed', 'delivered')), 0) AS shipped,
       coalesce(sum(lines.quantity) FILTER (WHERE shipments.state = 'delivered'), 0) AS delivered
FROM order_jobs AS jobs
LEFT JOIN shipments ON shipments.order_id = jobs.order_id
LEFT JOIN shipment_lines AS lines ON lines.shipment_id = shipments.id AND lines.job_id = jobs.id
WHERE jobs.order_id = $1
GROUP BY jobs.id ORDER BY jobs.position

-- name: find_orders_blocked
-- In one order for all, so that two who unblock can't wait for each other.
SELECT DISTINCT order_id FROM order_jobs WHERE kind = $1 AND state = 'blocked' ORDER BY order_id

-- name: find_orders_with_work_of
-- In one order for all, so that two departures can't wait for each other.
SELECT DISTINCT order_id FROM phases
WHERE assignee_id = $1 AND state IN ('waiting', 'assigned', 'in_progress') ORDER BY order_id

-- name: save_order
UPDATE orders SET state = $2, started_at = $3, ready_at = $4, delivered_at = $5, cancelled_at = $6,
    cancellation_reason = $7, goods_have_left = $8, version = $9
WHERE id = $1

-- name: save_job
-- The job and those of its phases that changed.
WITH changed AS (
    UPDATE phases SET state = p.state, assignee_id = p.assignee_id, attempt = p.attempt,
        started_at = p.started_at, completed_at = p.completed_at, quantity = p.quantity, note = p.note
    FROM unnest($8::uuid[], $9::text[], $10::uuid[], $11::integer[], $12::timestamptz[], $13::timestamptz[],
                $14::numeric[], $15::text[])
        AS p(id, state, assignee_id, attempt, started_at, completed_at, quantity, note)
    WHERE phases.id = p.id
)
UPDATE order_jobs SET state = $2, blocked_reason = $3, tolerance_percent = $4, started_at = $5,
    produced = $6, version = $7
WHERE id = $1

-- name: save_economics
INSERT INTO job_economics (job_id, cost, unit_price, supplier, materials, technical_sheet, vat_code)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (job_id) DO UPDATE SET
    cost = excluded.cost, unit_price = excluded.unit_price, supplier = excluded.supplier,
    materials = excluded.materials, technical_sheet = excluded.technical_sheet, vat_code = excluded.vat_code

-- name: keep_rejected
INSERT INTO rejected_attempts (phase_id, attempt, assignee_id, started_at, completed_at, quantity, note,
                               rejected_at, rejected_by, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)

-- name: record_shipment
-- Returns whether this is the newest word about the shipment. A late one still tells its document's number.
INSERT INTO shipments AS known (id, order_id, state, sequence, ddt_number) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_id, id) DO UPDATE SET
    state = CASE WHEN excluded.sequence > known.sequence THEN excluded.state ELSE known.state END,
    sequence = greatest(known.sequence, excluded.sequence),
    ddt_number = coalesce(known.ddt_number, excluded.ddt_number)
RETURNING sequence = $4

-- name: replace_shipment_lines
WITH gone AS (DELETE FROM shipment_lines WHERE shipment_id = $1 AND job_id <> ALL ($2::uuid[]))
INSERT INTO shipment_lines (shipment_id, job_id, quantity)
SELECT $1, * FROM unnest($2::uuid[], $3::numeric[])
ON CONFLICT (tenant_id, shipment_id, job_id) DO UPDATE SET quantity = excluded.quantity

-- name: get_person
-- With the privileges of those of their roles that the directory told of.
SELECT id, name, active, roles,
       (SELECT jsonb_object_agg(key, privileges) FROM roles WHERE key = ANY (people.roles)) AS own_roles
FROM people WHERE id = $1

-- name: save_person
INSERT INTO people (id, name, active, roles) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant_id, id) DO UPDATE SET
    name = excluded.name, active = excluded.active, roles = excluded.roles

-- name: save_role
INSERT INTO roles (id, key, privileges) VALUES ($1, $2, $3)
ON CONFLICT (tenant_id, id) DO UPDATE SET key = excluded.key, privileges = excluded.privileges

-- name: drop_customer_by_former_code
DELETE FROM customers WHERE id = $1 AND code <> $2

-- name: save_customer
INSERT INTO customers (id, code, legal, payment_method, payment_terms, connection)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (tenant_id, code) DO UPDATE SET
    id = excluded.id, legal = excluded.legal, payment_method = excluded.payment_method,
    payment_terms = excluded.payment_terms, connection = excluded.connection

-- name: get_customer
SELECT id, code, legal, payment_method, payment_terms, connection FROM customers WHERE code = $1

-- name: page_customers
SELECT id, code, legal, payment_method, payment_terms, connection
FROM customers WHERE code > $1 ORDER BY code LIMIT $2

-- name: page_orders
-- Pages begin beside a key, never at an offset; the first one beside the greatest or least there is.
SELECT * FROM orders WHERE id < $1 ORDER BY id DESC LIMIT $2

-- name: page_orders_of_state
-- A statement of its own for each filter that has an index, so that each keeps to it.
SELECT * FROM orders WHERE state = $3 AND id < $1 ORDER BY id DESC LIMIT $2

-- name: page_orders_of_customer
SELECT * FROM orders WHERE customer = $3 AND ($4::text IS NULL OR state = $4) AND id < $1
ORDER BY id DESC LIMIT $2

-- name: page_orders_of_brief
-- One at most, as below.
SELECT * FROM orders
WHERE brief_id = $3 AND ($4::text IS NULL OR number = $4) AND ($5::text IS NULL OR state = $5)
    AND ($6::text IS NULL OR customer = $6) AND id < $1
LIMIT $2

-- name: page_orders_numbered
SELECT * FROM orders
WHERE number = $3 AND ($4::text IS NULL OR state = $4) AND ($5::text IS NULL OR customer = $5) AND id < $1
LIMIT $2

-- name: page_tasks_open
SELECT phases.*, jobs.description, jobs.quantity AS ordered, jobs.unit, jobs.tolerance_percent,
       coalesce(economics.technical_sheet, '') AS technical_sheet
FROM phases
JOIN order_jobs AS jobs ON jobs.id = phases.job_id
LEFT JOIN job_economics AS economics ON economics.job_id = phases.job_id
WHERE phases.assignee_id = $1 AND phases.state IN ('waiting', 'assigned', 'in_progress', 'to_inspect')
    AND phases.state = ANY ($2::text[])
    AND (phases.deadline, phases.id) > ($3, $4::uuid)
ORDER BY phases.deadline, phases.id LIMIT $5

-- name: page_tasks_done
SELECT phases.*, jobs.description, jobs.quantity AS ordered, jobs.unit, jobs.tolerance_percent,
       coalesce(economics.technical_sheet, '') AS technical_sheet
FROM phases
JOIN order_jobs AS jobs ON jobs.id = phases.job_id
LEFT JOIN job_economics AS economics ON economics.job_id = phases.job_id
WHERE phases.assignee_id = $1 AND phases.state = 'done'
    AND (phases.deadline, phases.id) > ($2, $3::uuid)
ORDER BY phases.deadline, phases.id LIMIT $4

-- name: get_task
SELECT phases.*, jobs.description, jobs.quantity AS ordered, jobs.unit, jobs.tolerance_percent,
       coalesce(economics.technical_sheet, '') AS technical_sheet
FROM phases
JOIN order_jobs AS jobs ON jobs.id = phases.job_id
LEFT JOIN job_economics AS economics ON economics.job_id = phases.job_id
WHERE phases.id = $1 AND phases.assignee_id = $2
    AND phases.state IN ('waiting', 'assigned', 'in_progress', 'to_inspect', 'done')

-- name: load_rejected
SELECT * FROM rejected_attempts WHERE phase_id = ANY ($1) ORDER BY phase_id, attempt

-- name: name_people
SELECT id, name FROM people WHERE id = ANY ($1)

-- name: load_shipments
SELECT shipments.id, shipments.state, shipments.sequence, shipments.ddt_number, lines.job_id, lines.quantity
FROM shipments JOIN shipment_lines AS lines ON lines.shipment_id = shipments.id
WHERE shipments.order_id = $1 ORDER BY shipments.id, lines.job_id

-- name: count_open_orders
SELECT state, count(*) AS orders FROM orders WHERE state NOT IN ('delivered', 'cancelled') GROUP BY state

-- name: count_late_phases
SELECT count(*) FROM phases
WHERE deadline < (now() AT TIME ZONE 'Europe/Rome')::date
    AND state IN ('waiting', 'ready', 'assigned', 'in_progress', 'to_inspect')
