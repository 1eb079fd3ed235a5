from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from identity.domain.throttling import (
    ANY_ACCOUNT,
    FROM_ANYWHERE,
    ONE_ACCOUNT,
    Failures,
    Throttle,
    neighbourhood,
    source_is_not_throttled,
)
from optima_kit.refusals import TooMany

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.mark.parametrize("throttle", [ONE_ACCOUNT, ANY_ACCOUNT, FROM_ANYWHERE])
def test_each_failure_waits_twice_as_long_up_to_the_longest(throttle: Throttle) -> None:
    waits = [throttle.wait_after(failed) for failed in range(10_000)]
    assert set(waits[: throttle.free]) == {timedelta(0)}
    for shorter, longer in zip(waits[throttle.free :], waits[throttle.free + 1 :], strict=False):
        assert longer == min(2 * shorter, throttle.longest)
    assert waits[-1] == throttle.longest < throttle.forgotten_after


def test_an_account_that_is_tried_from_anywhere_answers_within_seconds() -> None:
    """It must never be shut: whoever tries at it could keep its owner out."""
    assert FROM_ANYWHERE.wait_after(10**9) <= timedelta(seconds=4)


def test_a_wait_ends_at_its_moment_and_the_count_with_time() -> None:
    failures = Failures(ONE_ACCOUNT.free, NOW)
    assert failures.wait(ONE_ACCOUNT, NOW) == timedelta(seconds=1)
    assert not failures.wait(ONE_ACCOUNT, NOW + timedelta(seconds=1))
    assert failures.one_more(ONE_ACCOUNT, NOW).failed == ONE_ACCOUNT.free + 1
    assert failures.one_more(ONE_ACCOUNT, NOW + ONE_ACCOUNT.forgotten_after).failed == 1
    with pytest.raises(TooMany, match="attempts_too_many") as refused:
        source_is_not_throttled(timedelta(seconds=1.2))
    assert refused.value.facts["seconds"] == 2


def test_whoever_has_one_ipv6_address_has_its_neighbours() -> None:
    assert neighbourhood("2001:db8::1") == neighbourhood("2001:db8::ffff:1")
    assert neighbourhood("2001:db8::1") != neighbourhood("2001:db8:0:1::1")
    assert neighbourhood("192.0.2.1") != neighbourhood("192.0.2.2")
    assert neighbourhood("") == ""


def test_who_began_before_the_last_one_counted_does_not_wait() -> None:
    counted_later = Failures(1, NOW + timedelta(milliseconds=40))
    assert counted_later.wait(ANY_ACCOUNT, NOW) == timedelta(0)
