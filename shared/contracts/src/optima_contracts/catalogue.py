"""Importing this module registers every event type."""

from . import approval, brief, economics, erp, identity, logistics, production, trail
from .envelope import EventData, event_types

__all__ = [
    "approval",
    "brief",
    "economics",
    "erp",
    "every_event_type",
    "identity",
    "logistics",
    "production",
    "trail",
]


def every_event_type() -> dict[str, type[EventData]]:
    """All published types by name, sorted; not what somebody else has registered beside them, a test say."""
    ours = f"{__package__}."
    return {name: model for name, model in sorted(event_types().items()) if model.__module__.startswith(ours)}
