"""Public endpoints that describe the published events, for programs that read them."""

from __future__ import annotations

import json

from optima_kit.http import Call, Content, Page, PageQuery, Routes

from ..application.ports import Ports
from ..application.read.event_types import EventTypeView, schema_of
from ..application.read.event_types import list_event_types as read_event_types

event_type_routes = Routes()


@event_type_routes.get("/v1/event-types", public=True)
async def list_event_types(call: Call[Ports], query: PageQuery) -> Page[EventTypeView]:
    """List the event types that are published, by name, with the address of each one's JSON Schema"""
    return read_event_types(query)


@event_type_routes.get("/v1/event-types/{event_type}/schema", public=True)
async def event_type_schema(call: Call[Ports], event_type: str) -> Content:
    """Read the JSON Schema (2020-12) of a whole event of this type"""
    schema = json.dumps(schema_of(event_type)).encode()
    return Content(schema, "application/schema+json", f"{event_type}.schema.json", inline=True)
