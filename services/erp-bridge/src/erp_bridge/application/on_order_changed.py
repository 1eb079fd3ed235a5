"""React to an order that was changed, priced or cancelled: the ERP has to know."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.economics import OrderValued
from optima_contracts.production import OrderChanged
from optima_kit.refusals import NotYet

from ..domain.documents import Document, LineValue
from ..domain.received_order import RECEIVED
from .keep_failure import keep_failure, problem_of
from .ports import Fault, Origin, Ports
from .save_document import save_document


async def on_order_valued(ports: Ports, valued: OrderValued) -> None:
    """Raises NotYet when the order itself has not arrived."""
    order = await _order(ports, valued.order_id)
    values = {
        str(line.job_id): LineValue(line.unit_price, line.amount, line.vat_code) for line in valued.lines
    }
    await save_document(ports, order.with_values(values, ports.now))


async def on_order_changed(ports: Ports, changed: OrderChanged) -> None:
    """Raises NotYet when the order itself has not arrived."""
    order = await _order(ports, changed.order_id)
    quantities = {str(line.job_id): line.quantity for line in changed.lines}
    await save_document(ports, order.with_terms(changed.deadline.isoformat(), quantities, ports.now))


async def on_order_cancelled(ports: Ports, order_id: UUID) -> None:
    """Raises NotYet when the order itself has not arrived."""
    order = await _order(ports, order_id)
    await save_document(ports, order.in_state("cancelled", ports.now))
    origin = await ports.documents.find_origin(order_id)
    if origin is not None:
        await _tell_origin(ports, order, origin)


async def _tell_origin(ports: Ports, order: Document, origin: Origin) -> None:
    """Settle the failures about changes and cancellations that the order's ERP of origin had sent. If the
    cancellation can't be sent to that ERP, keep a failure so that a person does it."""
    await ports.failures.delete_failures(origin.connection_id, RECEIVED, "in", [origin.order.name])
    connection = await ports.connections.get_connection_by_id(origin.connection_id)
    sent = ports.connectors.get(connection.connector).describe().capability("order")
    if sent is None or "cancel" not in sent.writes or not connection.exchange("order").enabled:
        problem = problem_of(Fault("cancellation_not_carried", number=origin.order.code))
        await keep_failure(
            ports,
            connection,
            "order",
            "out",
            str(order.internal_id),
            [problem],
            "refused",
            correlation_id=order.correlation_id,
        )


async def _order(ports: Ports, order_id: UUID) -> Document:
    order = await ports.documents.lock_document("order", order_id)
    if order is None:
        raise NotYet(f"order {order_id} is not known yet")
    return order
