"""Counting a warehouse: with a scanner as a keyboard, one field and Enter a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, Shown

from ..amounts import plain_number
from ..client import Refused, part, with_parts
from ..forms import NOTHING_SENT, Sent, filled
from ..places import places_of

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
        return await _list(call, Sent("count", call.form, refused))
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
        return await _page(call, count_id, Sent(what, call.form, refused))
    return SeeOther(f"/counts/{count_id}")


async def _list(call: PageCall, sent: Sent = NOTHING_SENT) -> Answer:
    services = call.session.services
    counts, warehouses = await with_parts(
        part(services.get("logistics", "/v1/counts", cursor=call.query.get("cursor"))),
        services.every("logistics", "/v1/warehouses"),
    )
    context = {"counts": counts, "warehouses": places_of(warehouses), "sent": sent}
    return Shown("counts.html", context, sent.status)


async def _page(call: PageCall, count_id: UUID, sent: Sent = NOTHING_SENT) -> Answer:
    services = call.session.services
    count = await services.get("logistics", f"/v1/counts/{count_id}")
    stock = None
    if "count" in count["actions"]:
        warehouse = count["warehouse"]["code"]
        stock = await part(services.every("logistics", "/v1/stock", warehouse=warehouse))
    counted = {line["job_id"] for line in count["lines"]}
    context = {
        "count": count,
        "left": [row for row in (stock["items"] if stock else []) if row["job_id"] not in counted],
        "sent": sent,
    }
    return Shown("count.html", context, sent.status)
