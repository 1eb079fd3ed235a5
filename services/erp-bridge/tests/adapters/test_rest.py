"""What ERPs say beside their answers: when to come again, and what time it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from erp_bridge.adapters.rest import LONGEST_WAIT, WAIT_UNLESS_TOLD, Answer, judged, retry_after, told_at
from erp_bridge.application.ports import Rejected


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


def test_of_a_secret_no_part_stays_however_long_the_complaint_is() -> None:
    secrets = ["chiave", "chiave-segreta"]
    long = Answer(400, {}, orjson.dumps({"message": "x" * 295 + " chiave-segreta"}))
    with pytest.raises(Rejected) as rejected:
        judged(long)
    rejected.value.hide(secrets)
    assert rejected.value.facts["text"] == "x" * 295 + " •••"
    short = Rejected("remote_refused", text="Wrong: chiave-segreta!")
    short.hide(secrets)
    assert short.facts["text"] == "Wrong: •••!"
    endless = Rejected("remote_refused", text="y" * 1000)
    endless.hide(secrets)
    assert len(endless.facts["text"]) == 300
