"""Describes the published event types for people who build consumers. They are the same for every tenant."""

from __future__ import annotations

from datetime import date
from typing import Any

from optima_contracts.catalogue import every_event_type
from optima_contracts.envelope import EventData
from optima_contracts.schemas import event_schema
from optima_kit.fields import View
from optima_kit.pages import Page, PageQuery, page_of
from optima_kit.refusals import Absent


class DeprecationView(View):
    since: date
    ends: date
    """From this day on, events of this type may no longer be published."""
    replaced_by: str
    """The type that replaces it."""


class EventTypeView(View):
    type: str
    description: str
    """When an event of this type is published."""
    schema_path: str
    """The path of its JSON Schema at this service."""
    deprecation: DeprecationView | None = None


def list_event_types(query: PageQuery) -> Page[EventTypeView]:
    last = query.after(str)
    types = [(name, model) for name, model in every_event_type().items() if last is None or name > last]
    return page_of(query, types[: query.rows], lambda each: _view(*each), lambda each: each[0])


def _view(name: str, model: type[EventData]) -> EventTypeView:
    told = model.deprecation
    return EventTypeView(
        type=name,
        description=" ".join((model.__doc__ or "").split()),
        schema_path=f"/v1/event-types/{name}/schema",
        deprecation=None if told is None else DeprecationView(**told._asdict()),
    )


def schema_of(type_: str) -> dict[str, Any]:
    """Return the JSON Schema of a whole event of the type. Raises Absent if the system has no such type."""
    if type_ not in every_event_type():
        raise Absent("event_type_absent")
    return event_schema(type_)
