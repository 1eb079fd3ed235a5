"""Group the decisions that wait for a person by due date, requester, process or amount."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from .forms import ROME

GROUPINGS: Final = ("due", "requester", "process", "amount", "none")
ORDER: Final = {"due": "due", "amount": "amount"}
"""The sort order of the list for each grouping, so that a group does not continue later in the list."""

_BANDS: Final = (("over_10000", Decimal(10_000)), ("over_1000", Decimal(1_000)), ("up_to_1000", Decimal(-1)))
_SOON: Final = timedelta(days=7)


@dataclass(slots=True)
class Group:
    key: str
    name: str = ""
    """The name of the person or process; groups of days and amounts are named by their key."""
    rows: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def amount(self) -> Decimal | None:
        """The sum of the known amounts in euro, or None if no amount is known."""
        known = [Decimal(row["amount"]) for row in self.rows if "amount" in row]
        return sum(known, Decimal(0)) if known else None


def grouped(rows: Sequence[Mapping[str, Any]], by: str, now: datetime) -> list[Group]:
    """Return the groups in the order in which they first occur in the rows."""
    groups: dict[str, Group] = {}
    for row in rows:
        key, name = _group_of(row, by, now)
        groups.setdefault(key, Group(key, name)).rows.append(row)
    return list(groups.values())


def _group_of(row: Mapping[str, Any], by: str, now: datetime) -> tuple[str, str]:
    match by:
        case "due":
            return _when_due(row.get("due_at"), now), ""
        case "requester":
            return row["requester"]["id"], row["requester"].get("name", "")
        case "process":
            return row["process_key"], row["process_name"]
        case "amount":
            return _band(row.get("amount")), ""
    return "", ""


def _when_due(due_at: str | None, now: datetime) -> str:
    if due_at is None:
        return "not_due"
    due = datetime.fromisoformat(due_at)
    if due < now:
        return "overdue"
    days = due.astimezone(ROME).date() - now.astimezone(ROME).date()
    return "today" if not days else "soon" if days <= _SOON else "later"


def _band(amount: str | None) -> str:
    if amount is None:
        return "unknown"
    return next(band for band, above in _BANDS if Decimal(amount) > above)
