"""Events of the trail itself, and of the webhooks that send its entries to others."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from .envelope import EventData


class WebhookChanged(EventData):
    """Somebody created, changed or deleted a webhook. Subject: the webhook."""

    type: ClassVar[str] = "optima.trail.webhook_changed.v1"
    webhook_id: UUID
    change: Literal[
        "created",
        "revised",
        "paused",
        "resumed",
        "moved",
        "secret_added",
        "secret_removed",
        "deleted",
    ]
    """`moved` means that the webhook goes on from another position in the trail."""
    host: str
    """Host of the receiver. The rest of the address is left out, because it may hold a secret of theirs."""
    types: list[str]
    """Prefixes of the event types that the webhook sends. If there are none, it sends all."""


class WebhookDisabled(EventData):
    """A webhook was disabled until somebody resumes it: its receiver answered that it is gone (410) or could
    not be reached over the whole schedule of attempts, or the webhook's owner may no longer read the trail.
    Subject: the webhook."""

    type: ClassVar[str] = "optima.trail.webhook_disabled.v1"
    webhook_id: UUID
    owner_id: UUID
    host: str
    reason: Literal["gone", "unreachable", "owner"]


class ChainAnchored(EventData):
    """The newest entry of a tenant's trail was signed, once a day. Subject: the tenant.

    A person who keeps this event can show later that no entry up to that one was rewritten or cut off.
    """

    type: ClassVar[str] = "optima.trail.chain_anchored.v1"
    tenant_id: UUID
    day: date
    """A day in UTC that is over."""
    number: int
    hash: str
    signed_at: datetime
    kid: str
    """Id of the public key, which the trail publishes at `/.well-known/trail-anchor-keys.json`."""
    signature: str
    """Ed25519, base64url, over the canonical JSON of the fields above."""


class PersonErased(EventData):
    """The personal texts that the trail held of a person were made unreadable for good. Subject: the
    person."""

    type: ClassVar[str] = "optima.trail.person_erased.v1"
    person_id: UUID
