"""What a reader may look up. Each raises Absent for a brief outside the reader's competence."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.refusals import Absent

from ..domain.lifecycle import Move, State
from .access import is_requester, visible_brief
from .ports import Comment, Filters, Ports, PricedRevision, StoredFile, Summary


async def list_briefs(
    ports: Ports,
    actor: Actor,
    *,
    own_only: bool,
    state: State | None,
    text: str | None,
    before: UUID | None,
    limit: int,
) -> list[Summary]:
    """Newest first, those drafted before the brief `before`."""
    filters = Filters(actor.person_id, actor.may("brief.read_all"), own_only, state, text, before)
    return await ports.briefs.list_briefs(filters, limit)


async def list_revisions(
    ports: Ports, actor: Actor, brief_id: UUID, after: int, limit: int
) -> list[PricedRevision]:
    await visible_brief(ports, actor, brief_id)
    return await ports.briefs.list_revisions(brief_id, after, limit)


async def read_revision(ports: Ports, actor: Actor, brief_id: UUID, revision: int) -> PricedRevision:
    await visible_brief(ports, actor, brief_id)
    found = await ports.briefs.find_revision(brief_id, revision)
    if found is None:
        raise Absent("revision_absent")
    return found


async def read_file(ports: Ports, actor: Actor, brief_id: UUID, attachment_id: UUID) -> StoredFile:
    """A file that was never submitted is absent to all but the requester, as the draft that has it."""
    brief = await visible_brief(ports, actor, brief_id)
    file = await ports.briefs.find_file(brief_id, attachment_id)
    if file is None or not (file.frozen or is_requester(actor, brief)):
        raise Absent("attachment_absent")
    return file


async def list_comments(
    ports: Ports, actor: Actor, brief_id: UUID, after: UUID | None, limit: int
) -> list[Comment]:
    await visible_brief(ports, actor, brief_id)
    return await ports.briefs.list_comments(brief_id, after, limit)


async def list_history(
    ports: Ports, actor: Actor, brief_id: UUID, after: int, limit: int
) -> list[tuple[int, Move]]:
    await visible_brief(ports, actor, brief_id)
    return await ports.briefs.list_moves(brief_id, after, limit)
