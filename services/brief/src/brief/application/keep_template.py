"""Somebody keeps what a brief asks for as a template, and begins briefs with it."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.ids import new_id
from optima_kit.refusals import Absent, Forbidden

from ..domain.brief import Brief
from ..domain.templates import Template, answers_that_fit, reusable
from ..domain.types import may_begin_with
from .draft_brief import draft_brief
from .ports import Ports
from .read.access import keeps_template, sees_template, shown_content, visible_brief


async def keep_template(ports: Ports, actor: Actor, brief_id: UUID, name: str) -> Template:
    """Of a brief as the actor sees it, for the people of their unit."""
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
    """A draft of the actor's own, under the newest version of the template's type, with those answers that
    its form still takes. Raises Invalid for a type that is offered no more."""
    content = (await visible_template(ports, actor, template_id)).content
    if content.type_key is not None:
        begun = may_begin_with(await ports.types.find_type(content.type_key))
        answers = answers_that_fit(begun.form, content.form)
        content = content.model_copy(update={"type_version": begun.version, "form": answers})
    items = tuple(item.model_copy(update={"item_id": new_id()}) for item in content.items)
    return await draft_brief(ports, actor, content.model_copy(update={"items": items}))


async def drop_template(ports: Ports, actor: Actor, template_id: UUID) -> None:
    """Briefs that began with it stay. Raises Forbidden for a template that somebody else keeps."""
    template = await visible_template(ports, actor, template_id)
    if not keeps_template(actor, template):
        raise Forbidden("template_not_own")
    ports.templates.delete_template(template_id)


async def visible_template(ports: Ports, actor: Actor, template_id: UUID) -> Template:
    """Raises Absent alike for a template that isn't there and one that the actor may not see."""
    template = await ports.templates.find_template(template_id)
    if template is None or not sees_template(actor, template):
        raise Absent("template_absent")
    return template
