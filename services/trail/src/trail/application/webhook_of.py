"""Reads a webhook for a change."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.refusals import Absent

from ..domain.webhooks import Webhook
from .ports import Ports


async def webhook_of(ports: Ports, actor: Actor, webhook_id: UUID) -> Webhook:
    """Return a webhook, locked until the transaction ends. Raises Absent if there is none, and Forbidden if
    the actor lacks the privilege."""
    actor.require("webhook.write")
    webhook = await ports.webhooks.lock(webhook_id)
    if webhook is None:
        raise Absent("webhook_absent")
    return webhook
