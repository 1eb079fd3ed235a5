"""What the reader is asked to quote, and what purchasing asked suppliers to quote: the newest first."""

from __future__ import annotations

from optima_kit.http.html import Answer, PageCall, Pages, Shown

from ..client import part

pages = Pages()


@pages.get("/quotations")
async def show_quotations(call: PageCall) -> Answer:
    return await _listed(call, "/v1/quotations", "quotations.html", "quotations")


@pages.get("/quotation-requests")
async def show_requests(call: PageCall) -> Answer:
    return await _listed(call, "/v1/quotation-requests", "quotation_requests.html", "requests")


async def _listed(call: PageCall, address: str, template: str, name: str) -> Answer:
    every = call.query.get("all") == "yes"
    found = await part(
        call.session.services.get(
            "brief",
            address,
            limit=50,
            open=None if every else "true",
            cursor=call.query.get("cursor"),
        )
    )
    return Shown(template, {name: found, "every": every})
