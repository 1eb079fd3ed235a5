"""Throttles for wrong passwords and codes. They make guessing hopeless, and nobody can lock others out.

A throttle makes a source wait: an address that tries one account, an address that tries many accounts, or a
device. An attack on one account from many addresses makes the account answer slowly to unknown devices but
never locks it; a device on which its owner has signed in before has a count of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from optima_kit.refusals import TooMany

FIRST_WAIT = timedelta(seconds=1)
"""The wait after the first failure that is not free. It doubles with each further failure."""


@dataclass(frozen=True, slots=True)
class Throttle:
    free: int
    """How many failures are free, which means that they cause no wait."""
    longest: timedelta
    forgotten_after: timedelta
    """After this time without a further failure all failures are forgotten."""

    def wait_after(self, failed: int) -> timedelta:
        beyond = failed - self.free
        # The exponent is bounded, because a timedelta cannot hold 2**1000 seconds.
        return min(FIRST_WAIT * 2 ** min(beyond, 20), self.longest) if beyond >= 0 else timedelta(0)


ONE_ACCOUNT = Throttle(free=5, longest=timedelta(minutes=15), forgotten_after=timedelta(days=1))
"""For attempts at one account from one address, on one device, or in one session."""
ANY_ACCOUNT = Throttle(free=50, longest=timedelta(minutes=15), forgotten_after=timedelta(hours=1))
"""For attempts at any account from one address. It is lenient, because some people of an office that shares
an address mistype; their known devices are counted separately."""
FROM_ANYWHERE = Throttle(free=20, longest=timedelta(seconds=4), forgotten_after=timedelta(hours=1))
"""For attempts at one account from any address on unknown devices. It delays the answer but refuses
nobody."""


@dataclass(frozen=True, slots=True)
class Failures:
    failed: int
    last_at: datetime

    def one_more(self, throttle: Throttle, now: datetime) -> Failures:
        return Failures(self._counted(throttle, now) + 1, now)

    def one_less(self) -> Failures:
        return Failures(max(self.failed - 1, 0), self.last_at)

    def _counted(self, throttle: Throttle, now: datetime) -> int:
        return 0 if now - self.last_at >= throttle.forgotten_after else self.failed

    def wait(self, throttle: Throttle, now: datetime) -> timedelta:
        """Return how long the source still has to wait."""
        pause = throttle.wait_after(self._counted(throttle, now))
        # If two attempts run at once, the one counted second may have begun first, so that `last_at` lies
        # after `now`. If there is no pause, this must not cause a wait.
        return max(self.last_at + pause - now, timedelta(0)) if pause else timedelta(0)


def source_is_not_throttled(wait: timedelta) -> None:
    """Raise TooMany if the source has to wait. This reveals nothing about the account, because an e-mail
    address that belongs to nobody has the same throttles."""
    if wait:
        raise TooMany("attempts_too_many", seconds=-(-wait // timedelta(seconds=1)))


def neighbourhood(address: str) -> str:
    """Return the address under which failures are counted: for IPv6 the /64 network, because its owner has
    2^64 addresses."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((parsed, 64), strict=False)) if isinstance(parsed, IPv6Address) else address
