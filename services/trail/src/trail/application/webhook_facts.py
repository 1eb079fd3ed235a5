"""Publishes what happens to webhooks. Of a webhook's address only the host is published, since the rest may
contain a secret."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from optima_contracts.trail import WebhookChanged, WebhookDisabled

from ..domain.webhooks import Webhook
from .ports import Ports

Change = Literal[
    "created", "revised", "paused", "resumed", "moved", "secret_added", "secret_removed", "deleted"
]


def tell_of_change(ports: Ports, webhook: Webhook, change: Change) -> None:
    fact = WebhookChanged(
        webhook_id=webhook.id, change=change, host=_host(webhook), types=list(webhook.types)
    )
    ports.outbox.add(fact, subject=webhook.id, correlation=webhook.id)


def tell_if_disabled(ports: Ports, webhook: Webhook) -> None:
    if webhook.disabled_because is None:
        return
    fact = WebhookDisabled(
        webhook_id=webhook.id,
        owner_id=webhook.owner_id,
        host=_host(webhook),
        reason=webhook.disabled_because,
    )
    ports.outbox.add(fact, subject=webhook.id, correlation=webhook.id)


def _host(webhook: Webhook) -> str:
    return urlsplit(webhook.url).hostname or ""
