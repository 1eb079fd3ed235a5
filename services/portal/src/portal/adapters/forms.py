"""What a person typed into a form: shown in it again where it was refused, and as the services take it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from .client import Refused

ROME = ZoneInfo("Europe/Rome")


@dataclass(frozen=True, slots=True)
class Sent:
    """The form that was refused, if any. A page may have several: only this one is shown as it was typed."""

    form: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    refused: Refused | None = None

    @property
    def status(self) -> int:
        return self.refused.status if self.refused else 200

    def typed(self, form: str, name: str, otherwise: str = "") -> str:
        """What was typed into a field, or what stands there without it."""
        return str(self.values.get(name, otherwise)) if form == self.form else otherwise


NOTHING_SENT = Sent()


def moment_typed(typed: str) -> str:
    """A local time as browsers send it, `2026-11-29T16:30`, with its zone. What is no time goes on as it was
    typed, so that the service's refusal shows it."""
    try:
        return datetime.fromisoformat(typed).replace(tzinfo=ROME).isoformat()
    except ValueError:
        return typed


def filled(**fields: str) -> dict[str, str]:
    """The fields that something was typed into."""
    return {name: value for name, value in fields.items() if value}


def day_begins(typed: str, *, later: int = 0) -> str:
    """When a day begins, or one so many days later: days are typed, the services take moments."""
    try:
        day = date.fromisoformat(typed) + timedelta(days=later)
    except ValueError:
        return typed
    return datetime.combine(day, time.min, ROME).isoformat()


def moment_in_field(moment: str) -> str:
    """A moment as a browser's field for local times holds it; nothing for none."""
    return f"{datetime.fromisoformat(moment).astimezone(ROME):%Y-%m-%dT%H:%M}" if moment else ""
