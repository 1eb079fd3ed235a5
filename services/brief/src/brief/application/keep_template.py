"""People save a brief's content as a template, begin briefs with it, and delete it."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.ids import new_id
from optima_kit.refusals import Absent, Forbidden

from ..domain.brief import Brief
from ..domain.templates import Template, reusable
from .copy_brief import of_its_type_as_it_is_now
from .draft_brief import draft_brief
from .ports import Ports
from .read.access import keeps_template, sees_template, shown_content, visible_brief


async def keep_template(ports: Ports, actor: Actor, brief_id: UUID, name: str) -> Template:
    """Save the brief's content, as the actor sees it, as a template for the people of the actor's unit."""
    _, content = shown_content(actor, await visible_brief(ports, actor, brief_id))
    template = Template(
        template_id=new_id(),
        name=name,
        content=reusable(content),
        unit_id=actor.unit_id,
        kept_by=actor.person_id,
        kept_at=ports.now,
    )
    ports.templates.insert_template(template)
    return template


async def begin_with_template(ports: Ports, actor: Actor, template_id: UUID) -> Brief:
    """Draft a brief of the actor's own with the newest version of the template's type and those answers that
    its form still accepts. As a copy of a brief, the draft has no type if that is no longer offered."""
    content = (await visible_template(ports, actor, template_id)).content
    content = await of_its_type_as_it_is_now(ports, content)
    items = tuple(item.model_copy(update={"item_id": new_id()}) for item in content.items)
    return await draft_brief(ports, actor, content.model_copy(update={"items": items}))


async def drop_template(ports: Ports, actor: Actor, template_id: UUID) -> None:
    """Delete a template. Briefs that were begun with it stay. Raises Forbidden if it is somebody else's."""
    template = await visible_template(ports, actor, template_id)
    if not keeps_template(actor, template):
        raise Forbidden("template_not_own")
    ports.templates.delete_template(template_id)


async def visible_template(ports: Ports, actor: Actor, template_id: UUID) -> Template:
    """Return the template. Raises the same Absent if it does not exist and if the actor may not see it."""
    template = await ports.templates.find_template(template_id)
    if template is None or not sees_template(actor, template):
        raise Absent("template_absent")
    return template
