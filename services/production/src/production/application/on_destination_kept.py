"""Keep this service's copy of destination names, to show who does a phase outside."""

from __future__ import annotations

from optima_contracts.logistics import DestinationKept

from .ports import Ports


async def on_destination_kept(ports: Ports, event: DestinationKept) -> None:
    """Store the name. The newest state replaces the previous one."""
    ports.destinations.upsert_destination(event.code, name=event.name, city=event.city)
