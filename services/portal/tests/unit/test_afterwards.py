"""What a process does after a decision comes out of its form as it went in."""

from __future__ import annotations

from typing import Any

import pytest

from portal.adapters.afterwards import notice_rows, notices_of, set_rows, sets_of, unfinished_rows, whole
from portal.adapters.pages.process_steps import _approver, _asked, _plainly

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
    notices = notice_rows(NODE, _plainly, language, empty=2)
    assert notices_of(notices, _approver, language) == NODE["notices"]


def test_numbers_are_read_in_the_readers_language() -> None:
    rows = [("approved", "costo", "1.250,50"), ("approved", "corsia", ""), ("approved", "ignoto", "x")]
    assert sets_of(rows, KINDS, "it") == {"approved": {"costo": "1250.50"}}
    row = ("approved", "role:admin", "2,5", "Ordinare")
    assert notices_of([row], lambda _: {"role": "admin"}, "it")[0]["after"] == "2.5"


def test_a_row_that_names_nobody_who_is_there_is_none() -> None:
    nobody = ("", "whole:", "whole:{", "whole:{}", "whole:[]", "whole:[1]", "whole:7")
    rows = [("approved", whom, "", "x") for whom in nobody]
    assert notices_of(rows, _approver, "it") == []


def test_a_row_that_lacks_a_part_is_shown_again_by_a_refused_form() -> None:
    told = [("approved", "role:admin", "", "Si"), ("approved", "", "8", "A chi?"), ("approved", "", "", "")]
    assert unfinished_rows(told, needed=(1, 3)) == [told[1]]
    assert unfinished_rows([("approved", whole([{"manager": {}}]), "", "")], needed=(1, 3)) == []
    set_ = [("approved", "esito", ""), ("rejected", "", "no")]
    assert unfinished_rows(set_, needed=(1, 2)) == set_


@pytest.mark.parametrize("approver", [{"manager": {}}, {"role": "direttore"}, {"field": "content.referente"}])
def test_an_approver_stays_the_same_whatever_the_stored_step_has(approver: dict[str, Any]) -> None:
    """A refused form is filled from what was typed, and sent again while something else is stored."""
    (value, shown), *_ = _asked({"approvers": [approver]})
    assert _approver(value) == shown == approver
