"""Find the customer of a document, and the codes by which ERPs know that customer."""

from __future__ import annotations

from uuid import UUID

from ..domain.documents import Document, RemoteCustomer
from .ports import Ports


async def connections_for(ports: Ports, document: Document) -> dict[UUID, RemoteCustomer] | None:
    """Return the document's customer by connection, for each ERP that knows them. The result is empty while
    no ERP has sent the customer, and while the order that names a DDT's customer is not known here. Return
    None if the document has no customer; it is then meant for every ERP.

    The code is looked up whenever the document is sent, because two ERPs may know one customer by two codes
    and two customers by the same code.
    """
    if document.entity == "ddt" and (order_id := document.heading.get("order_reference")):
        order = await ports.documents.find_document("order", UUID(order_id))
        if order is None:
            return {}
        document = order
    code, customer_id = document.heading.get("customer"), document.heading.get("customer_id")
    if document.is_of_stock:
        # The recipient of the goods is the customer who is invoiced.
        found = await ports.records.find_customers_by_number(document.recipient_numbers)
        ids = {each for each, _ in found.values()}
        return await ports.records.list_connections_of(ids.pop()) if len(ids) == 1 else {}
    if customer_id is None and code is None:
        return None
    known = UUID(customer_id) if customer_id else await ports.records.find_customer(code or "")
    return await ports.records.list_connections_of(known) if known else {}
