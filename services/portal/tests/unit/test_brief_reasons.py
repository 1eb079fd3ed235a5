"""A code of approval's is told in words; a person's words stay as they are."""

from __future__ import annotations

import pytest

from portal.adapters.brief_reasons import reason_code


@pytest.mark.parametrize(
    ("cause", "reason", "code"),
    [
        ("approval_not_opened", "no_process:materiali-pop", "no_process"),
        ("approval_not_opened", "choice_without_case:importo", "choice_without_case"),
        ("recalled", "recalled", "recalled"),
        ("rejected", "overdue:direzione", "overdue"),
        ("recalled", "Abbiamo cambiato idea", None),
        ("rejected", "votes: too few of them", None),
        ("cancelled_by_requester", "recalled", None),
        ("approval_not_opened", "something_new:x", None),
    ],
)
def test_codes_are_known_from_words(cause: str, reason: str, code: str | None) -> None:
    assert reason_code(cause, reason) == code
