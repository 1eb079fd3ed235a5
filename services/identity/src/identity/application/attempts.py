"""Attempts of people to prove who they are. An attempt counts as failed from its beginning until it has
succeeded, so that attempts made at the same time are counted one by one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from ..domain.throttling import ANY_ACCOUNT, FROM_ANYWHERE, ONE_ACCOUNT, Throttle, source_is_not_throttled
from .ports import FailureKey, Ports

_NONE: Final = b""


@dataclass(frozen=True, slots=True)
class Attempt:
    own: FailureKey
    """The count that a success deletes."""
    others: tuple[FailureKey, ...] = ()
    """Counts from which a success takes only this attempt back."""
    pause: timedelta = timedelta(0)
    """How long to wait before the password is checked."""
    worth_telling: bool = True
    """Whether a failure is published. Only the first failure and each doubling are, so that a thousand
    guesses make ten events."""


async def attempt_at_known_device(ports: Ports, email: str, device: bytes) -> Attempt:
    """Count an attempt on a device that the account knows. Raises TooMany if it has to wait."""
    own = _account(email), _source("device", device.hex())
    failed = await _count(ports, {own: ONE_ACCOUNT})
    return Attempt(own, worth_telling=_is_power_of_two(failed[own]))


async def attempt_from_address(ports: Ports, email: str, address: str) -> Attempt:
    """Count an attempt on an unknown device at this address. Raises TooMany if the address has to wait."""
    account, source = _account(email), _source("address", address)
    own, anyones, anywhere = (account, source), (_NONE, source), (account, _NONE)
    failed = await _count(ports, {own: ONE_ACCOUNT, anyones: ANY_ACCOUNT}, {anywhere: FROM_ANYWHERE})
    pause = FROM_ANYWHERE.wait_after(failed[anywhere] - 1)
    return Attempt(own, (anyones, anywhere), pause, _is_power_of_two(failed[anywhere]))


async def attempt_in_session(ports: Ports, email: str, session: str) -> Attempt:
    """Count an attempt within a session, so that a thief of an access token cannot guess a password or code.
    Raises TooMany if the session has to wait."""
    own = _account(email), _source("session", session)
    await _count(ports, {own: ONE_ACCOUNT})
    return Attempt(own)


async def attempt_succeeded(ports: Ports, attempt: Attempt) -> None:
    await attempt_taken_back(ports, attempt)
    await ports.failures.delete(attempt.own)


async def attempt_taken_back(ports: Ports, attempt: Attempt) -> None:
    """Take an attempt back that neither failed nor succeeded. Earlier failures still count."""
    for key, failures in (await ports.failures.lock((attempt.own, *attempt.others))).items():
        await ports.failures.save(key, failures.one_less())


async def forget_failures(ports: Ports, email: str) -> None:
    """Forget the failures of an account whose password was changed, because they were about the old
    password."""
    await ports.failures.delete_account(_account(email))


async def _count(
    ports: Ports, refusing: dict[FailureKey, Throttle], slowing: dict[FailureKey, Throttle] | None = None
) -> dict[FailureKey, int]:
    throttles = {**refusing, **(slowing or {})}
    found = await ports.failures.lock(tuple(throttles))
    source_is_not_throttled(max(found[key].wait(throttle, ports.now) for key, throttle in refusing.items()))
    counted = {key: found[key].one_more(throttle, ports.now) for key, throttle in throttles.items()}
    for key, failures in counted.items():
        await ports.failures.save(key, failures)
    return {key: failures.failed for key, failures in counted.items()}


def _account(email: str) -> bytes:
    return hashlib.sha256(email.encode("utf-8", "surrogatepass")).digest()


def _source(kind: str, name: str) -> bytes:
    return hashlib.sha256(f"{kind} {name}".encode("utf-8", "surrogatepass")).digest()


def _is_power_of_two(number: int) -> bool:
    return number & (number - 1) == 0
