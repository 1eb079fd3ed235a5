"""Requests for quotes, newest first: those to the reader, and those from purchasing to suppliers."""

from __future__ import annotations

from optima_kit.http.html import Answer, PageCall, Pages, TemplateAnswer

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
    return TemplateAnswer(template, {name: found, "every": every})
