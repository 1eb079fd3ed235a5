"""Marketing begins a new brief with what another asks for."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.ids import new_id

from ..domain.brief import Brief
from .draft_brief import draft_brief
from .ports import Ports
from .read.access import shown_content, visible_brief


async def copy_brief(ports: Ports, actor: Actor, brief_id: UUID) -> Brief:
    """A draft of the actor's own, with the content that they see, but for its deadline, which belongs to the
    other, and for its files."""
    _, content = shown_content(actor, await visible_brief(ports, actor, brief_id))
    items = tuple(item.model_copy(update={"item_id": new_id()}) for item in content.items)
    copied = content.model_copy(update={"items": items, "attachments": (), "deadline": None})
    return await draft_brief(ports, actor, copied)
