"""Looks up webhooks and their attempts, and shows them with their owners' names and what the reader may
do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.fields import PersonView, View
from optima_kit.pages import Page, PageQuery, page_of
from optima_kit.refusals import Absent

from ...domain.webhooks import Attempt, Outcome, Reason, State, Webhook
from ..ports import Ports
from .access import Action, actions_on, read_scope_of


class SecretView(View):
    id: UUID
    created_at: datetime


class ShownSecretView(View):
    id: UUID
    secret: str
    """The secret's text. It is shown only this once."""


class WebhookView(View):
    id: UUID
    url: str
    types: tuple[str, ...]
    description: str
    owner: PersonView
    """The person whose privileges the webhook has."""
    state: State
    disabled_because: Reason | None
    """Why it is disabled: `gone` (the receiver answered 410), `unreachable` (every attempt failed) or `owner`
    (the owner may no longer read the whole trail or have webhooks)."""
    failures: int
    """How many attempts have failed since the last success or since somebody last changed the webhook."""
    retry_at: datetime | None
    """When the next attempt is due after a failed one."""
    actions: list[Action]
    """What the reader may do with the webhook now."""


class WholeWebhookView(WebhookView):
    secrets: list[SecretView]


class NewWebhookView(WebhookView):
    secret: ShownSecretView


class AttemptView(View):
    id: UUID
    event_id: UUID
    type: str
    replay: bool
    attempted_at: datetime
    outcome: Outcome
    status: int | None
    latency_ms: int
    answer: str
    """The beginning of the response's body, or the error that prevented a response."""


async def list_webhooks(ports: Ports, actor: Actor, query: PageQuery) -> Page[WebhookView]:
    """List webhooks, oldest first."""
    found = await ports.webhooks.page(after=query.after(UUID), limit=query.rows)
    fields = await _fields(ports, actor, found)
    return page_of(query, found, lambda each: WebhookView(**fields[each.id]), lambda each: each.id)


async def read_webhook(ports: Ports, actor: Actor, webhook: Webhook) -> WholeWebhookView:
    """Show a webhook with the ids of its secrets, without their texts."""
    secrets = [
        SecretView(id=each.id, created_at=each.created_at)
        for each in await ports.webhooks.secrets(webhook.id)
    ]
    fields = await _fields(ports, actor, [webhook])
    return WholeWebhookView(**fields[webhook.id], secrets=secrets)


async def show_webhook(ports: Ports, actor: Actor, webhook: Webhook) -> WebhookView:
    """Show a webhook that has already been read."""
    return WebhookView(**(await _fields(ports, actor, [webhook]))[webhook.id])


async def show_new_webhook(
    ports: Ports, actor: Actor, webhook: Webhook, secret: ShownSecretView
) -> NewWebhookView:
    """Show a new webhook. This is the only view with its secret."""
    return NewWebhookView(**(await _fields(ports, actor, [webhook]))[webhook.id], secret=secret)


async def find_webhook(ports: Ports, webhook_id: UUID) -> Webhook:
    """Return a webhook. Raises Absent if there is none with this id."""
    webhook = await ports.webhooks.find(webhook_id)
    if webhook is None:
        raise Absent("webhook_absent")
    return webhook


async def list_attempts(
    ports: Ports, actor: Actor, webhook_id: UUID, query: PageQuery, *, delivered: bool | None
) -> Page[AttemptView]:
    """List a webhook's attempts, newest first, without those of events that the reader may not see."""
    await find_webhook(ports, webhook_id)
    found = await ports.webhooks.attempts(
        webhook_id,
        read_scope_of(actor),
        delivered=delivered,
        before=query.after(UUID),
        limit=query.rows,
    )
    return page_of(query, found, _attempt, lambda each: each.id)


async def _fields(ports: Ports, actor: Actor, webhooks: Sequence[Webhook]) -> dict[UUID, dict[str, Any]]:
    secrets = await ports.webhooks.count_secrets([each.id for each in webhooks])
    names = await ports.trail.names(sorted({each.owner_id for each in webhooks}))
    return {
        each.id: {
            "id": each.id,
            "url": each.url,
            "types": each.types,
            "description": each.description,
            "owner": PersonView(id=each.owner_id, name=names.get(each.owner_id)),
            "state": each.state,
            "disabled_because": each.disabled_because,
            "failures": each.failures,
            "retry_at": each.retry_at,
            "actions": actions_on(actor, each, secrets[each.id]),
        }
        for each in webhooks
    }


def _attempt(attempt: Attempt) -> AttemptView:
    return AttemptView(
        id=attempt.id,
        event_id=attempt.event_id,
        type=attempt.type,
        replay=attempt.replay,
        attempted_at=attempt.attempted_at,
        outcome=attempt.outcome,
        status=attempt.status,
        latency_ms=attempt.latency_ms,
        answer=attempt.answer,
    )
