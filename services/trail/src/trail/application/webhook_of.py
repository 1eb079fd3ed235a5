"""A webhook in the hands of somebody who is about to change it."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.refusals import Absent

from ..domain.webhooks import Webhook
from .ports import Ports


async def webhook_of(ports: Ports, actor: Actor, webhook_id: UUID) -> Webhook:
    """Locked until the transaction ends. Raises Absent, and Forbidden without the privilege."""
    actor.require("webhook.write")
    webhook = await ports.webhooks.lock(webhook_id)
    if webhook is None:
        raise Absent("webhook_absent")
    return webhook
