"""The catalogue of all event types. Importing this module registers them."""

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
    """Return all event types of this package, sorted by name. Types that others register, such as a test's,
    are left out."""
    ours = f"{__package__}."
    return {name: model for name, model in sorted(event_types().items()) if model.__module__.startswith(ours)}


def data_of(event: Envelope) -> EventData | None:
    """Return the event's data as the model of its type, or None if this release does not know the type.
    Raises ValidationError if the data does not fit the model."""
    model = event_types().get(event.type)
    return None if model is None else model.model_validate(event.data)
