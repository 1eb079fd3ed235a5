"""What others did since the reader last looked is told, once, the oldest first."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from portal.adapters.client import GAP
from portal.adapters.visits import changes_since

READER = uuid4()
ANNA = {"id": str(uuid4()), "name": "Anna"}
LAST = datetime(2026, 11, 30, 9, tzinfo=UTC)


def at(hour: int) -> str:
    return f"2026-11-30T{hour:02}:00:00Z"


def entry(hour: int, kind: str, **facts: Any) -> dict[str, Any]:
    return {"at": at(hour), "kind": kind, "actor": ANNA, **facts}


def test_what_others_did_since_then_is_told() -> None:
    history = {
        "items": [
            entry(8, "part_decided", outcome="approve"),
            entry(10, "amended", fields=["quote_total", "something_new"]),
            entry(12, "part_decided", outcome="reject", reason="Troppo"),
            entry(12, "reminded"),
            {**entry(13, "decision_withdrawn"), "actor": {"id": str(READER)}},
        ]
    }
    asked = {"person": ANNA, "text": "Perché?", "written_at": at(7)}
    comments = {"items": [{**asked, "answer": "Perché sì", "answered_at": at(11), "answered_by": ANNA}]}
    remarks = {"items": [{"author": ANNA, "text": "Serve presto", "at": at(14)}]}
    changes = changes_since(LAST, READER, history, comments, remarks)
    assert [(each.what, each.outcome, each.text, each.fields) for each in changes] == [
        ("amended", "", "", ("quote_total",)),
        ("answered", "", "Perché sì", ()),
        ("part_decided", "reject", "Troppo", ()),
        ("commented", "", "Serve presto", ()),
    ]


def test_a_list_that_is_not_to_be_had_tells_nothing() -> None:
    assert changes_since(LAST, READER, GAP, None, {"items": []}) == []
