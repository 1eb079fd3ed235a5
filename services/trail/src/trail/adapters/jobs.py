"""The jobs of the trail: daily anchors, and deliveries to webhooks."""

from __future__ import annotations

from datetime import timedelta

from optima_kit.jobs import JobKinds, JobRun

from ..application.anchor_chain import ANCHOR_CHAIN, AnchorChain, anchor_chain
from ..application.deliver_events import deliver_again, deliver_events
from ..application.look_after_webhooks import look_after_webhooks
from ..application.ports import Ports
from ..application.schedules import (
    CHECK_EVERY,
    DELIVER,
    DELIVER_AGAIN,
    LOOK_AFTER,
    DeliverAgain,
    DeliverEvents,
    LookAfterWebhooks,
)

jobs = JobKinds()


@jobs.on(ANCHOR_CHAIN, AnchorChain)
async def anchor(ports: Ports, payload: AnchorChain) -> None:
    """Sign the day's anchor. If the job runs twice, the second run does nothing."""
    await anchor_chain(ports, payload.day)


@jobs.outside(DELIVER, DeliverEvents, timeout=timedelta(minutes=1))
async def deliver(run: JobRun[Ports], payload: DeliverEvents) -> None:
    await deliver_events(run, run.resources.receivers, payload)


@jobs.outside(DELIVER_AGAIN, DeliverAgain, timeout=timedelta(minutes=1))
async def again(run: JobRun[Ports], payload: DeliverAgain) -> None:
    await deliver_again(run, run.resources.receivers, payload)


@jobs.every(CHECK_EVERY, LOOK_AFTER, LookAfterWebhooks)
async def look_after(ports: Ports, _: LookAfterWebhooks) -> None:
    await look_after_webhooks(ports)
