"""The own copy of the names of destinations, for whoever reads who does a phase outside."""

from __future__ import annotations

from optima_contracts.logistics import DestinationKept

from .ports import Ports


async def on_destination_kept(ports: Ports, event: DestinationKept) -> None:
    """The newest state replaces the one before."""
    ports.destinations.upsert_destination(event.code, name=event.name, city=event.city)
