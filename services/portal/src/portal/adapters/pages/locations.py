"""The locations of warehouses, where goods are put away and found."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ..client import LISTED, Refused, with_parts
from ..forms import NOTHING_SENT, RefusedForm
from ..places import places_of

pages = Pages()


@pages.get("/locations")
async def show_locations(call: PageCall) -> Answer:
    return await _page(call)


@pages.post("/locations")
async def add_locations(call: PageCall) -> Answer:
    codes = [code.upper() for code in re.split(r"[\s,;]+", call.text("codes")) if code]
    body = {"warehouse": call.text("warehouse"), "codes": codes}
    try:
        await call.session.services.send("logistics", "POST", "/v1/locations", body, key=call.text("once"))
    except Refused as refused:
        return await _page(call, RefusedForm("locations", call.form, refused))
    return SeeOther("/locations")


@pages.post("/locations/{warehouse}/{code}/removal")
async def remove(call: PageCall, warehouse: str, code: str) -> Answer:
    path = f"/v1/locations/{quote(warehouse, safe='')}/{quote(code, safe='')}"
    return await _change(call, "DELETE", path, {})


@pages.post("/locations/{warehouse}/put-away")
async def put_away(call: PageCall, warehouse: str) -> Answer:
    path = f"/v1/put-away/{quote(warehouse, safe='')}"
    return await _change(call, "PUT", path, {"location": call.text("location")})


async def _change(call: PageCall, method: str, path: str, body: Mapping[str, str]) -> Answer:
    try:
        await call.session.services.send("logistics", method, path, body, key=call.text("once"))
    except Refused as refused:
        return await _page(call, RefusedForm("change", call.form, refused))
    return SeeOther("/locations")


async def _page(call: PageCall, sent: RefusedForm = NOTHING_SENT) -> Answer:
    services = call.session.services
    cursor = call.query.get("cursor")
    locations, warehouses = await with_parts(
        services.get("logistics", "/v1/locations", cursor=cursor, limit=LISTED),
        services.every("logistics", "/v1/warehouses"),
    )
    context = {"locations": locations, "warehouses": places_of(warehouses), "sent": sent}
    return TemplateAnswer("locations.html", context, sent.status)
