"""React to a confirmed order: it has to be written to the ERP."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.production import OrderConfirmed

from ..domain.documents import Document
from .ports import Ports
from .save_document import await_exports_of_ddts, save_document


async def on_order_confirmed(ports: Ports, order: OrderConfirmed, *, correlation_id: UUID) -> None:
    """Store the order and schedule its exports. Its prices follow with `order_valued`; until then it is sent
    without them."""
    document = Document(
        entity="order",
        internal_id=order.order_id,
        number=order.number,
        correlation_id=correlation_id,
        heading={
            "reference": str(order.order_id),
            "number": order.number,
            "state": "confirmed",
            "customer": order.customer,
            "customer_id": str(order.customer_id) if order.customer_id else None,
            "deadline": order.deadline.isoformat(),
        },
        lines={
            str(line.job_id): {
                "kind": line.kind,
                "description": line.description,
                "quantity": line.quantity,
                "unit": line.unit,
            }
            for line in order.lines
        },
        changed_at=ports.now,
    )
    await save_document(ports, document)
    await await_exports_of_ddts(ports, document)
