"""Delivers events to a webhook's receiver, in the trail's order, each until the receiver accepts it."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from optima_kit.ids import new_id

from ..domain.chain import SealedEntry
from ..domain.competence import ReadScope
from ..domain.webhooks import Attempt, Webhook
from .ports import Answer, Ports, Receiver, Receivers, Run, Selection
from .read.access import read_scope_with
from .schedules import DeliverAgain, DeliverEvents, schedule_deliveries
from .webhook_facts import tell_if_disabled
from .webhook_secrets import secrets_of

_EVENTS: Final = 50
"""How many events are read at once."""
_SECONDS: Final = 15.0
"""How long one turn lasts at most before other webhooks have theirs."""


@dataclass(frozen=True, slots=True)
class _Portion:
    """The events that one turn delivers."""

    webhook: Webhook
    secrets: Sequence[str]
    events: list[SealedEntry]
    through: int
    """The number of the entry up to which only these events concern the webhook."""
    read_at: datetime


async def deliver_events(run: Run, receivers: Receivers, payload: DeliverEvents) -> None:
    """Deliver events to one webhook for one turn. The turn ends when the receiver has everything, when it
    fails, or when the time is up. Another job is then scheduled for the rest. A turn that is repeated, or
    runs at the same time as another one of the same webhook, delivers at worst some events twice: progress is
    stored only if the webhook's position and version are those with which the turn began."""
    async with run.transaction() as ports:
        portion = await _next_portion(ports, payload.webhook_id)
    if portion is not None and portion.events:
        async with receivers.at(portion.webhook.url) as receiver:
            await _deliver(run, receiver, portion)
    async with run.finish() as ports:
        webhook = await ports.webhooks.find(payload.webhook_id)
        if webhook is not None and webhook.position < (await ports.trail.head()).number:
            schedule_deliveries(ports, webhook)


async def _deliver(run: Run, receiver: Receiver, portion: _Portion) -> None:
    ends = time.monotonic() + _SECONDS
    webhook: Webhook | None = portion.webhook
    now = portion.read_at
    for event in portion.events:
        assert webhook is not None
        answer = await receiver.deliver(event, portion.secrets, now)
        through = portion.through if event is portion.events[-1] else event.entry.number
        async with run.transaction() as ports:
            webhook, now = await _note(ports, webhook, event, answer, through), ports.now
        if webhook is None or answer.outcome != "delivered" or time.monotonic() > ends:
            return


async def _next_portion(ports: Ports, webhook_id: UUID) -> _Portion | None:
    """Return the events to deliver next, or None if nothing is to be delivered now. Disable the webhook if
    its owner may no longer have one."""
    webhook = await ports.webhooks.lock(webhook_id)
    if webhook is None or webhook.state != "active":
        return None
    if webhook.retry_at is not None and webhook.retry_at > ports.now:
        return None
    scope = await read_scope_of_webhook(ports, webhook)
    if scope is None:
        disabled = webhook.disabled("owner")
        await ports.webhooks.update(disabled)
        tell_if_disabled(ports, disabled)
        return None
    head = (await ports.trail.head()).number
    selection = Selection(beyond=webhook.position, types=webhook.types, limit=_EVENTS)
    events = await ports.trail.entries(selection, scope)
    if not events and webhook.position < head:
        await ports.webhooks.update(webhook.delivered(head))
    last = events[-1].entry.number if events else head
    through = last if len(events) == _EVENTS else max(last, head)
    return _Portion(webhook, await secrets_of(ports, webhook_id), events, through, ports.now)


async def read_scope_of_webhook(ports: Ports, webhook: Webhook) -> ReadScope | None:
    """Return what the webhook may see: what its owner may see now and could see when they set it up. Return
    None if the owner may no longer have a webhook."""
    now = await ports.webhooks.privileges_of(webhook.owner_id)
    privileges = webhook.privileges if now is None else webhook.privileges & now
    if not {"trail.read_all", "webhook.write"} <= privileges:
        return None
    return read_scope_with(webhook.owner_id, privileges)


async def _note(
    ports: Ports, began: Webhook, event: SealedEntry, answer: Answer, through: int
) -> Webhook | None:
    """Record an attempt and the webhook's progress, and return the webhook. Return None, without recording
    progress, if somebody or another turn has changed the webhook meanwhile."""
    webhook = await ports.webhooks.lock(began.id)
    if webhook is None:
        return None
    await ports.webhooks.note(_attempt(ports, webhook.id, event, answer, replay=False))
    if (webhook.version, webhook.state, webhook.position) != (began.version, began.state, began.position):
        return None
    if answer.outcome == "delivered":
        after = webhook.delivered(through)
    else:
        luck = random.random()  # noqa: S311 (no secret)
        after = webhook.failed(ports.now, status=answer.status, luck=luck)
    await ports.webhooks.update(after)
    tell_if_disabled(ports, after)
    return after


async def deliver_again(run: Run, receivers: Receivers, payload: DeliverAgain) -> None:
    """Deliver one event once more, out of order, in whatever state the webhook is. There is one attempt; the
    log shows its outcome, and the person may ask for another one."""
    async with run.transaction() as ports:
        webhook = await ports.webhooks.find(payload.webhook_id)
        scope = await read_scope_of_webhook(ports, webhook) if webhook is not None else None
        secrets, now = await secrets_of(ports, payload.webhook_id), ports.now
        events = []
        if scope is not None:
            selection = Selection(beyond=payload.number - 1, limit=1)
            events = await ports.trail.entries(selection, scope)
    answer = None
    if webhook is not None and events and events[0].entry.number == payload.number:
        async with receivers.at(webhook.url) as receiver:
            answer = await receiver.deliver(events[0], secrets, now)
    async with run.finish() as ports:
        if answer is not None and await ports.webhooks.lock(payload.webhook_id) is not None:
            await ports.webhooks.note(_attempt(ports, payload.webhook_id, events[0], answer, replay=True))


def _attempt(ports: Ports, webhook_id: UUID, event: SealedEntry, answer: Answer, *, replay: bool) -> Attempt:
    return Attempt(
        id=new_id(),
        webhook_id=webhook_id,
        event_id=event.entry.occurrence.event_id,
        number=event.entry.number,
        type=event.entry.occurrence.type,
        replay=replay,
        attempted_at=ports.now,
        outcome=answer.outcome,
        status=answer.status,
        latency_ms=answer.latency_ms,
        answer=answer.text,
    )
