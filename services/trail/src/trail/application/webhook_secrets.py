"""Manages the secrets with which deliveries are signed. A webhook may have two at a time, so that a receiver
can change from the old one to the new one at any time. Secrets are stored encrypted. Each is
shown in clear only once, in the answer to the request that made it."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.ids import new_id
from optima_kit.refusals import Absent

from ..domain.webhooks import SealedSecret, a_secret_remains, there_is_room_for_a_secret
from .ports import Ports
from .webhook_facts import tell_of_change
from .webhook_of import webhook_of

_RANDOM_BYTES = 32


async def add_secret(ports: Ports, actor: Actor, webhook_id: UUID) -> tuple[UUID, str]:
    """Add a second secret and return its id and its text. Deliveries are signed with both until one is
    removed."""
    webhook = await webhook_of(ports, actor, webhook_id)
    there_is_room_for_a_secret(len(await ports.webhooks.secrets(webhook_id)))
    secret_id, secret = await new_secret(ports, webhook_id)
    tell_of_change(ports, webhook, "secret_added")
    return secret_id, secret


async def remove_secret(ports: Ports, actor: Actor, webhook_id: UUID, secret_id: UUID) -> None:
    webhook = await webhook_of(ports, actor, webhook_id)
    known = await ports.webhooks.secrets(webhook_id)
    if not any(secret.id == secret_id for secret in known):
        raise Absent("webhook_secret_absent")
    a_secret_remains(len(known))
    await ports.webhooks.delete_secret(webhook_id, secret_id)
    tell_of_change(ports, webhook, "secret_removed")


async def new_secret(ports: Ports, webhook_id: UUID) -> tuple[UUID, str]:
    """Create a secret and return its id and its text, which has the form of Standard Webhooks: "whsec_" and
    base64."""
    secret = f"whsec_{base64.b64encode(secrets.token_bytes(_RANDOM_BYTES)).decode()}"
    secret_id = new_id()
    sealed = ports.webhook_sealing.sealed(secret.encode(), _about(webhook_id, secret_id))
    await ports.webhooks.insert_secret(webhook_id, SealedSecret(secret_id, sealed, ports.now))
    return secret_id, secret


async def secrets_of(ports: Ports, webhook_id: UUID) -> Sequence[str]:
    """Return a webhook's secrets, decrypted for signing."""
    return [
        ports.webhook_sealing.opened(each.sealed, _about(webhook_id, each.id)).decode()
        for each in await ports.webhooks.secrets(webhook_id)
    ]


def _about(webhook_id: UUID, secret_id: UUID) -> str:
    return f"webhook {webhook_id} secret {secret_id}"
