"""Figures of the warehouse: deliveries on time and in full, days in transit, and stock turnover."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from optima_kit.http.html import Answer, PageCall, Pages, TemplateAnswer
from optima_kit.written import written_month

from ..charts import Bar, bars
from ..client import with_parts
from ..written import written_number

pages = Pages()

_GROUPS: Final = ("month", "carrier", "destination", "document_type")


@pages.get("/shipments-figures")
async def show_figures(call: PageCall) -> Answer:
    typed = call.query.get("by", "")
    by = typed if typed in _GROUPS else _GROUPS[0]
    period = {name: call.query.get(name) or None for name in ("since", "until")}
    get = call.session.services.get
    deliveries, stock = await with_parts(
        get("logistics", "/v1/figures/deliveries", by=by, **period),
        get("logistics", "/v1/figures/stock", **period),
    )
    rows = [{**row, "name": _name(row["group"], call.language)} for row in deliveries["rows"]]
    context = {
        "by": by,
        "groups": _GROUPS,
        "since": deliveries["since"],
        "until": deliveries["until"],
        "deliveries": rows,
        "bars": _bars(rows, call.language),
        "stock": stock["rows"] if stock else stock,
    }
    return TemplateAnswer("warehouse_figures.html", context)


def _name(group: Mapping[str, Any], language: str) -> str | None:
    """Return a group's name, or None if it has none; the page has a text for that."""
    if "month" in group:
        return written_month(date.fromisoformat(f"{group['month']}-01"), language)
    for entry in group.values():
        return str(entry.get("name") or entry["code"])
    return None


def _bars(rows: list[dict[str, Any]], language: str) -> list[Bar]:
    measured = [
        (
            row["name"] or "–",
            Decimal(row["on_time_in_full_percent"]),
            f"{written_number(Decimal(row['on_time_in_full_percent']), language)}%",
        )
        for row in rows
        if "on_time_in_full_percent" in row
    ]
    return bars(measured, Decimal(100))
