"""Count a warehouse with a scanner that works as a keyboard: one field at a time, followed by Enter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ..amounts import plain_number
from ..client import Refused, part, with_parts
from ..forms import NOTHING_SENT, RefusedForm, filled
from ..places import place_typed, places_of

pages = Pages()


@pages.get("/counts")
async def show_counts(call: PageCall) -> Answer:
    return await _list(call)


@pages.post("/counts")
async def open_count(call: PageCall) -> Answer:
    body = {"warehouse": call.text("warehouse")}
    try:
        count = await call.session.services.send(
            "logistics", "POST", "/v1/counts", body, key=call.text("once")
        )
    except Refused as refused:
        return await _list(call, RefusedForm("count", call.form, refused))
    return SeeOther(f"/counts/{count['id']}")


@pages.get("/counts/{count_id}")
async def show_count(call: PageCall, count_id: UUID) -> Answer:
    return await _page(call, count_id)


@pages.post("/counts/{count_id}/lines")
async def count_goods(call: PageCall, count_id: UUID) -> Answer:
    goods = call.text("goods")
    named = {"job_id": goods} if goods else filled(article=call.text("article"))
    body = {
        **named,
        "counted": plain_number(call.text("counted"), call.language),
        **filled(reason=call.text("reason")),
    }
    if chosen := call.text("place"):
        _, body["location"], body["lot"] = place_typed(chosen)
    else:
        body |= filled(location=call.text("location").upper(), lot=call.text("lot"))
    return await _command(call, count_id, "lines", body)


@pages.post("/counts/{count_id}/posting")
async def post(call: PageCall, count_id: UUID) -> Answer:
    return await _command(call, count_id, "posting", filled(reason=call.text("reason")))


@pages.post("/counts/{count_id}/cancellation")
async def give_up(call: PageCall, count_id: UUID) -> Answer:
    return await _command(call, count_id, "cancellation", {})


async def _command(call: PageCall, count_id: UUID, what: str, body: Mapping[str, Any]) -> Answer:
    path = f"/v1/counts/{count_id}/{what}"
    try:
        await call.session.services.send("logistics", "POST", path, body, key=call.text("once"))
    except Refused as refused:
        return await _page(call, count_id, RefusedForm(what, call.form, refused))
    return SeeOther(f"/counts/{count_id}")


async def _list(call: PageCall, sent: RefusedForm = NOTHING_SENT) -> Answer:
    services = call.session.services
    counts, warehouses = await with_parts(
        part(services.get("logistics", "/v1/counts", cursor=call.query.get("cursor"))),
        services.every("logistics", "/v1/warehouses"),
    )
    context = {"counts": counts, "warehouses": places_of(warehouses), "sent": sent}
    return TemplateAnswer("counts.html", context, sent.status)


async def _page(call: PageCall, count_id: UUID, sent: RefusedForm = NOTHING_SENT) -> Answer:
    services = call.session.services
    count = await services.get("logistics", f"/v1/counts/{count_id}")
    stock = locations = None
    if "count" in count["actions"]:
        warehouse = count["warehouse"]["code"]
        stock, locations = await with_parts(
            part(services.every("logistics", "/v1/stock", warehouse=warehouse)),
            services.every("logistics", "/v1/locations", warehouse=warehouse),
        )
    counted = {_place_of(line) for line in count["lines"]}
    context = {
        "count": count,
        "left": [row for row in _lying(stock) if _place_of(row) not in counted],
        "locations": [each["code"] for each in (locations["items"] if locations else [])],
        "sent": sent,
    }
    return TemplateAnswer("count.html", context, sent.status)


def _place_of(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["job_id"], row.get("location", ""), row.get("lot", "")


def _lying(stock: Any) -> list[Mapping[str, Any]]:
    """Return the goods in each place, sorted by location, which is the way that a counting person walks."""
    rows = [
        {**row, **{name: value for name, value in each.items() if name != "held"}}
        for row in (stock["items"] if stock else [])
        for each in row["places"] or [{}]
    ]
    return sorted(rows, key=lambda row: row.get("location", ""))
