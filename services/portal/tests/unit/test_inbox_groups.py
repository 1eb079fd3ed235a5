"""What waits stands in groups, each in the order of the list."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from portal.adapters.inbox_groups import grouped
from portal.adapters.labels import LABELS

NOW = datetime(2026, 11, 30, 22, 30, tzinfo=UTC)
"""Half past eleven at night in Rome."""


def row(requester: str = "Anna", **facts: Any) -> dict[str, Any]:
    return {
        "requester": {"id": requester, "name": requester},
        "process_key": "p",
        "process_name": "P",
        **facts,
    }


@pytest.mark.parametrize(
    ("due_at", "group"),
    [
        ("2026-11-30T22:29:00Z", "overdue"),
        ("2026-11-30T22:45:00Z", "today"),
        ("2026-11-30T23:15:00Z", "soon"),  # tomorrow in Rome
        ("2026-12-07T10:00:00Z", "soon"),
        ("2026-12-08T10:00:00Z", "later"),
        (None, "not_due"),
    ],
)
def test_days_turn_in_rome(due_at: str | None, group: str) -> None:
    facts = {"due_at": due_at} if due_at else {}
    assert [each.key for each in grouped([row(**facts)], "due", NOW)] == [group]
    assert group in LABELS["inbox_due"]


@pytest.mark.parametrize(
    ("amount", "group"),
    [
        ("10000.01", "over_10000"),
        ("10000.00", "over_1000"),
        ("1000.00", "up_to_1000"),
        ("0.00", "up_to_1000"),
    ],
)
def test_an_amount_lies_in_one_group(amount: str, group: str) -> None:
    assert [each.key for each in grouped([row(amount=amount)], "amount", NOW)] == [group]
    assert group in LABELS["inbox_amount"]


def test_groups_stand_in_the_order_of_the_list_with_what_they_amount_to() -> None:
    rows = [row("Zoe", amount="10.50"), row("Anna"), row("Zoe", amount="0.25")]
    groups = grouped(rows, "requester", NOW)
    assert [(each.name, len(each.rows), each.amount) for each in groups] == [
        ("Zoe", 2, Decimal("10.75")),
        ("Anna", 1, None),
    ]
    assert len(grouped(rows, "none", NOW)) == 1
