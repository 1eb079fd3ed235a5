"""Read the types of briefs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.fields import PersonView, View
from optima_kit.pages import Page, PageQuery, page_of
from optima_kit.refusals import Absent

from ...domain.types import BriefType
from ..ports import Ports
from .access import TypeAction, actions_on_types


class WordsView(View):
    it: str
    en: str


class BriefTypeSummaryView(View):
    id: UUID
    key: str
    version: int
    name: WordsView
    offered: bool
    """Whether new briefs may be begun with this type."""


class BriefTypeView(BriefTypeSummaryView):
    """One version of a type. Send `version` back as `If-Match` with a change."""

    form: dict[str, Any]
    """The form's JSON Schema as its author wrote it."""
    process: str | None
    kinds: list[str]
    purchasing_owner: PersonView | None
    actions: list[TypeAction]
    """What the reader may do now."""


async def list_types(ports: Ports, query: PageQuery) -> Page[BriefTypeSummaryView]:
    """List the newest version of each type, sorted by key."""
    found = await ports.types.list_types(query.after(str) or "", query.rows)
    return page_of(query, found, lambda each: BriefTypeSummaryView(**_summary(each)), lambda each: each.key)


async def read_type(ports: Ports, actor: Actor, key: str, version: int | None) -> BriefTypeView:
    """Read the newest version of a type, or the given version."""
    found = await ports.types.find_type(key, version)
    if found is None:
        raise Absent("brief_type_absent")
    return await show_type(ports, actor, found)


async def show_type(ports: Ports, actor: Actor, brief_type: BriefType) -> BriefTypeView:
    """Build the view of a loaded version of a type."""
    owner = brief_type.purchasing_owner_id
    names = await ports.directory.names([owner])
    return BriefTypeView(
        **_summary(brief_type),
        form=dict(brief_type.schema),
        process=brief_type.process,
        kinds=list(brief_type.kinds),
        purchasing_owner=PersonView(id=owner, name=names.get(owner)) if owner else None,
        actions=actions_on_types(actor),
    )


def _summary(brief_type: BriefType) -> dict[str, Any]:
    return {
        "id": brief_type.type_id,
        "key": brief_type.key,
        "version": brief_type.version,
        "name": WordsView(it=brief_type.name.it, en=brief_type.name.en),
        "offered": brief_type.offered,
    }
