"""Whose a document is, and which ERPs know them by which code."""

from __future__ import annotations

from uuid import UUID

from ..domain.documents import Document, RemoteCustomer
from .ports import Ports


async def connections_for(ports: Ports, document: Document) -> dict[UUID, RemoteCustomer] | None:
    """The document's customer as each ERP knows them that has told of them; empty while none has, and while
    the order of a DDT, which says whose it is, is not known here. None: the document is nobody's, and for
    every ERP.

    The code is looked up whenever the document leaves: two ERPs may know one customer by two codes, and two
    customers by one.
    """
    if document.entity == "ddt" and (order_id := document.heading.get("order_reference")):
        order = await ports.documents.find_document("order", UUID(order_id))
        if order is None:
            return {}
        document = order
    code, customer_id = document.heading.get("customer"), document.heading.get("customer_id")
    if document.is_of_stock:
        # Whoever received the goods is invoiced.
        found = await ports.records.find_customers_by_number(document.recipient_numbers)
        ids = {each for each, _ in found.values()}
        return await ports.records.list_connections_of(ids.pop()) if len(ids) == 1 else {}
    if customer_id is None and code is None:
        return None
    known = UUID(customer_id) if customer_id else await ports.records.find_customer(code or "")
    return await ports.records.list_connections_of(known) if known else {}
