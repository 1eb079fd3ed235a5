"""Figures of production: how long work takes, punctuality, accepted work, margins, and the work ahead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from optima_kit.http.html import Answer, PageCall, Pages, TemplateAnswer
from optima_kit.written import written_day, written_month

from ..charts import Bar, bars
from ..client import with_parts
from ..written import written_number

pages = Pages()

_GROUPS: Final = {
    "work": ("phase", "kind", "assignee", "month"),
    "orders": ("kind", "customer", "month"),
    "load": ("week", "assignee", "kind"),
}


@pages.get("/production/figures")
async def show_figures(call: PageCall) -> Answer:
    chosen = {name: _chosen(call, name) for name in _GROUPS}
    period = {name: call.query.get(name) or None for name in ("since", "until")}
    get, every = call.session.services.get, call.session.services.every
    work, orders, load, kinds, customers = await with_parts(
        get("production", "/v1/figures/work", by=chosen["work"], **period),
        get("production", "/v1/figures/orders", by=chosen["orders"], **period),
        get("production", "/v1/figures/load", by=chosen["load"]),
        every("production", "/v1/kinds"),
        every("production", "/v1/customers"),
    )
    names = _Names(call.language, _by_key(kinds, "key"), _by_key(customers, "code"))
    context = {
        "chosen": chosen,
        "groups": _GROUPS,
        "since": work["since"],
        "until": work["until"],
        "work": _named(work, names),
        "orders": _named(orders, names),
        "load": _named(load, names),
        "work_bars": _bars(work, names, _on_time, most=Decimal(100)),
        "order_bars": _bars(orders, names, _days),
        "load_bars": _bars(load, names, lambda row: (Decimal(row["phases"]), str(row["phases"]))),
    }
    return TemplateAnswer("figures.html", context)


def _chosen(call: PageCall, name: str) -> str:
    typed = call.query.get(name, "")
    return typed if typed in _GROUPS[name] else _GROUPS[name][0]


class _Names:
    """Finds the names of groups of figures."""

    def __init__(self, language: str, kinds: Mapping[str, str], customers: Mapping[str, str]) -> None:
        self.language = language
        self._kinds = kinds
        self._customers = customers

    def of(self, group: Mapping[str, Any]) -> str | None:
        """Return the group's name, or None if it has none or nobody is assigned; the page has a text for
        that."""
        if "week" in group:
            return written_day(date.fromisoformat(group["week"]), self.language)
        if "month" in group:
            return written_month(date.fromisoformat(f"{group['month']}-01"), self.language)
        if "assignee" in group:
            return str(group["assignee"]["name"]) if "name" in group["assignee"] else None
        if "customer" in group:
            return self._customers.get(group["customer"], str(group["customer"]))
        if "kind" in group:
            kind = self._kinds.get(group["kind"], str(group["kind"]))
            return f"{group['phase']}, {kind}" if "phase" in group else kind
        return None

    def number(self, value: str) -> str:
        return written_number(Decimal(value), self.language)


def _by_key(found: Any, key: str) -> Mapping[str, str]:
    return {each[key]: each["name"] for each in (found["items"] if found else [])}


def _named(figures: Any, names: _Names) -> Any:
    """Return the rows of figures with names. Missing figures are returned unchanged."""
    if not figures:
        return figures
    return [{**row, "name": names.of(row["group"])} for row in figures["rows"]]


def _bars(
    figures: Any,
    names: _Names,
    measure: Callable[[Mapping[str, Any]], tuple[Decimal, str] | None],
    most: Decimal | None = None,
) -> list[Bar]:
    rows: list[tuple[str, Decimal, str]] = []
    for row in figures["rows"] if figures else []:
        if (measured := measure(row)) is not None:
            value, written = measured
            rows.append((names.of(row["group"]) or "–", value, names.number(written)))
    if most is not None:
        rows = [(name, value, f"{written}%") for name, value, written in rows]
    return bars(rows, most)


def _on_time(row: Mapping[str, Any]) -> tuple[Decimal, str] | None:
    return _number(row.get("on_time_percent"))


def _days(row: Mapping[str, Any]) -> tuple[Decimal, str] | None:
    return _number(row.get("days"))


def _number(value: str | None) -> tuple[Decimal, str] | None:
    return None if value is None else (Decimal(value), value)
