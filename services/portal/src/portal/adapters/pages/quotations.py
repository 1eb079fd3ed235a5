"""What the reader is asked to quote, the newest first."""

from __future__ import annotations

from optima_kit.http.html import Answer, PageCall, Pages, Shown

from ..client import part

pages = Pages()


@pages.get("/quotations")
async def show_quotations(call: PageCall) -> Answer:
    every = call.query.get("all") == "yes"
    found = await part(
        call.session.services.get(
            "brief",
            "/v1/quotations",
            limit=50,
            open=None if every else "true",
            cursor=call.query.get("cursor"),
        )
    )
    return Shown("quotations.html", {"quotations": found, "every": every})
