"""Keep this service's copy of the customers, with their payment terms."""

from __future__ import annotations

from optima_contracts.erp import CustomerChanged

from .ports import Customer, Ports


async def on_customer_changed(ports: Ports, event: CustomerChanged) -> None:
    """Store the customer. The newest state replaces the previous one."""
    ports.customers.upsert_customer(
        Customer(
            id=event.customer_id,
            code=event.code,
            legal=event.legal.model_dump(),
            payment_method=event.payment.method if event.payment else None,
            payment_terms=event.payment.terms if event.payment else None,
            connection=event.connection,
        )
    )
