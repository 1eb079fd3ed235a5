"""What a process does after a decision comes out of its form as it went in."""

from __future__ import annotations

from typing import Any

import pytest

from portal.adapters.afterwards import notice_rows, notices_of, set_rows, sets_of, unfinished_rows
from portal.adapters.pages.process_steps import _approver, _plainly

KINDS = {"corsia": "text", "costo": "money", "giri": "whole", "urgente": "flag"}
NODE: dict[str, Any] = {
    "approvers": [{"role": "purchasing"}],
    "sets": {
        "approved": {"corsia": "A.1", "costo": "12.50", "giri": 3, "urgente": True},
        "rejected": {"urgente": False},
    },
    "notices": [
        {"on": "approved", "to": [{"role": "admin"}], "text": "Ordinare", "after": "8.5"},
        {"on": "rejected", "to": [{"role": "admin"}, {"field": "requester"}], "text": "Peccato"},
    ],
}


@pytest.mark.parametrize("language", ["it", "en"])
def test_what_is_shown_comes_back_as_it_was(language: str) -> None:
    sets = set_rows(NODE, KINDS, language, empty=2)
    assert sets_of(sets, KINDS, language) == NODE["sets"]
    notices = notice_rows(NODE, _plainly, empty=2)
    assert notices_of(notices, NODE, lambda whom: _approver(whom, NODE), language) == NODE["notices"]


def test_numbers_are_read_in_the_readers_language() -> None:
    rows = [("approved", "costo", "1.250,50"), ("approved", "corsia", ""), ("approved", "ignoto", "x")]
    assert sets_of(rows, KINDS, "it") == {"approved": {"costo": "1250.50"}}
    row = ("approved", "role:admin", "2,5", "Ordinare")
    assert notices_of([row], {}, lambda _: {"role": "admin"}, "it")[0]["after"] == "2.5"


def test_a_row_that_names_nobody_who_is_there_is_none() -> None:
    rows = [("approved", "keep:7", "", "x"), ("approved", "keep:x", "", "x"), ("approved", "", "", "x")]
    assert notices_of(rows, NODE, lambda _: None, "it") == []


def test_a_row_that_lacks_a_part_is_shown_again_by_a_refused_form() -> None:
    told = [("approved", "role:admin", "", "Si"), ("approved", "", "8", "A chi?"), ("approved", "", "", "")]
    assert unfinished_rows(told, needed=(1, 3)) == [told[1]]
    assert unfinished_rows([("approved", "keep:0", "", "")], needed=(1, 3)) == []
    set_ = [("approved", "esito", ""), ("rejected", "", "no")]
    assert unfinished_rows(set_, needed=(1, 2)) == set_
