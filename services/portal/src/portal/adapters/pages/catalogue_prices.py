"""Prices in suppliers' catalogues with their validity: kept by purchasing, suggested when briefs are
priced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ..amounts import plain_number, typed_number
from ..client import Refused, with_parts
from ..forms import NOTHING_SENT, RefusedForm, filled
from ..kinds import names_of_kinds
from ..suppliers import suppliers_for

pages = Pages()

_TERMS = ("minimum", "price", "breaks", "lead_time_days", "valid_from", "valid_until")


@pages.get("/catalogue-prices")
async def show_prices(call: PageCall) -> Answer:
    every = call.query.get("all") == "yes"
    services = call.session.services
    found, kinds = await with_parts(
        services.get(
            "brief",
            "/v1/catalogue-prices",
            limit=50,
            valid=None if every else "true",
            cursor=call.query.get("cursor"),
        ),
        services.every("production", "/v1/kinds"),
    )
    context = {
        "prices": found,
        "every": every,
        "kinds": names_of_kinds(kinds),
    }
    return TemplateAnswer("catalogue_prices.html", context)


@pages.get("/new-catalogue-price")
async def show_new(call: PageCall) -> Answer:
    return await _new(call)


@pages.post("/new-catalogue-price")
async def keep(call: PageCall) -> Answer:
    body = _terms(call) | filled(
        supplier_id=call.text("supplier_id"),
        kind=call.text("kind"),
        description=call.text("description"),
        unit=call.text("unit"),
    )
    try:
        await call.session.services.send("brief", "POST", "/v1/catalogue-prices", body, key=call.text("once"))
    except Refused as refused:
        return await _new(call, RefusedForm("price", call.form, refused))
    return SeeOther("/catalogue-prices")


@pages.get("/catalogue-prices/{price_id}")
async def show_price(call: PageCall, price_id: UUID) -> Answer:
    return await _page(call, price_id)


@pages.post("/catalogue-prices/{price_id}")
async def change(call: PageCall, price_id: UUID) -> Answer:
    try:
        await call.session.services.send(
            "brief",
            "PUT",
            f"/v1/catalogue-prices/{price_id}",
            _terms(call),
            version=call.text("version"),
        )
    except Refused as refused:
        return await _page(call, price_id, RefusedForm("price", call.form, refused))
    return SeeOther("/catalogue-prices")


def _terms(call: PageCall) -> dict[str, Any]:
    """Return the typed terms: the price, and prices of larger quantities, one per line such as `1000:
    0,085`."""
    lines = [line.partition(":") for line in call.text("breaks").splitlines() if line.strip()]
    typed = [(call.text("minimum"), call.text("price")), *((most, price) for most, _, price in lines)]
    return {
        "breaks": [
            {
                "from_quantity": plain_number(quantity, call.language),
                "unit_price": plain_number(price, call.language),
            }
            for quantity, price in typed
        ],
        "lead_time_days": call.text("lead_time_days"),
        "valid_from": call.text("valid_from"),
        "valid_until": call.text("valid_until"),
    }


def _given(price: Mapping[str, Any], language: str) -> dict[str, str]:
    """Return a price's fields as a person would type them."""
    breaks = [
        (typed_number(each["from_quantity"], language), typed_number(each["unit_price"], language))
        for each in price["breaks"]
    ]
    return {
        "minimum": breaks[0][0],
        "price": breaks[0][1],
        "breaks": "\n".join(f"{quantity}: {unit_price}" for quantity, unit_price in breaks[1:]),
        "lead_time_days": str(price["lead_time_days"]),
        "valid_from": price["valid_from"],
        "valid_until": price["valid_until"],
    }


async def _new(call: PageCall, sent: RefusedForm = NOTHING_SENT) -> Answer:
    (kinds,) = await with_parts(call.session.services.every("production", "/v1/kinds"))
    context = {
        "price": None,
        "given": dict.fromkeys(_TERMS, "") | {"minimum": "1"},
        "kinds": names_of_kinds(kinds),
        "suppliers": await suppliers_for(call),
        "sent": sent,
    }
    return TemplateAnswer("catalogue_price.html", context, sent.status)


async def _page(call: PageCall, price_id: UUID, sent: RefusedForm = NOTHING_SENT) -> Answer:
    services = call.session.services
    price, kinds = await with_parts(
        services.get("brief", f"/v1/catalogue-prices/{price_id}"),
        services.every("production", "/v1/kinds"),
    )
    context = {
        "price": price,
        "given": _given(price, call.language),
        "kinds": names_of_kinds(kinds),
        "suppliers": None,
        "sent": sent,
    }
    return TemplateAnswer("catalogue_price.html", context, sent.status)
