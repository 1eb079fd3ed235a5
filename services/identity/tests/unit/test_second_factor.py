from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from identity.domain.second_factor import code_at, step_of, step_that_shows

SECRET = b"12345678901234567890"
NOW = datetime(2026, 11, 24, 9, 0, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (20000000000, "353130")],
)
def test_codes_are_those_of_rfc_6238(moment: int, code: str) -> None:
    """Appendix B of the RFC, of whose eight digits we use the last six."""
    assert code_at(SECRET, moment // 30) == code


def test_a_telephone_may_be_half_a_minute_off() -> None:
    step = step_of(NOW)
    for distance, good in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        code = code_at(SECRET, step + distance)
        assert (step_that_shows(code, SECRET, NOW, after=0) is not None) == good


def test_neither_a_used_code_nor_an_older_one_works() -> None:
    step = step_of(NOW)
    for used, good in ((step - 1, True), (step, False), (step + 1, False)):
        assert (step_that_shows(code_at(SECRET, step), SECRET, NOW, after=used) is not None) == good
    later = NOW + timedelta(seconds=30)
    assert step_that_shows(code_at(SECRET, step + 1), SECRET, later, after=step) == step + 1


@pytest.mark.parametrize(
    "code", ["", "28708", "2870820", "abcdef", "\u0662\u0668\u0667\u0660\u0668\u0662", "\ud800"]
)
def test_what_is_no_code_shows_nothing(code: str) -> None:
    assert step_that_shows(code, SECRET, datetime.fromtimestamp(59, UTC), after=0) is None
