"""Facts of the record itself and of what leaves it for others."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from .envelope import EventData


class WebhookChanged(EventData):
    """Somebody set up a webhook, changed it, or took it away. Subject: the webhook."""

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
    """`moved`: told to go on from another place of the record."""
    host: str
    """Whom it tells. The rest of the address may hold a secret of theirs."""
    types: list[str]
    """How the types begin that it tells of; none: all."""


class WebhookDisabled(EventData):
    """A webhook tells nobody any more until somebody resumes it: its receiver said that it is gone (410),
    could not be reached over the whole schedule of attempts, or its owner may no longer read the record.
    Subject: the webhook."""

    type: ClassVar[str] = "optima.trail.webhook_disabled.v1"
    webhook_id: UUID
    owner_id: UUID
    host: str
    reason: Literal["gone", "unreachable", "owner"]


class ChainAnchored(EventData):
    """The newest entry of a tenant's trail was signed, once a day. Subject: the tenant.

    Whoever keeps this can show later that nothing up to that entry was rewritten or cut off.
    """

    type: ClassVar[str] = "optima.trail.chain_anchored.v1"
    tenant_id: UUID
    day: date
    """In UTC; it is over."""
    number: int
    hash: str
    signed_at: datetime
    kid: str
    """Names the public key, which the trail publishes at `/.well-known/trail-anchor-keys.json`."""
    signature: str
    """Ed25519, base64url, over the canonical JSON of the fields above."""


class PersonErased(EventData):
    """What the trail held of a person's own texts was made unreadable for good. Subject: the person."""

    type: ClassVar[str] = "optima.trail.person_erased.v1"
    person_id: UUID
