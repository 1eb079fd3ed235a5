"""Schedules the jobs of webhooks: their names, payloads and due times."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from pydantic import BaseModel

from optima_kit.ports import Jobs

from ..domain.webhooks import Attempt, Webhook
from .ports import Ports

DELIVER: Final = "trail.deliver_events"
DELIVER_AGAIN: Final = "trail.deliver_again"
LOOK_AFTER: Final = "trail.look_after_webhooks"

CHECK_EVERY: Final = timedelta(minutes=5)
_ALL: Final = "all"


class DeliverEvents(BaseModel):
    webhook_id: UUID


class DeliverAgain(BaseModel):
    webhook_id: UUID
    event_id: UUID
    number: int


class LookAfterWebhooks(BaseModel):
    """The regular check of all webhooks of a tenant."""


def schedule_deliveries(ports: Ports, webhook: Webhook) -> None:
    """Schedule deliveries to a webhook if it is active: now, or when its next attempt is due."""
    if webhook.state == "active":
        schedule_delivery(ports.jobs, webhook.id, due_at=webhook.retry_at)


def schedule_delivery(jobs: Jobs, webhook_id: UUID, *, due_at: datetime | None) -> None:
    jobs.schedule(DELIVER, DeliverEvents(webhook_id=webhook_id), key=str(webhook_id), due_at=due_at)


def schedule_redelivery(ports: Ports, attempt: Attempt) -> None:
    payload = DeliverAgain(webhook_id=attempt.webhook_id, event_id=attempt.event_id, number=attempt.number)
    ports.jobs.schedule(DELIVER_AGAIN, payload, key=f"{attempt.webhook_id} {attempt.event_id}")


def begin_checks(ports: Ports) -> None:
    ports.jobs.schedule(LOOK_AFTER, LookAfterWebhooks(), key=_ALL, due_at=ports.now + CHECK_EVERY)


def end_checks(ports: Ports) -> None:
    ports.jobs.cancel(LOOK_AFTER, _ALL)
