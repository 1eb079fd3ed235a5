"""Webhooks: where they lead, which events they deliver, where in the trail they go on, and when they give up.

A webhook has one position in the trail: everything up to it was delivered in order, and nothing after it. So
a receiver that is away for days costs only one row, and gets everything when it is back.
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
"""The outcome of an attempt. `refused` means any answer but success. `not_allowed` means that the address
can't be resolved, or that webhooks may not lead to it."""

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
"""The pauses between one failed attempt and the next. If the attempt after the last pause fails too, about
three days after the first failure, the webhook is disabled."""

MOST_WEBHOOKS: Final = 20
"""The most webhooks of one tenant."""
MOST_SECRETS: Final = 2
GONE: Final = 410
"""The status with which a receiver asks for no further deliveries."""


@dataclass(frozen=True, slots=True)
class Webhook:
    id: UUID
    owner_id: UUID
    """The person who last set the address. The webhook has their privileges."""
    privileges: frozenset[str]
    """The owner's privileges at the time when they set the address. Those that the owner has lost since do
    not count."""
    url: str
    types: tuple[str, ...]
    """Prefixes of the event types that it delivers. An empty tuple means all types."""
    description: str
    position: int
    """The number of the last entry that was delivered or passed over."""
    state: State = "active"
    disabled_because: Reason | None = None
    failures: int = 0
    """How many attempts have failed since the last success or since somebody last changed the webhook."""
    retry_at: datetime | None = None
    version: int = 1
    """Increased by every change that a person makes. A delivery that began under another version stores no
    progress."""

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
        """Return the webhook as active again, at the place where it stopped. Raises WrongState if it is
        active."""
        if self.state == "active":
            raise WrongState("webhook_active")
        return replace(self._touched(), state="active", disabled_because=None)

    def moved(self, position: int) -> Webhook:
        """Return the webhook so that it goes on after this entry: an earlier one to repeat events, or a later
        one to skip some."""
        return replace(self._touched(), position=position)

    def delivered(self, number: int) -> Webhook:
        return replace(self, position=number, failures=0, retry_at=None)

    def failed(self, now: datetime, *, status: int | None, luck: float) -> Webhook:
        """Return the webhook after a failed attempt: with its next attempt, or disabled. `luck`, a number
        from 0 to 1, varies the pause by up to 20 % so that the attempts of many webhooks are spread."""
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
    """One of a webhook's secrets, encrypted. Deliveries are signed with each of them."""

    id: UUID
    sealed: bytes
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to deliver an event."""

    id: UUID
    webhook_id: UUID
    event_id: UUID
    number: int
    type: str
    replay: bool
    """Whether a person asked for this delivery, out of order."""
    attempted_at: datetime
    outcome: Outcome
    status: int | None
    latency_ms: int
    answer: str
    """The beginning of the response's body, or the error that prevented a response."""


def there_is_room_for_a_webhook(known: int) -> None:
    if known >= MOST_WEBHOOKS:
        raise WrongState("webhooks_too_many", most=MOST_WEBHOOKS)


def address_is_free(known: Webhook | None, webhook: Webhook | None = None) -> None:
    """Raise WrongState if another webhook has the address, since its receiver would get everything twice."""
    if known is not None and (webhook is None or known.id != webhook.id):
        raise WrongState("webhook_exists", field="url")


def there_is_room_for_a_secret(known: int) -> None:
    if known >= MOST_SECRETS:
        raise WrongState("webhook_has_two_secrets")


def a_secret_remains(known: int) -> None:
    if known <= 1:
        raise WrongState("webhook_needs_a_secret")
