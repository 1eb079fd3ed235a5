"""Spending by supplier, unit, category, kind of item or month, also as a table to download."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from optima_kit.http.html import Answer, PageCall, Pages, RawAnswer, TemplateAnswer
from optima_kit.written import written_month

from ..charts import bars
from ..client import with_parts
from ..forms import filled
from ..written import written_amount

pages = Pages()

_GROUPS: Final = ("supplier", "unit", "category", "kind", "month")
_PERIOD: Final = ("since", "until")


@pages.get("/spend")
async def show_spend(call: PageCall) -> Answer:
    typed = call.query.get("by", "")
    by = typed if typed in _GROUPS else _GROUPS[0]
    period = {name: call.query.get(name) or None for name in _PERIOD}
    get = call.session.services.get
    spend, kinds = await with_parts(
        get("brief", "/v1/figures/spend", by=by, **period),
        call.session.services.every("production", "/v1/kinds"),
    )
    named = {each["key"]: each["name"] for each in (kinds["items"] if kinds else [])}
    rows = [{**row, "name": _name(row["group"], named, call.language)} for row in spend["rows"]]
    context = {
        "by": by,
        "groups": _GROUPS,
        "since": spend["since"],
        "until": spend["until"],
        "rows": rows,
        "total": _sum(rows, "amount"),
        "saved_on_first_quotes": _sum(rows, "saved_on_first_quotes"),
        "saved_on_budget": _sum(rows, "saved_on_budget"),
        "bars": bars([(row["name"] or "–", Decimal(row["amount"]), _euro(call, row)) for row in rows[:20]]),
        "table": urlencode({"since": spend["since"], "until": spend["until"]}),
    }
    return TemplateAnswer("spend.html", context)


@pages.get("/spend.csv")
async def export_spend(call: PageCall) -> Answer:
    typed = filled(**{name: call.query.get(name, "").strip() for name in _PERIOD})
    file = await call.session.services.file("brief", f"/v1/figures/spend.csv?{urlencode(typed)}")
    return RawAnswer(file.body, file.media_type, file.disposition)


def _sum(rows: Sequence[Mapping[str, Any]], figure: str) -> Decimal | None:
    """Return the sum of a figure over the rows, or None if no row has it."""
    found = [Decimal(row[figure]) for row in rows if figure in row]
    return sum(found, Decimal(0)) if found else None


def _name(group: Mapping[str, Any], kinds: Mapping[str, str], language: str) -> str | None:
    """Return a group's name, or None if it has none; the page has a text for that."""
    if "month" in group:
        return written_month(date.fromisoformat(f"{group['month']}-01"), language)
    if "kind" in group:
        return kinds.get(group["kind"], str(group["kind"]))
    if "category" in group:
        return str(group["category"]) or None
    for entry in group.values():
        return str(entry["name"]) if "name" in entry else None
    return None


def _euro(call: PageCall, row: Mapping[str, Any]) -> str:
    return written_amount(Decimal(row["amount"]), call.language)
