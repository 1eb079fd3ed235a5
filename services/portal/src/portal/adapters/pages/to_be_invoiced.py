"""Deliveries to be invoiced: to which customers, under which DDTs, and by when (TD24)."""

from __future__ import annotations

from urllib.parse import urlencode

from optima_kit.http.html import Answer, PageCall, Pages, RawAnswer, TemplateAnswer

from ..client import part, with_parts
from ..forms import filled, today

pages = Pages()

_FILTERS = ("issued_from", "issued_to", "customer")


@pages.get("/to-be-invoiced")
async def show_to_be_invoiced(call: PageCall) -> Answer:
    typed = filled(**{name: call.query.get(name, "").strip() for name in _FILTERS})
    get = call.session.services.get
    documents, customers = await with_parts(
        get("logistics", "/v1/ddts/to-be-invoiced", limit=50, cursor=call.query.get("cursor"), **typed),
        part(get("logistics", "/v1/ddts/to-be-invoiced/customers", **typed)),
    )
    until = today(call).isoformat()
    context = {
        "documents": documents,
        "customers": customers,
        "typed": typed,
        "today": until,
        "table": _table(typed, until, customers["customers"] if customers else []),
    }
    return TemplateAnswer("to_be_invoiced.html", context)


@pages.get("/to-be-invoiced.csv")
async def export_to_be_invoiced(call: PageCall) -> Answer:
    typed = filled(**{name: call.query.get(name, "").strip() for name in _FILTERS})
    path = f"/v1/ddts/to-be-invoiced.csv?{urlencode(typed)}"
    file = await call.session.services.file("logistics", path)
    return RawAnswer(file.body, file.media_type, file.disposition)


def _table(typed: dict[str, str], until: str, customers: list[dict[str, str]]) -> str | None:
    """Return the query that exports everything found, or None if nothing was found. The first customer has
    the oldest document."""
    if not customers:
        return None
    return urlencode({"issued_from": customers[0]["oldest"], "issued_to": until, **typed})
