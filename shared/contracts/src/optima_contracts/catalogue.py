"""Importing this module registers every event type."""

from . import approval, brief, economics, erp, identity, logistics, production, trail
from .envelope import Envelope, EventData, event_types

__all__ = [
    "approval",
    "brief",
    "data_of",
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


def data_of(event: Envelope) -> EventData | None:
    """The event's data as the model of its type; None of a type that this release does not know. Raises
    ValidationError where the data is not what the type promises."""
    model = event_types().get(event.type)
    return None if model is None else model.model_validate(event.data)
