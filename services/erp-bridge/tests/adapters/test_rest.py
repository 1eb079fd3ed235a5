"""What ERPs say beside their answers: when to come again, and what time it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from erp_bridge.adapters.rest import LONGEST_WAIT, WAIT_UNLESS_TOLD, Answer, retry_after, told_at


@pytest.mark.parametrize(
    ("told", "waits"),
    [
        ("7", timedelta(seconds=7)),
        ("0", timedelta()),
        ("86401", LONGEST_WAIT),
        ("99999999999999999999", WAIT_UNLESS_TOLD),
        ("9" * 5000, WAIT_UNLESS_TOLD),
        ("-5", WAIT_UNLESS_TOLD),
        ("presto", WAIT_UNLESS_TOLD),
        ("", WAIT_UNLESS_TOLD),
        (None, WAIT_UNLESS_TOLD),
        ("Wed, 21 Oct 2015 07:28:00 GMT", timedelta()),
        ("Wed, 21 Oct 2015 07:28:00 -0000", timedelta()),
        ("Wed, 21 Oct 2999 07:28:00 GMT", LONGEST_WAIT),
        ("Wed, 99 Oct 2015 07:28:00 GMT", WAIT_UNLESS_TOLD),
    ],
)
def test_however_it_is_told_when_to_come_again_it_is_soon(told: str | None, waits: timedelta) -> None:
    assert retry_after(told) == waits


@pytest.mark.parametrize(
    ("date", "moment"),
    [
        ("Wed, 21 Oct 2015 07:28:00 GMT", datetime(2015, 10, 21, 7, 28, tzinfo=UTC)),
        ("Wed, 21 Oct 2015 07:28:00 -0000", datetime(2015, 10, 21, 7, 28, tzinfo=UTC)),
        ("yesterday", None),
        ("", None),
        ("Wed, 32 Oct 2015 07:28:00 GMT", None),
    ],
)
def test_a_time_that_cannot_be_read_is_none(date: str, moment: datetime | None) -> None:
    assert told_at(Answer(200, {"Date": date}, b"")) == moment
