"""Receive articles into a warehouse under the sender's transport document."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from optima_contracts.logistics import GoodsReceived
from optima_contracts.quantities import quantity_text
from optima_kit.actor import Actor
from optima_kit.refusals import Invalid, WrongState

from ..domain.articles import ArticleQuantity
from ..domain.ddt import TIME_ZONE
from ..domain.lookups import Destination, Warehouse
from ..domain.orders import Order
from ..domain.places import Lot, Pick, lot_must_fit
from ..domain.stock import Movement, SupplierReceipt, purchase, receipt_of
from .draft_shipment import must_be_known
from .hold_goods import Whose, hold_what_came
from .keep_locations import places_for
from .named_goods import goods_in_stock, scanned
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
    """Receive articles. `on` is the date of the supplier's DDT. If `hold_reason` is given, the goods are held
    back for their quality at once. Lines name their articles as `scanned` describes. Raises WrongState for a
    document that was received already, and Invalid for an impossible date."""
    named = [(Warehouse, warehouse), (Destination, supplier)]
    sender, found = await ports.lookups.find_with_sender(named)
    must_be_known(found, ("warehouse", Warehouse, warehouse), ("supplier", Destination, supplier))
    today = ports.now.astimezone(ZoneInfo(sender.time_zone if sender else TIME_ZONE)).date()
    lines = await scanned(ports, lines)
    named_places = {f"lines[{index}].location": line.location for index, line in enumerate(lines)}
    places = await places_for(ports, warehouse, named_places)
    account, goods = await goods_in_stock(ports, lines)
    put = [
        Pick(line.job_id, line.quantity, place, asked.lot, asked.expires_on)
        for line, asked, place in zip(goods, lines, places.values(), strict=True)
    ]
    await _lots_must_fit(ports, account, put)
    receipt = receipt_of(ports.new_id(), supplier, number, on, warehouse, today=today)
    if not await ports.ledger.insert_receipt(receipt):
        raise WrongState("supplier_document_received", field="number", number=number)
    known = await ports.orders.sum_goods([line.job_id for line in goods])
    entered = _enter(ports, account, put, receipt)
    hold_what_came(ports, Whose.of(account), known, entered, hold_reason)
    return ReceiptRow(receipt, put, account.goods, ports.now, actor.person_id, found)


def _enter(ports: Ports, account: Order, put: Sequence[Pick], receipt: SupplierReceipt) -> Sequence[Movement]:
    movements = [
        purchase(
            movement_id=ports.new_id(),
            place=line.place(receipt.warehouse),
            quantity=line.quantity,
            receipt_id=receipt.receipt_id,
        )
        for line in put
    ]
    ports.ledger.insert_movements(movements)
    for movement, line in zip(movements, put, strict=True):
        article = account.lines[movement.job_id]
        ports.outbox.add(
            GoodsReceived(
                movement_id=movement.movement_id,
                order_id=None,
                job_id=movement.job_id,
                warehouse=receipt.warehouse,
                quantity=quantity_text(movement.quantity),
                unit=article.unit,
                article_code=article.code,
                supplier=receipt.supplier,
                document_number=receipt.number,
                document_date=receipt.date,
                location=movement.location or None,
                lot=movement.lot or None,
                expires_on=line.expires_on,
            ),
            subject=movement.movement_id,
            correlation=receipt.receipt_id,
        )
    return movements


async def _lots_must_fit(ports: Ports, account: Order, put: Sequence[Pick]) -> None:
    """Check lots: each line of an article tracked by lot names one, and a lot has one expiry. Raises
    Invalid."""
    lots: dict[tuple[UUID, str], Lot] = {}
    for index, line in enumerate(put):
        lot_must_fit(account.lines[line.job_id].tracked, line.lot, field=f"lines[{index}].lot")
        if line.expires_on is not None and not line.lot:
            raise Invalid("lot_missing", field=f"lines[{index}].lot")
        known = lots.setdefault((line.job_id, line.lot), Lot(line.job_id, line.lot, line.expires_on))
        if known.expires_on != line.expires_on:
            raise _expires_on_another_day(index, known)
    named = [lot for lot in lots.values() if lot.lot]
    for known in await ports.ledger.save_lots(named) if named else ():
        index = next(
            n for n, line in enumerate(put) if (line.job_id, line.lot) == (known.article_id, known.lot)
        )
        raise _expires_on_another_day(index, known)


def _expires_on_another_day(index: int, known: Lot) -> Invalid:
    expires = known.expires_on or "–"
    return Invalid(
        "lot_expires_otherwise", field=f"lines[{index}].expires_on", lot=known.lot, expires=expires
    )
