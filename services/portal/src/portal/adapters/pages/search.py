"""Search for a few words in all services' lists at once. Each list contains only what the reader may see."""

from __future__ import annotations

import asyncio
from typing import Final

from optima_kit.http.html import Answer, PageCall, Pages, TemplateAnswer

from ..client import part
from ..navigation import leads_to

pages = Pages()

_SHOWN: Final = 5
"""How many results of each kind are shown; the kind's own list shows the others."""


@pages.get("/search")
async def search(call: PageCall) -> Answer:
    text = call.query.get("text", "").strip()[:100]
    if not text:
        return TemplateAnswer("search.html", {"text": "", "found": {}})
    services, actor = call.session.services, call.session.actor
    lists = {
        "briefs": ("/briefs", "brief", "/v1/briefs", {"text": text}),
        "approvals": (None, "approval", "/v1/approvals", {"text": text}),
        "orders": ("/orders", "production", "/v1/orders", {"text": text}),
        "shipments": ("/shipments", "logistics", "/v1/shipments", {"text": text}),
        "articles": ("/articles", "logistics", "/v1/articles", {"text": text}),
        "people": ("/people", "identity", "/v1/people", {"text": text}),
    }
    # Lists that would refuse the reader are not requested.
    asked = {
        name: part(services.get(service, path, limit=_SHOWN, **query))
        for name, (reached, service, path, query) in lists.items()
        if reached is None or leads_to(actor, reached)
    }
    found = dict.fromkeys(lists) | dict(zip(asked, await asyncio.gather(*asked.values()), strict=True))
    return TemplateAnswer("search.html", {"text": text, "found": found})
