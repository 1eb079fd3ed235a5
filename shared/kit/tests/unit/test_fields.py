"""What a client may write in a field."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from optima_kit.http import Amount, Command, Day, Flag, Moment, Query


class Sent(Command):
    day: Day | None = None
    moment: Moment | None = None
    flag: Flag = False
    amount: Amount | None = None


class Asked(Query):
    day: Day | None = None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("day", "2026-01-31"),
        ("moment", "2026-01-31T09:00:00+01:00"),
        ("flag", True),
        ("amount", "1250.00"),
        ("amount", 1250),
    ],
)
def test_what_is_declared_is_taken(field: str, value: Any) -> None:
    Sent.model_validate({field: value})


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("day", 0, "date_type"),  # not the first of January 1970
        ("day", "0", "date_type"),
        ("day", "1700000000", "date_type"),
        ("day", "", "date_from_datetime_parsing"),
        ("moment", 1700000000.5, "date_type"),
        ("moment", "1700000000.5", "date_type"),
        ("flag", 0, "bool_type"),
        ("flag", "true", "bool_type"),
        ("amount", 0.1, "decimal_text"),
        ("amount", True, "decimal_text"),
        ("amount", "2.500", "decimal_max_places"),  # not two and a half
        ("amount", "0.001", "decimal_max_places"),
    ],
)
def test_what_only_resembles_it_is_refused(field: str, value: Any, code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Sent.model_validate({field: value})
    assert [(error["loc"], error["type"]) for error in refused.value.errors()] == [((field,), code)]


def test_a_query_takes_no_number_for_a_date() -> None:
    with pytest.raises(ValidationError):
        Asked.model_validate({"day": "0"})
