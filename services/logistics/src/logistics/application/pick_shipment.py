"""Record that a shipment's goods are gathered, and from which locations and lots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from optima_contracts.logistics import ShipmentPicked
from optima_kit.refusals import Invalid

from ..domain.places import Pick
from .changing import save_and_tell, shipment_to_change
from .days import today_of
from .facts import facts_of
from .named_goods import article_named
from .ports import Ports, ShipmentRow


async def pick_shipment(ports: Ports, shipment_id: UUID, expected_version: int | None) -> ShipmentRow:
    row = await shipment_to_change(ports, shipment_id, expected_version)
    picked = row.shipment.pick()
    return save_and_tell(ports, row, picked, ShipmentPicked(**facts_of(picked, row.goods)))


@dataclass(frozen=True, slots=True)
class AskedPick:
    """A pick as a client names it: by the job of the goods, or by a barcode of an article."""

    job_id: UUID | None
    article: str | None
    quantity: Decimal | None
    """None to take the quantity from the barcode."""
    location: str
    lot: str | None
    """None to take the lot from the barcode."""


async def name_picks(
    ports: Ports, shipment_id: UUID, expected_version: int | None, picks: Sequence[AskedPick]
) -> ShipmentRow:
    """Replace the picks that were named before. Named goods stay reserved for the shipment; the rest is taken
    as proposed when the document is issued."""
    row = await shipment_to_change(ports, shipment_id, expected_version)
    goods = await ports.orders.sum_goods(row.shipment.jobs)
    asked = [await _named(ports, row, pick, f"picks[{index}]") for index, pick in enumerate(picks)]
    named = [replace(pick, expires_on=goods.expiry.get((pick.job_id, pick.lot))) for pick in asked]
    after = row.shipment.name_picks(named, goods, await today_of(ports))
    ports.shipments.update_picks(after)
    ports.shipments.update_shipment(after)
    return replace(row, shipment=after)


async def _named(ports: Ports, row: ShipmentRow, asked: AskedPick, field: str) -> Pick:
    """Find the goods that a pick names. An article's code may stand for goods set aside for a line of the
    shipment's order."""
    job_id, lot, quantity = asked.job_id, asked.lot, asked.quantity
    if job_id is None:
        if asked.article is None:
            raise Invalid("goods_not_named", field=f"{field}.article")
        article, scan = await article_named(ports, asked.article, field=f"{field}.article")
        lot = lot if lot is not None else scan.lot
        quantity = quantity or (Decimal(scan.count) if scan.count else None)
        named = (article.article_id, article.code)
        job_id = next(
            (job for job in row.shipment.jobs if job == named[0] or row.goods[job].code == named[1]), None
        )
        if job_id is None:
            raise Invalid("job_not_in_shipment", field=f"{field}.article")
    if quantity is None:
        raise Invalid("quantity_not_given", field=f"{field}.quantity")
    return Pick(job_id, quantity, asked.location, lot or "")
