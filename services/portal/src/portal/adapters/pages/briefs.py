"""The briefs that the reader may see."""

from __future__ import annotations

from optima_kit.http.html import Answer, PageCall, Pages, Shown

from ..client import part
from ..labels import LABELS

pages = Pages()


@pages.get("/briefs")
async def show_briefs(call: PageCall) -> Answer:
    query = {name: call.query.get(name) for name in ("text", "state", "cursor")}
    found = await part(call.session.services.get("brief", "/v1/briefs", limit=50, **query))
    return Shown(
        "briefs.html",
        {
            "briefs": found,
            "text": query["text"] or "",
            "chosen": query["state"] or "",
            "states": list(LABELS["brief"]),
            "may_draft": call.session.actor.may("brief.create"),
        },
    )
