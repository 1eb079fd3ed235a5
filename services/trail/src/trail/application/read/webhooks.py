"""Look up webhooks and their attempts, and show them with owners' names and what the reader may do."""

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
    """Shown this once."""


class WebhookView(View):
    id: UUID
    url: str
    types: tuple[str, ...]
    description: str
    owner: PersonView
    """Whose privileges it has."""
    state: State
    disabled_because: Reason | None
    """`gone`: the receiver answered 410. `unreachable`: every attempt failed. `owner`: the owner may no
    longer read the whole trail, or have webhooks."""
    failures: int
    """Attempts that failed since something was delivered."""
    retry_at: datetime | None
    """When the next attempt is due after a failed one."""
    actions: list[Action]
    """What the reader may do with it now."""


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
    """How the response's body began, or what kept it from coming."""


async def list_webhooks(ports: Ports, actor: Actor, query: PageQuery) -> Page[WebhookView]:
    """Oldest first."""
    found = await ports.webhooks.page(after=query.after(UUID), limit=query.rows)
    fields = await _fields(ports, actor, found)
    return page_of(query, found, lambda each: WebhookView(**fields[each.id]), lambda each: each.id)


async def read_webhook(ports: Ports, actor: Actor, webhook: Webhook) -> WholeWebhookView:
    """With its secrets' ids, not their texts."""
    secrets = [
        SecretView(id=each.id, created_at=each.created_at)
        for each in await ports.webhooks.secrets(webhook.id)
    ]
    fields = await _fields(ports, actor, [webhook])
    return WholeWebhookView(**fields[webhook.id], secrets=secrets)


async def show_webhook(ports: Ports, actor: Actor, webhook: Webhook) -> WebhookView:
    """A webhook that is at hand."""
    return WebhookView(**(await _fields(ports, actor, [webhook]))[webhook.id])


async def show_new_webhook(
    ports: Ports, actor: Actor, webhook: Webhook, secret: ShownSecretView
) -> NewWebhookView:
    """The only view that tells its secret."""
    return NewWebhookView(**(await _fields(ports, actor, [webhook]))[webhook.id], secret=secret)


async def find_webhook(ports: Ports, webhook_id: UUID) -> Webhook:
    """Raises Absent."""
    webhook = await ports.webhooks.find(webhook_id)
    if webhook is None:
        raise Absent("webhook_absent")
    return webhook


async def list_attempts(
    ports: Ports, actor: Actor, webhook_id: UUID, query: PageQuery, *, delivered: bool | None
) -> Page[AttemptView]:
    """Newest first, as far as the reader may see the events."""
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
