"""Goods that are expected back from customers and suppliers: by when, and which are overdue."""

from __future__ import annotations

from optima_kit.http.html import Answer, PageCall, Pages, TemplateAnswer

from ..client import part
from ..forms import today

pages = Pages()


@pages.get("/expected-returns")
async def show_expected_returns(call: PageCall) -> Answer:
    cursor = call.query.get("cursor")
    context = {
        "shipments": await part(
            call.session.services.get("logistics", "/v1/expected-returns", limit=50, cursor=cursor)
        ),
        "today": today(call).isoformat(),
    }
    return TemplateAnswer("expected_returns.html", context)
