"""The pull feed: CloudEvents over HTTP. A request can wait for the next event."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import Field

from optima_kit.http import Call, Limit, Query, Routes, View

from ..application.ports import Ports
from ..application.pull_events import pull_events
from ..domain.chain import SealedEntry
from .http import EventTypes

feed_routes = Routes()

LOOK_EVERY: Final = 0.25
"""How often, in seconds, the trail's head is read while a caller waits. Each time one row is read."""


class FeedQuery(Query):
    after: UUID | None = None
    """The id of the last event that the caller already has."""
    type: EventTypes = ()
    correlation: UUID | None = None
    """Only events of the story that began with this brief or other thing."""
    limit: Limit = 100
    wait: Annotated[float, Field(ge=0, le=25)] = 0
    """How many seconds to wait for an event if there is none yet."""


class EventView(View):
    specversion: Literal["1.0"] = "1.0"
    id: UUID
    source: str
    type: str
    subject: UUID
    time: datetime
    datacontenttype: Literal["application/json"] = "application/json"
    tenantid: UUID
    sequence: int
    correlationid: UUID
    causationid: UUID | None = None
    actorid: UUID | None = None
    onbehalfof: UUID | None = None
    data: dict[str, Any]


class FeedView(View):
    items: list[EventView]
    after: UUID | None
    """The value of `after` for the next request."""


@feed_routes.get("/v1/events", privilege="trail.read_all", transaction=False)
async def events(call: Call[Ports], query: FeedQuery) -> FeedView:
    """List the events after a known one, in order and each once, and wait for the next one if asked to"""
    deadline = time.monotonic() + query.wait
    seen = -1
    while True:
        async with call.database.reading(call.actor.tenant_id) as work:
            ports: Ports = call.resources.ports(work)
            head = (await ports.trail.head()).number
            found = []
            if head != seen:
                found = await pull_events(
                    ports,
                    call.actor,
                    after=query.after,
                    types=query.type,
                    correlation_id=query.correlation,
                    limit=query.limit,
                )
        if found or time.monotonic() >= deadline or call.draining.is_set():
            last = found[-1].entry.occurrence.event_id if found else query.after
            return FeedView(items=[event_view(each) for each in found], after=last)
        seen = head
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(
                call.draining.wait(), min(LOOK_EVERY, max(0.0, deadline - time.monotonic()))
            )


def event_view(sealed: SealedEntry) -> EventView:
    """Return an entry's event as it arrived, in the form in which other systems receive it."""
    o = sealed.entry.occurrence
    optional = {"causationid": o.causation_id, "actorid": o.actor_id, "onbehalfof": o.on_behalf_of}
    return EventView(
        specversion="1.0",
        id=o.event_id,
        source=o.source,
        type=o.type,
        subject=o.subject,
        time=o.occurred_at,
        datacontenttype="application/json",
        tenantid=sealed.entry.tenant_id,
        sequence=o.sequence,
        correlationid=o.correlation_id,
        data=json.loads(o.data),
        **{name: value for name, value in optional.items() if value is not None},
    )
