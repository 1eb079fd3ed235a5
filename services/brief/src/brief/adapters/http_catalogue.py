"""Endpoints for suppliers' catalogue prices. Purchasing maintains them; people who may see all briefs and
their prices read them."""

from __future__ import annotations

from uuid import UUID

from optima_kit.http import Call, Page, Reply, Routes

from ..application.keep_catalogue_price import change_catalogue_price, keep_catalogue_price
from ..application.ports import Ports
from ..application.read import catalogue
from ..application.read.catalogue_views import CataloguePriceView, PriceSuggestionsView
from ..domain.catalogue import CataloguePrice
from .requests import CatalogueQuery, ChangeCataloguePrice, KeepCataloguePrice

catalogue_routes = Routes()


async def _shown(
    call: Call[Ports], price: CataloguePrice, location: str | None = None
) -> Reply[CataloguePriceView]:
    view = await catalogue.show_catalogue_price(call.ports, call.actor, price)
    return Reply(view, version=view.version, location=location)


@catalogue_routes.post("/v1/catalogue-prices", privilege="brief.price", status=201)
async def keep(call: Call[Ports], body: KeepCataloguePrice) -> Reply[CataloguePriceView]:
    """Add a supplier's catalogue price of an article, or of a whole kind of item, for a period

    The price is a suggestion when briefs are priced, and binds nobody. Needs `brief.price.read` and
    `brief.read_all` as well."""
    price = await keep_catalogue_price(
        call.ports,
        call.actor,
        supplier_id=body.supplier_id,
        kind=body.kind,
        description=body.description,
        unit=body.unit,
        **body.terms(),
    )
    return await _shown(call, price, f"/v1/catalogue-prices/{price.price_id}")


@catalogue_routes.get("/v1/catalogue-prices", privilege="brief.price.read")
async def list_prices(call: Call[Ports], query: CatalogueQuery) -> Page[CataloguePriceView]:
    """List suppliers' catalogue prices, newest first

    Needs `brief.read_all` as well."""
    return await catalogue.list_catalogue_prices(
        call.ports,
        call.actor,
        query,
        supplier_id=query.supplier_id,
        kind=query.kind,
        valid_only=query.valid,
    )


@catalogue_routes.get("/v1/catalogue-prices/{price_id}", privilege="brief.price.read")
async def read_price(call: Call[Ports], price_id: UUID) -> Reply[CataloguePriceView]:
    """Read a catalogue price

    Needs `brief.read_all` as well."""
    view = await catalogue.read_catalogue_price(call.ports, call.actor, price_id)
    return Reply(view, version=view.version)


@catalogue_routes.put("/v1/catalogue-prices/{price_id}", privilege="brief.price", if_match="required")
async def change(call: Call[Ports], price_id: UUID, body: ChangeCataloguePrice) -> Reply[CataloguePriceView]:
    """Change a catalogue price or its validity

    Needs `brief.price.read` and `brief.read_all` as well."""
    price = await change_catalogue_price(
        call.ports, call.actor, price_id, call.required_version, **body.terms()
    )
    return await _shown(call, price)


@catalogue_routes.get("/v1/briefs/{brief_id}/price-suggestions", privilege="brief.price.read")
async def suggest(call: Call[Ports], brief_id: UUID) -> PriceSuggestionsView:
    """Read what a brief's items might cost, by today's catalogue prices and by the prices last paid

    Needs `brief.read_all` as well."""
    return await catalogue.price_suggestions(call.ports, call.actor, brief_id)
