"""Webhooks: whom they tell what, from where in the trail they go on, and when they give up.

A webhook stands at one place of the trail: everything before it was delivered, in order, and nothing behind
it. So a receiver that is away for days costs one row, and is told everything when it is back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from optima_kit.refusals import WrongState

State = Literal["active", "paused", "disabled"]
Reason = Literal["gone", "unreachable", "owner"]
Outcome = Literal["delivered", "refused", "unreachable", "not_allowed"]
"""`refused`: answered with anything but success. `not_allowed`: its name
leads nowhere, or where webhooks may not."""

PAUSES: Final = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""Between one failed attempt and the next. After the last, three days in all, the webhook is disabled."""

MOST_WEBHOOKS: Final = 20
"""Of one tenant."""
MOST_SECRETS: Final = 2
GONE: Final = 410
"""The status with which a receiver asks never to be told again."""


@dataclass(frozen=True, slots=True)
class Webhook:
    id: UUID
    owner_id: UUID
    """Whose privileges it has: who last said where it leads."""
    privileges: frozenset[str]
    """The owner's when they said so. What they have lost since counts no more."""
    url: str
    types: tuple[str, ...]
    """How the types begin that it tells of; none: all."""
    description: str
    position: int
    """The number of the last entry that it is done with."""
    state: State = "active"
    disabled_because: Reason | None = None
    failures: int = 0
    """Attempts that failed since something was delivered or somebody resumed it."""
    retry_at: datetime | None = None
    version: int = 1
    """Raised by whatever people do to it. A delivery that began under another version changes nothing."""

    def revised(
        self,
        *,
        owner_id: UUID,
        privileges: frozenset[str],
        url: str,
        types: tuple[str, ...],
        description: str,
    ) -> Webhook:
        return replace(
            self._touched(),
            owner_id=owner_id,
            privileges=privileges,
            url=url,
            types=types,
            description=description,
        )

    def paused(self) -> Webhook:
        if self.state != "active":
            raise WrongState("webhook_not_active")
        return replace(self._touched(), state="paused")

    def resumed(self) -> Webhook:
        """Tells on from where it stood."""
        if self.state == "active":
            raise WrongState("webhook_active")
        return replace(self._touched(), state="active", disabled_because=None)

    def moved(self, position: int) -> Webhook:
        """Goes on after that entry: back, so as to tell again, or forward, so as to leave out."""
        return replace(self._touched(), position=position)

    def delivered(self, number: int) -> Webhook:
        return replace(self, position=number, failures=0, retry_at=None)

    def failed(self, now: datetime, *, status: int | None, luck: float) -> Webhook:
        """`luck`, from 0 to 1, spreads the next attempts of many webhooks: 20 % to either side."""
        if status == GONE:
            return replace(self.disabled("gone"), failures=self.failures + 1)
        if self.failures >= len(PAUSES):
            return replace(self.disabled("unreachable"), failures=self.failures + 1)
        pause = PAUSES[self.failures] * (0.8 + 0.4 * luck)
        return replace(self, failures=self.failures + 1, retry_at=now + pause)

    def disabled(self, reason: Reason) -> Webhook:
        return replace(self, state="disabled", disabled_because=reason, retry_at=None)

    def _touched(self) -> Webhook:
        return replace(self, version=self.version + 1, failures=0, retry_at=None)


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """One of a webhook's live secrets, encrypted. Deliveries are signed with each."""

    id: UUID
    sealed: bytes
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """One delivery that was tried."""

    id: UUID
    webhook_id: UUID
    event_id: UUID
    number: int
    type: str
    replay: bool
    """Whether somebody asked for it, out of order."""
    attempted_at: datetime
    outcome: Outcome
    status: int | None
    latency_ms: int
    answer: str
    """How the response's body began, or what kept it from coming."""


def there_is_room_for_a_webhook(known: int) -> None:
    if known >= MOST_WEBHOOKS:
        raise WrongState("webhooks_too_many", most=MOST_WEBHOOKS)


def address_is_free(known: Webhook | None, webhook: Webhook | None = None) -> None:
    """Two webhooks with one address would tell everything twice."""
    if known is not None and (webhook is None or known.id != webhook.id):
        raise WrongState("webhook_exists", field="url")


def there_is_room_for_a_secret(known: int) -> None:
    if known >= MOST_SECRETS:
        raise WrongState("webhook_has_two_secrets")


def a_secret_remains(known: int) -> None:
    if known <= 1:
        raise WrongState("webhook_needs_a_secret")
