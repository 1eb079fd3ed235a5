"""Read templates of briefs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.fields import PersonView, View
from optima_kit.pages import Page, PageQuery, page_of

from ...domain.templates import Template
from ..ports import Ports
from .access import TemplateAction, actions_on_template
from .views import UnitView


class TemplateView(View):
    """A template with which briefs may be begun."""

    id: UUID
    name: str
    title: str
    """Title that a brief gets when it is begun with the template."""
    type: str | None
    """Key of the type of such briefs."""
    items: list[str]
    """Descriptions of what is asked for."""
    unit: UnitView | None
    """The unit whose people may use the template besides the person who saved it."""
    kept_by: PersonView
    kept_at: datetime
    actions: list[TemplateAction]
    """What the reader may do now."""


async def list_templates(ports: Ports, actor: Actor, query: PageQuery) -> Page[TemplateView]:
    """List the reader's own templates and their unit's, newest first."""
    found = await ports.templates.list_templates(
        actor.person_id, actor.unit_id, query.after(UUID), query.rows
    )
    names = await _names(ports, *found)
    return page_of(query, found, lambda each: _template(actor, each, names), lambda each: each.template_id)


async def show_template(ports: Ports, actor: Actor, template: Template) -> TemplateView:
    """Build the view of a loaded template."""
    return _template(actor, template, await _names(ports, template))


async def _names(ports: Ports, *templates: Template) -> Mapping[UUID, str]:
    people = {each.kept_by for each in templates}
    return await ports.directory.names(people | {each.unit_id for each in templates if each.unit_id})


def _template(actor: Actor, template: Template, names: Mapping[UUID, str]) -> TemplateView:
    unit = template.unit_id
    return TemplateView(
        id=template.template_id,
        name=template.name,
        title=template.content.title,
        type=template.content.type_key,
        items=[item.description for item in template.content.items],
        unit=UnitView(id=unit, name=names.get(unit)) if unit else None,
        kept_by=PersonView(id=template.kept_by, name=names.get(template.kept_by)),
        kept_at=template.kept_at,
        actions=actions_on_template(actor, template),
    )
