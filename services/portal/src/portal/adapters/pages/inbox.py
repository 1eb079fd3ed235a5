"""What waits for the reader to decide."""

from __future__ import annotations

from optima_kit.http.html import Answer, PageCall, Pages, Shown

from ..client import part

pages = Pages()


@pages.get("/inbox")
async def show_inbox(call: PageCall) -> Answer:
    query = {name: call.query.get(name) for name in ("text", "cursor")}
    inbox = await part(call.session.services.get("approval", "/v1/inbox", limit=50, **query))
    return Shown("inbox.html", {"inbox": inbox, "text": call.query.get("text", "")})
