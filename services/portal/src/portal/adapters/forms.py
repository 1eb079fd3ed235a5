"""What a person typed into a form: shown again if it was refused, and converted for the services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from optima_kit.http.html import PageCall

from .client import Refused

ROME = ZoneInfo("Europe/Rome")


@dataclass(frozen=True, slots=True)
class RefusedForm:
    """The form that was refused, if any. A page may have several forms; only this one is shown as it was
    typed."""

    form: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    refused: Refused | None = None

    @property
    def status(self) -> int:
        return self.refused.status if self.refused else 200

    def typed(self, form: str, name: str, otherwise: str = "") -> str:
        """Return what was typed into a field, or `otherwise` if this form was not sent."""
        return str(self.values.get(name, otherwise)) if form == self.form else otherwise


NOTHING_SENT = RefusedForm()


def moment_typed(typed: str) -> str:
    """Return a local time that a browser sent, such as `2026-11-29T16:30`, with its time zone. Text that is
    not a time is passed on unchanged, so that the service's refusal shows it."""
    try:
        return datetime.fromisoformat(typed).replace(tzinfo=ROME).isoformat()
    except ValueError:
        return typed


def filled(**fields: str) -> dict[str, str]:
    """Return the fields into which something was typed."""
    return {name: value for name, value in fields.items() if value}


def day_begins(typed: str, *, later: int = 0) -> str:
    """Return the moment at which a typed day begins, or the day `later` days after it, because services
    expect moments."""
    try:
        day = date.fromisoformat(typed) + timedelta(days=later)
    except ValueError:
        return typed
    return datetime.combine(day, time.min, ROME).isoformat()


def today(call: PageCall) -> date:
    """Return the date on which the reader asks. All readers are in Italy."""
    return call.now.astimezone(ROME).date()


def moment_in_field(moment: str) -> str:
    """Return a moment as a browser's field for local times holds it; empty if there is none."""
    return f"{datetime.fromisoformat(moment).astimezone(ROME):%Y-%m-%dT%H:%M}" if moment else ""
