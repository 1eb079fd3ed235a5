"""How wrong passwords and codes are slowed down: guessing is hopeless, and nobody is shut out by others.

What is refused is a source: an address that tries one account, an address that tries many, a device. Whoever
guesses at an account from many addresses makes it answer slowly to strangers, and never locks it; the device
at which its owner has signed in before has a count of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from optima_kit.refusals import TooMany

FIRST_WAIT = timedelta(seconds=1)
"""Doubling with each further failure."""


@dataclass(frozen=True, slots=True)
class Brake:
    free: int
    """Failures that cost nothing."""
    longest: timedelta
    forgotten_after: timedelta
    """Without a further failure."""

    def wait_after(self, failed: int) -> timedelta:
        beyond = failed - self.free
        # The exponent is bounded, since 2**1000 seconds is no timedelta.
        return min(FIRST_WAIT * 2 ** min(beyond, 20), self.longest) if beyond >= 0 else timedelta(0)


ONE_ACCOUNT = Brake(free=5, longest=timedelta(minutes=15), forgotten_after=timedelta(days=1))
"""From one address, at one device, or in one session."""
ANY_ACCOUNT = Brake(free=50, longest=timedelta(minutes=15), forgotten_after=timedelta(hours=1))
"""From one address: an office behind one has some who mistype, and knows its devices."""
FROM_ANYWHERE = Brake(free=20, longest=timedelta(seconds=4), forgotten_after=timedelta(hours=1))
"""Of one account, from addresses and devices that it does not know. It answers later, and to everybody."""


@dataclass(frozen=True, slots=True)
class Failures:
    failed: int
    last_at: datetime

    def one_more(self, brake: Brake, now: datetime) -> Failures:
        return Failures(self._counted(brake, now) + 1, now)

    def one_less(self) -> Failures:
        return Failures(max(self.failed - 1, 0), self.last_at)

    def _counted(self, brake: Brake, now: datetime) -> int:
        return 0 if now - self.last_at >= brake.forgotten_after else self.failed

    def wait(self, brake: Brake, now: datetime) -> timedelta:
        """What is left of it."""
        pause = brake.wait_after(self._counted(brake, now))
        # Of two attempts at once, the one that counts second may have begun first: nobody waits for that.
        return max(self.last_at + pause - now, timedelta(0)) if pause else timedelta(0)


def source_is_not_braked(wait: timedelta) -> None:
    """Says nothing of the account: an address that is nobody's brakes alike."""
    if wait:
        raise TooMany("attempts_too_many", seconds=-(-wait // timedelta(seconds=1)))


def neighbourhood(address: str) -> str:
    """Who has one IPv6 address has 2^64 of them."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((parsed, 64), strict=False)) if isinstance(parsed, IPv6Address) else address
