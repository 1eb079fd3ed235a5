"""Importing this module registers every event type."""

from . import approval, brief, economics, erp, identity, logistics, production
from .envelope import EventData, event_types

__all__ = ["approval", "brief", "economics", "erp", "every_event_type", "identity", "logistics", "production"]


def every_event_type() -> dict[str, type[EventData]]:
    """All published types by name, sorted."""
    return dict(sorted(event_types().items()))
