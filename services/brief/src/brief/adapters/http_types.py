"""Endpoints for types of briefs. People who read briefs may read them; admins define them."""

from __future__ import annotations

from optima_kit.http import Call, Page, PageQuery, Reply, Routes

from ..application.define_type import define_type
from ..application.ports import Ports
from ..application.read import types
from ..application.read.types import BriefTypeSummaryView, BriefTypeView
from .requests import DefineType, TypeQuery

type_routes = Routes()


@type_routes.get("/v1/brief-types", privilege="brief.read")
async def list_types(call: Call[Ports], query: PageQuery) -> Page[BriefTypeSummaryView]:
    """List the types of briefs in their newest versions, by key"""
    return await types.list_types(call.ports, query)


@type_routes.get("/v1/brief-types/{key}", privilege="brief.read")
async def read_type(call: Call[Ports], key: str, query: TypeQuery) -> Reply[BriefTypeView]:
    """Read a type of brief with its form: the newest version, or an earlier one"""
    view = await types.read_type(call.ports, call.actor, key, query.version)
    return Reply(view, version=view.version)


@type_routes.put("/v1/brief-types/{key}", privilege="brief_type.write", if_match="optional")
async def put_type(call: Call[Ports], key: str, body: DefineType) -> Reply[BriefTypeView]:
    """Define a type of brief, or its next version

    The form is a JSON Schema of a flat object. Briefs that began with an earlier version keep it."""
    defined = await define_type(call.ports, call.actor, key, call.expected_version, **body.definition())
    view = await types.show_type(call.ports, call.actor, defined)
    return Reply(view, version=view.version)
