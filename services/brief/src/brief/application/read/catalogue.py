"""Read suppliers' catalogue prices and the prices that they suggest for the items of a brief."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.fields import PersonView
from optima_kit.pages import Page, PageQuery, page_of
from optima_kit.refusals import Absent

from ...domain.brief import Brief
from ...domain.catalogue import CataloguePrice, offers_for
from ...domain.purchases import Article
from ...domain.rules import day_in_rome
from ..ports import Ports
from .access import actions_on_catalogue, require_spend, sees_spend, visible_brief
from .catalogue_views import CatalogueOfferView, CataloguePriceView, PriceSuggestionsView
from .purchases import last_paid_for

Wanted = Mapping[UUID, tuple[Article, Decimal]]
"""Article and quantity by item."""


async def list_catalogue_prices(
    ports: Ports,
    actor: Actor,
    query: PageQuery,
    *,
    supplier_id: UUID | None,
    kind: str | None,
    valid_only: bool,
) -> Page[CataloguePriceView]:
    """List catalogue prices, newest first."""
    require_spend(actor)
    today = day_in_rome(ports.now)
    found = await ports.catalogue.list_prices(
        supplier_id, kind, today if valid_only else None, query.after(UUID), query.rows
    )
    people = [id_ for each in found for id_ in (each.supplier_id, each.kept_by)]
    names = await ports.directory.names(people)
    return page_of(
        query, found, lambda price: _view(actor, price, names, today), lambda price: price.price_id
    )


async def read_catalogue_price(ports: Ports, actor: Actor, price_id: UUID) -> CataloguePriceView:
    require_spend(actor)
    price = await ports.catalogue.find_price(price_id)
    if price is None:
        raise Absent("catalogue_price_absent")
    return await show_catalogue_price(ports, actor, price)


async def show_catalogue_price(ports: Ports, actor: Actor, price: CataloguePrice) -> CataloguePriceView:
    names = await ports.directory.names([price.supplier_id, price.kept_by])
    return _view(actor, price, names, day_in_rome(ports.now))


async def price_suggestions(ports: Ports, actor: Actor, brief_id: UUID) -> PriceSuggestionsView:
    """Suggest prices for the items of the brief as it was last submitted. There are none for a brief that was
    never submitted."""
    return await show_price_suggestions(ports, actor, await visible_brief(ports, actor, brief_id))


async def show_price_suggestions(ports: Ports, actor: Actor, brief: Brief) -> PriceSuggestionsView:
    """Suggest prices for the items of a loaded brief that the reader may see."""
    require_spend(actor)
    items = brief.submitted.content.items if brief.submitted else ()
    wanted = {
        item.item_id: (Article(item.kind, item.description, item.unit), item.quantity) for item in items
    }
    articles = {item_id: article for item_id, (article, _) in wanted.items()}
    return PriceSuggestionsView(
        catalogue=await _offers(ports, wanted),
        last_paid=await last_paid_for(ports, articles, brief.brief_id),
    )


async def catalogue_offers(ports: Ports, actor: Actor, wanted: Wanted) -> list[CatalogueOfferView] | None:
    """Return the catalogue's offers for items, or None if the actor may not see what is bought."""
    return await _offers(ports, wanted) if sees_spend(actor) else None


async def _offers(ports: Ports, wanted: Wanted) -> list[CatalogueOfferView]:
    articles = sorted({article for article, _ in wanted.values()})
    found = await ports.catalogue.list_valid(articles, day_in_rome(ports.now)) if articles else []
    names = await ports.directory.names({each.supplier_id for each in found}) if found else {}
    return [
        CatalogueOfferView(
            item_id=item_id,
            price_id=offer.price.price_id,
            supplier=PersonView(id=offer.price.supplier_id, name=names.get(offer.price.supplier_id)),
            unit_price=offer.unit_price,
            amount=offer.amount,
            lead_time_days=offer.price.lead_time_days,
            valid_until=offer.price.valid_until,
            description=offer.price.description,
        )
        for item_id, offers in offers_for(wanted, found).items()
        for offer in offers
    ]


def _view(actor: Actor, price: CataloguePrice, names: Mapping[UUID, str], today: date) -> CataloguePriceView:
    return CataloguePriceView(
        id=price.price_id,
        supplier=PersonView(id=price.supplier_id, name=names.get(price.supplier_id)),
        kind=price.kind,
        description=price.description,
        unit=price.unit,
        breaks=list(price.breaks),
        lead_time_days=price.lead_time_days,
        valid_from=price.valid_from,
        valid_until=price.valid_until,
        valid=price.valid_from <= today <= price.valid_until,
        kept_at=price.kept_at,
        kept_by=PersonView(id=price.kept_by, name=names.get(price.kept_by)),
        version=price.version,
        actions=actions_on_catalogue(actor),
    )
