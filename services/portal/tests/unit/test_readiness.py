"""What is set up is told from what is missing, and from what nobody could be asked about."""

from __future__ import annotations

from typing import Any

import pytest

from portal.adapters.client import GAP
from portal.adapters.navigation import REACHED
from portal.adapters.readiness import LINES, standing_of

LINE = {line.path: line for line in LINES}
LEGAL = dict.fromkeys(("name", "street", "postal_code", "city", "country"), "…")


@pytest.mark.parametrize(
    ("path", "answer", "state"),
    [
        ("/v1/tenant", {"legal": LEGAL}, "missing"),
        ("/v1/tenant", {"legal": {**LEGAL, "vat_number": "IT01234567897"}}, "done"),
        ("/v1/people", {"items": [{"active": True}, {"active": False}]}, "missing"),
        ("/v1/people", {"items": [{"active": True}] * 2}, "done"),
        ("/v1/roles", {"items": [{"built_in": True}]}, "optional"),
        ("/v1/processes", {"items": [{"subject": "brief"}]}, "missing"),
        ("/v1/processes", {"items": [{"subject": "proof", "published": 1}]}, "missing"),
        ("/v1/processes", {"items": [{"subject": "brief", "published": 1}]}, "done"),
        ("/v1/document-types", {"items": [{"series": "A"}, {}]}, "done"),
        ("/v1/working-time", {"version": "0"}, "optional"),
        ("/v1/working-time", {"version": "1"}, "done"),
        ("/v1/sign-in-provider", None, "optional"),
        ("/v1/warehouses", GAP, "away"),
    ],
)
def test_a_line_says_how_it_stands(path: str, answer: Any, state: str) -> None:
    assert standing_of(LINE[path], answer).state == state


def test_more_than_one_answer_holds_is_said() -> None:
    standing = standing_of(LINE["/v1/units"], {"items": [{}] * 200, "next_cursor": "x"})
    assert (standing.number, standing.more) == (200, True)


def test_who_is_shown_a_line_is_led_to_its_page() -> None:
    assert {line.reached for line in LINES} <= REACHED.keys()
