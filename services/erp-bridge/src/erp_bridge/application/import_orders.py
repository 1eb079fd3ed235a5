"""Import orders that were created in an ERP; each becomes an order here exactly once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from optima_contracts.erp import OrderReceived, ReceivedLine
from optima_kit.ids import new_id
from optima_kit.refusals import Invalid, Refusal

from ..domain.connection import Connection
from ..domain.import_plan import ImportPlan, PlannedRecord, RefusedRecord, RemoteRecord
from ..domain.known_order import KnownOrder, KnownOrders, settled_by
from ..domain.received_order import (
    CUSTOMER,
    LINES,
    ORDERED_IN,
    ORDERED_ON,
    RECEIVED,
    ReceivedOrder,
    content_whenever,
    read_order,
)
from .ports import Ports


async def plan_orders(
    ports: Ports, connection: Connection, records: Sequence[RemoteRecord], *, source: str
) -> ImportPlan:
    """Plan a new order for each received order that is not known here.

    An order is refused if it can't be read, if its customer is not known here, or if the ERP changed or
    cancelled it after it was received: production's order can't be changed from the ERP, so a person has to
    act. An order that was cancelled before it was received is passed over, and so is our own order that comes
    back in a complete export of the ERP.
    """
    mapping = connection.mapping.of(RECEIVED)
    orders = [read_order(mapping, record) for record in records]
    together = {each.remote_id for each in orders}
    bare = {each.number for each in orders if each.by_number and each.number}
    codes = {each.code for each in orders if each.by_number and each.code} | bare
    came = await ports.records.find_received_orders(connection.connection_id, together | bare, codes)
    known = KnownOrders(came)
    customers = await ports.records.find_remote_customers(
        connection.connection_id, [each.customer for each in orders]
    )
    ids = {each.our_id for each in orders} | {each.order_id for each in came}
    cancelled_here = await ports.documents.find_known_orders({each for each in ids if each is not None})
    # An ERP that sends orders but no master data identifies customers by tax number.
    numbers = [number for each in orders for number in each.customer_numbers]
    by_number = await ports.records.find_customers_by_number(numbers) if numbers else {}
    waiting = await _waiting_by_number(ports, connection, orders)
    plan = ImportPlan()
    for place in known.in_turn(orders):
        record, order = records[place], orders[place]
        customer = customers.get(order.customer)
        if customer is None:
            found = {by_number[number] for number in order.customer_numbers if number in by_number}
            customer = found.pop() if len(found) == 1 else None
        before = known.counterpart(order, together)
        if before is None and (order.is_cancelled or order.our_id in cancelled_here):
            plan.passed_over.extend(settled_by(order, None, waiting))
            continue
        problems: list[Refusal] = list(order.problems)
        if order.customer and customer is None:
            problems.append(Invalid("customer_not_linked", field="customer", customer=order.customer[:64]))
        if before is not None and cancelled_here.get(before.order_id):
            problems = []
        elif before is not None and order.is_cancelled:
            problems = [_differs("received_order_cancelled", order)]
        elif before is not None and before.content_hash != order.content_hash:
            problems = [_differs("received_order_changed", order)]
        free = known.free_id(order)
        if before is None and not free and not problems:
            problems = [Invalid("received_rows_disagree", field="order_date", number=order.number)]
        if problems:
            key = (before.name if before else order.remote_id) or f"{source}:{record.line}"
            plan.refused.append(RefusedRecord(record.line, key, record.values, tuple(problems)))
            continue
        plan.passed_over.extend(settled_by(order, before, waiting))
        new = KnownOrder(new_id(), free, order.code, order.content_hash, order.day, order.year)
        now = before.as_told(order) if before else new
        known.put(now)
        our_id, our_code = customer if customer else (None, None)
        plan.records.append(
            PlannedRecord(
                line=record.line,
                action="unchanged" if before else "create",
                record_id=now.order_id,
                remote_id=now.remote_id,
                remote_code=order.code,
                version=record.version,
                content_hash=order.content_hash,
                fields={
                    **order.heading,
                    "customer": our_code,
                    "customer_id": str(our_id) if our_id else None,
                },
                link_changed=now != before,
                values={
                    LINES: order.lines,
                    CUSTOMER: order.customer,
                    ORDERED_ON: now.day,
                    ORDERED_IN: now.year,
                },
            )
        )
    plan.records.sort(key=lambda each: each.line)
    plan.refused.sort(key=lambda each: each.line)
    return plan


async def _waiting_by_number(
    ports: Ports, connection: Connection, orders: Sequence[ReceivedOrder]
) -> set[tuple[str, str]]:
    """Return number and content of the orders that wait for a person because they had no readable year. An
    order that has a year, the same number and the same content is that order; no other one is."""
    numbers = {each.number for each in orders if each.by_number and each.year}
    if not numbers:
        return set()
    mapping = connection.mapping.of(RECEIVED)
    failures = await ports.failures.list_received_failures(connection.connection_id, numbers)
    return {
        (each.record_key, content_whenever(mapping, RemoteRecord(each.payload)))
        for each in failures
        if each.payload
    }


def _differs(code: str, order: ReceivedOrder) -> Refusal:
    return Invalid(code, field="code", number=order.heading.get("code") or "")


async def receive_orders(ports: Ports, connection: Connection, planned: Sequence[PlannedRecord]) -> None:
    """Link the new orders and publish them to production. Of known orders, store how the ERP knows them
    now."""
    moved = [each for each in planned if each.action == "unchanged" and each.link_changed]
    if moved:
        await ports.records.update_received_orders(connection.connection_id, moved)
    new = [each for each in planned if each.action == "create"]
    if not new:
        return
    await ports.records.save_customer_links(
        connection.connection_id,
        {
            each.values[CUSTOMER]: UUID(each.fields["customer_id"])
            for each in new
            if each.fields["customer_id"]
        },
    )
    await ports.records.save_received_orders(connection.connection_id, new)
    for each in new:
        fields = each.fields
        customer_id = fields["customer_id"]
        ports.outbox.add(
            OrderReceived(
                order_id=each.record_id,
                connection_id=connection.connection_id,
                connection=connection.key,
                number=each.remote_code,
                title=fields.get("title") or each.remote_code,
                customer=fields["customer"],
                customer_id=UUID(customer_id) if customer_id else None,
                deadline=date.fromisoformat(fields["deadline"] or ""),
                lines=[
                    ReceivedLine(**{name: line[name] for name in ReceivedLine.model_fields})
                    for line in each.values[LINES]
                ],
            ),
            subject=each.record_id,
            correlation=each.record_id,
        )
