"""Purchasing adds and changes prices from suppliers' catalogues."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from optima_contracts.economics import CatalogueBreak, CataloguePriceKept
from optima_contracts.money import money_text
from optima_contracts.quantities import quantity_text
from optima_kit.actor import Actor
from optima_kit.ids import new_id
from optima_kit.refusals import Absent, Invalid, Stale

from ..domain.catalogue import CataloguePrice, catalogue_price_fits
from ..domain.quotations import PriceBreak
from .ports import Ports
from .read.access import require_spend


async def keep_catalogue_price(
    ports: Ports,
    actor: Actor,
    *,
    supplier_id: UUID,
    kind: str,
    description: str | None,
    unit: str,
    breaks: tuple[PriceBreak, ...],
    lead_time_days: int,
    valid_from: date,
    valid_until: date,
) -> CataloguePrice:
    """Add a catalogue price of a supplier who may be asked for quotes. Several prices of one supplier may be
    valid at a time; the cheapest one is suggested."""
    require_spend(actor)
    supplier = await ports.directory.find_person(supplier_id)
    if supplier is None or not supplier.active or "quotation.submit" not in supplier.privileges:
        raise Invalid("supplier_cannot_quote", field="supplier_id")
    price = CataloguePrice(
        price_id=new_id(),
        supplier_id=supplier_id,
        kind=kind,
        description=description,
        unit=unit,
        breaks=breaks,
        lead_time_days=lead_time_days,
        valid_from=valid_from,
        valid_until=valid_until,
        kept_at=ports.now,
        kept_by=actor.person_id,
    )
    catalogue_price_fits(price)
    ports.catalogue.insert_price(price)
    _tell(ports, price)
    return price


async def change_catalogue_price(
    ports: Ports,
    actor: Actor,
    price_id: UUID,
    expected_version: int,
    *,
    breaks: tuple[PriceBreak, ...],
    lead_time_days: int,
    valid_from: date,
    valid_until: date,
) -> CataloguePrice:
    """Change a catalogue price. Prices are never deleted; to retire one, let its validity end."""
    require_spend(actor)
    known = await ports.catalogue.lock_price(price_id)
    if known is None:
        raise Absent("catalogue_price_absent")
    if known.version != expected_version:
        raise Stale("stale_version", field="If-Match")
    price = known.changed(breaks, lead_time_days, valid_from, valid_until, at=ports.now, by=actor.person_id)
    ports.catalogue.update_price(price)
    _tell(ports, price)
    return price


def _tell(ports: Ports, price: CataloguePrice) -> None:
    event = CataloguePriceKept(
        price_id=price.price_id,
        supplier_id=price.supplier_id,
        kind=price.kind,
        description=price.description,
        unit=price.unit,
        breaks=[
            CatalogueBreak(
                from_quantity=quantity_text(each.from_quantity), unit_price=money_text(each.unit_price)
            )
            for each in price.breaks
        ],
        lead_time_days=price.lead_time_days,
        valid_from=price.valid_from,
        valid_until=price.valid_until,
    )
    ports.outbox.add(event, subject=price.price_id, correlation=price.price_id)
