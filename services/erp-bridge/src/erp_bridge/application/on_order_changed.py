"""An order that the ERP has was changed, priced or cancelled."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.economics import OrderValued
from optima_contracts.production import OrderChanged
from optima_kit.refusals import NotYet

from ..domain.documents import Document, LineValue
from .ports import Ports
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


async def _order(ports: Ports, order_id: UUID) -> Document:
    order = await ports.documents.lock_document("order", order_id)
    if order is None:
        raise NotYet(f"order {order_id} is not known yet")
    return order
