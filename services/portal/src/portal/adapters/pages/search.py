"""Everything that the reader may see and that a few words find, asked of every service's own list at once."""

from __future__ import annotations

import asyncio
from typing import Final

from optima_kit.http.html import Answer, PageCall, Pages, Shown

from ..client import part

pages = Pages()

_SHOWN: Final = 5
"""Of each kind; its list shows the others."""


@pages.get("/search")
async def search(call: PageCall) -> Answer:
    text = call.query.get("text", "").strip()[:100]
    if not text:
        return Shown("search.html", {"text": "", "found": {}})
    services = call.session.services
    lists = {
        "briefs": services.get("brief", "/v1/briefs", limit=_SHOWN, text=text),
        "approvals": services.get("approval", "/v1/approvals", limit=_SHOWN, text=text),
        "orders": services.get("production", "/v1/orders", limit=_SHOWN, number=text[:20]),
        "shipments": services.get("logistics", "/v1/shipments", limit=_SHOWN, text=text[:100]),
        "people": services.get("identity", "/v1/people", limit=_SHOWN, text=text),
    }
    found = await asyncio.gather(*(part(each) for each in lists.values()))
    return Shown("search.html", {"text": text, "found": dict(zip(lists, found, strict=True))})
