"""What people type is shown again where it was refused, and only there."""

from __future__ import annotations

import pytest

from portal.adapters.forms import NOTHING_SENT, RefusedForm, filled, moment_typed


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("2026-11-29T16:30", "2026-11-29T16:30:00+01:00"),
        ("2026-07-01T08:00", "2026-07-01T08:00:00+02:00"),
        ("ieri", "ieri"),
        ("", ""),
    ],
)
def test_a_local_time_gets_its_zone(typed: str, sent: str) -> None:
    assert moment_typed(typed) == sent


def test_only_the_refused_form_shows_what_was_typed() -> None:
    sent = RefusedForm("rejection-1", {"reason": "storto"})
    assert sent.typed("rejection-1", "reason") == "storto"
    assert sent.typed("rejection-2", "reason") == ""
    assert sent.typed("rejection-1", "cost", "12") == "12"
    assert NOTHING_SENT.typed("rejection-1", "reason", "di prima") == "di prima"


def test_empty_fields_are_left_out() -> None:
    assert filled(series="", issue_date="2026-11-29") == {"issue_date": "2026-11-29"}
