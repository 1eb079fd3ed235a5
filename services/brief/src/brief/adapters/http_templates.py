"""Endpoints for templates, which people who write briefs save for the people of their unit."""

from __future__ import annotations

from uuid import UUID

from optima_kit.http import Call, Page, PageQuery, Reply, Routes

from ..application.keep_template import begin_with_template, drop_template, keep_template
from ..application.ports import Ports
from ..application.read import briefs, templates
from ..application.read.templates import TemplateView
from ..application.read.views import BriefView
from .requests import KeepTemplate

template_routes = Routes()


@template_routes.post("/v1/briefs/{brief_id}/templates", privilege="brief.create", status=201)
async def keep_brief_as_template(call: Call[Ports], brief_id: UUID, body: KeepTemplate) -> TemplateView:
    """Save a brief's content as a template, without its deadline, budget and files

    The people of the caller's unit may begin briefs with it."""
    template = await keep_template(call.ports, call.actor, brief_id, body.name)
    return await templates.show_template(call.ports, call.actor, template)


@template_routes.get("/v1/brief-templates", privilege="brief.create")
async def list_templates(call: Call[Ports], query: PageQuery) -> Page[TemplateView]:
    """List the caller's own templates and those of their unit, newest first"""
    return await templates.list_templates(call.ports, call.actor, query)


@template_routes.post("/v1/brief-templates/{template_id}/briefs", privilege="brief.create", status=201)
async def begin_brief_with_template(call: Call[Ports], template_id: UUID) -> Reply[BriefView]:
    """Begin a draft of the caller's own with a template

    The draft has the newest version of the template's type, and those answers that its form still accepts."""
    brief = await begin_with_template(call.ports, call.actor, template_id)
    view = await briefs.show_brief(call.ports, call.actor, brief)
    return Reply(view, version=view.version, location=f"/v1/briefs/{brief.brief_id}")


@template_routes.delete("/v1/brief-templates/{template_id}", privilege="brief.create")
async def remove_template(call: Call[Ports], template_id: UUID) -> None:
    """Delete a template that the caller saved; briefs that were begun with it stay"""
    await drop_template(call.ports, call.actor, template_id)
