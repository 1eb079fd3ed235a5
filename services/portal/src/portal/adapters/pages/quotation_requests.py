"""What purchasing asked suppliers to quote, the newest first."""

from __future__ import annotations

from optima_kit.http.html import Answer, PageCall, Pages, Shown

from ..client import part

pages = Pages()


@pages.get("/quotation-requests")
async def show_requests(call: PageCall) -> Answer:
    every = call.query.get("all") == "yes"
    found = await part(
        call.session.services.get(
            "brief",
            "/v1/quotation-requests",
            limit=50,
            open=None if every else "true",
            cursor=call.query.get("cursor"),
        )
    )
    return Shown("quotation_requests.html", {"requests": found, "every": every})
