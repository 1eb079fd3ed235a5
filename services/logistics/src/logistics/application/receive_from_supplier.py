"""Receive articles into a warehouse, under the transport document of whoever sent them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from optima_contracts.logistics import GoodsReceived
from optima_kit.actor import Actor
from optima_kit.refusals import WrongState

from ..domain.articles import ArticleQuantity
from ..domain.ddt import TIME_ZONE
from ..domain.lookups import Destination, Warehouse
from ..domain.orders import Order
from ..domain.shipments import Line
from ..domain.stock import Movement, SupplierReceipt, purchase, receipt_of, written
from .draft_shipment import must_be_known
from .hold_goods import Whose, hold_what_came
from .named_goods import goods_in_stock
from .ports import Ports, ReceiptRow


async def receive_from_supplier(
    ports: Ports,
    actor: Actor,
    *,
    supplier: str,
    number: str,
    on: date,
    warehouse: str,
    lines: Sequence[ArticleQuantity],
    hold_reason: str | None = None,
) -> ReceiptRow:
    """`on`: the date of the supplier's DDT. `hold_reason`: why the goods are held back for their quality at
    once, where they are. Raises WrongState for a document that was received already, and
    Invalid for a date that can't be."""
    named = [(Warehouse, warehouse), (Destination, supplier)]
    sender, found = await ports.lookups.find_with_sender(named)
    must_be_known(found, ("warehouse", Warehouse, warehouse), ("supplier", Destination, supplier))
    today = ports.now.astimezone(ZoneInfo(sender.time_zone if sender else TIME_ZONE)).date()
    account, goods = await goods_in_stock(ports, lines)
    receipt = receipt_of(ports.new_id(), supplier, number, on, warehouse, today=today)
    if not await ports.ledger.insert_receipt(receipt):
        raise WrongState("supplier_document_received", field="number", number=number)
    known = await ports.orders.sum_goods(account.order_id, [line.job_id for line in goods])
    entered = _enter(ports, account, goods, receipt)
    hold_what_came(ports, Whose.of(account), known, entered, hold_reason)
    return ReceiptRow(receipt, goods, account.goods, ports.now, actor.person_id, found)


def _enter(
    ports: Ports, account: Order, goods: Sequence[Line], receipt: SupplierReceipt
) -> Sequence[Movement]:
    movements = [
        purchase(
            movement_id=ports.new_id(),
            warehouse=receipt.warehouse,
            article_id=line.job_id,
            quantity=line.quantity,
            receipt_id=receipt.receipt_id,
        )
        for line in goods
    ]
    ports.ledger.insert_movements(movements)
    for movement in movements:
        article = account.lines[movement.job_id]
        ports.outbox.add(
            GoodsReceived(
                movement_id=movement.movement_id,
                order_id=None,
                job_id=movement.job_id,
                warehouse=receipt.warehouse,
                quantity=written(movement.quantity),
                unit=article.unit,
                article_code=article.code,
                supplier=receipt.supplier,
                document_number=receipt.number,
                document_date=receipt.date,
            ),
            subject=movement.movement_id,
            correlation=receipt.receipt_id,
        )
    return movements
