"""The company's working hours, in which due times of approvals are counted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ..client import Refused
from ..forms import NOTHING_SENT, ROME, RefusedForm
from ..labels import LABELS

pages = Pages()

_DAYS: Final = tuple(LABELS["weekday"])
_DATE: Final = "%d/%m/%Y"


@pages.get("/working-time")
async def show_working_time(call: PageCall) -> Answer:
    return await _page(call)


@pages.post("/working-time")
async def change(call: PageCall) -> Answer:
    body: dict[str, Any] = {
        "week": {day: spans_typed(call.text(day)) for day in _DAYS},
        "holidays": "italian" if call.text("holidays") == "yes" else "none",
        "closures": [day_typed(line) for line in call.text("closures").split()],
    }
    if call.text("time_zone"):
        body["time_zone"] = call.text("time_zone")
    try:
        await call.session.services.send(
            "approval", "PUT", "/v1/working-time", body, version=call.text("version")
        )
    except Refused as refused:
        return await _page(call, RefusedForm("time", call.form, refused))
    return SeeOther("/working-time?saved=yes")


def spans_typed(typed: str) -> list[list[str]]:
    """Read typed periods such as `9:00-13:00, 14:00-18:00`. Text that is not a time is passed on unchanged,
    so that the service's refusal shows it."""
    return [
        [_hour(edge) for edge in re.split(r"\s*[-–]\s*", span)]
        for span in re.split(r"[,;]", typed)
        if span.strip()
    ]


def spans_in_field(spans: Any) -> str:
    return ", ".join(f"{opens[:5]}–{closes[:5]}" for opens, closes in spans)


def day_typed(typed: str) -> str:
    """Read a typed day such as `24/12/2026`. Text that is not a day is passed on unchanged."""
    try:
        return datetime.strptime(typed.strip(","), _DATE).replace(tzinfo=ROME).date().isoformat()
    except ValueError:
        return typed


def _hour(typed: str) -> str:
    hour, _, minute = typed.strip().replace(".", ":").partition(":")
    return f"{hour:0>2}:{minute or '00'}" if hour.isdecimal() else typed.strip()


def _given(working_time: Mapping[str, Any]) -> dict[str, str]:
    return {
        **{day: spans_in_field(working_time["week"][day]) for day in _DAYS},
        "holidays": "yes" if working_time["holidays"] == "italian" else "",
        "closures": "\n".join(
            datetime.fromisoformat(day).strftime(_DATE) for day in working_time["closures"]
        ),
        "time_zone": working_time.get("time_zone") or "",
    }


async def _page(call: PageCall, sent: RefusedForm = NOTHING_SENT) -> Answer:
    found = await call.session.services.answered("approval", "/v1/working-time")
    given = _given(found.body["working_time"])
    context = {
        "given": {name: str(sent.values.get(name, "")) for name in given} if sent.refused else given,
        "days": _DAYS,
        "version": found.version or "",
        "saved": "saved" in call.query,
        "sent": sent,
    }
    return TemplateAnswer("working_time.html", context, sent.status)
