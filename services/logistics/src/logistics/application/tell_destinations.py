"""Publish destinations that were stored before such events existed."""

from __future__ import annotations

from typing import Final
from uuid import uuid5

from pydantic import BaseModel

from optima_contracts.logistics import DestinationKept

from ..domain.lookups import Destination
from .ports import Ports

TELL_DESTINATIONS: Final = "logistics.tell_destinations"
TOLD_AT_ONCE: Final = 200


class DestinationsToTell(BaseModel):
    after: str = ""
    """Destinations up to this code have been published."""


async def tell_destinations(ports: Ports, payload: DestinationsToTell) -> None:
    """Publish some of the destinations, and schedule the rest. Each is locked, so that a change made
    meanwhile is published after it."""
    found = await ports.lookups.lock_destinations(payload.after, TOLD_AT_ONCE)
    for each in found:
        tell_destination(ports, each)
    if len(found) == TOLD_AT_ONCE:
        ports.jobs.schedule(TELL_DESTINATIONS, DestinationsToTell(after=found[-1].code), key="all")


def tell_destination(ports: Ports, kept: Destination) -> None:
    """Publish a destination. Its id is the same at each change, so that a listener can tell which event is
    the newest."""
    id_ = uuid5(ports.outbox.tenant_id, f"destination {kept.code}")
    told = DestinationKept(destination_id=id_, code=kept.code, name=kept.address.name, city=kept.address.city)
    ports.outbox.add(told, subject=id_, correlation=id_)
