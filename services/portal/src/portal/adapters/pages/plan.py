"""The plan of production: when phases are to be worked on, as a chart and as a table."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from optima_kit.http.html import Answer, PageCall, Pages, TemplateAnswer

from ..charts import Span, spans
from ..client import part
from ..forms import ROME

pages = Pages()

_DAYS = 28


@pages.get("/production/plan")
async def show_plan(call: PageCall) -> Answer:
    first = _monday_of(call.query.get("from", ""))
    last = first + timedelta(days=_DAYS - 1)
    assignee_id = call.query.get("assignee_id")
    services = call.session.services
    phases = await part(
        services.get("production", "/v1/phases", since=first, until=last, assignee_id=assignee_id, limit=100)
    )
    context = {
        "phases": phases,
        "spans": _spans(phases["items"] if phases else [], first),
        "weeks": [first + timedelta(days=days) for days in range(0, _DAYS, 7)],
        "days": _DAYS,
        "today": (datetime.now(ROME).date() - first).days,
        "first": first,
        "last": last,
        "before": first - timedelta(days=_DAYS),
        "after": first + timedelta(days=_DAYS),
        "assignee_id": assignee_id or "",
    }
    return TemplateAnswer("plan.html", context)


def _spans(phases: list[dict[str, Any]], first: date) -> list[Span]:
    periods = [
        (date.fromisoformat(phase.get("planned_start", phase["due"])), date.fromisoformat(phase["due"]))
        for phase in phases
    ]
    return spans(periods, first, _DAYS)


def _monday_of(typed: str) -> date:
    """Return the Monday of the typed day's week, or of the present week if no day was typed."""
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        day = datetime.now(ROME).date()
    return day - timedelta(days=day.weekday())
