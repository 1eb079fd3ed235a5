"""Marketing begins a new brief with the content of another one."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.ids import new_id

from ..domain.brief import Brief
from ..domain.content import Content
from ..domain.templates import answers_that_fit
from .draft_brief import draft_brief
from .ports import Ports
from .read.access import shown_content, visible_brief


async def copy_brief(ports: Ports, actor: Actor, brief_id: UUID) -> Brief:
    """Draft a brief of the actor's own with the content that they see, without deadline and files. The draft
    has the newest version of the other brief's type, or no type if new briefs may not be begun with that type
    any more."""
    _, content = shown_content(actor, await visible_brief(ports, actor, brief_id))
    content = await of_its_type_as_it_is_now(ports, content)
    items = tuple(item.model_copy(update={"item_id": new_id()}) for item in content.items)
    copied = content.model_copy(update={"items": items, "attachments": (), "deadline": None})
    return await draft_brief(ports, actor, copied)


async def of_its_type_as_it_is_now(ports: Ports, content: Content) -> Content:
    """With the newest version of its type and those answers that its form still takes; without a type, where
    nothing may begin with that any more."""
    if content.type_key is None:
        return content
    begun = await ports.types.find_type(content.type_key)
    if begun is None or not begun.offered:
        return content.model_copy(update={"type_key": None, "type_version": None, "form": {}})
    answers = answers_that_fit(begun.form, content.form)
    return content.model_copy(update={"type_version": begun.version, "form": answers})
