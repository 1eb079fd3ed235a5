"""Who may see a brief, and what they may do with it.

A requester sees their own briefs. Whoever holds `brief.read_all` also sees others' from their first
submission on, as last submitted: a draft is its requester's alone. Prices need `brief.price.read`.
"""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.refusals import Absent, Forbidden, NotYet, Stale

from ..domain.brief import Brief
from ..domain.content import Content
from ..domain.lifecycle import BEFORE_GOODS_LEFT, UNDER_APPROVAL, State
from .ports import Ports


def sees_brief(actor: Actor, brief: Brief) -> bool:
    if is_requester(actor, brief):
        return actor.may("brief.read")
    return actor.may("brief.read_all") and brief.submitted is not None


def is_requester(actor: Actor, brief: Brief) -> bool:
    return actor.person_id == brief.requester_id


def sees_prices(actor: Actor) -> bool:
    return actor.may("brief.price.read")


def shown_content(actor: Actor, brief: Brief) -> tuple[int, Content]:
    """The revision that this actor sees, and its content."""
    if brief.draft is not None and (is_requester(actor, brief) or brief.submitted is None):
        return brief.revision, brief.draft
    assert brief.submitted is not None
    return brief.submitted.revision, brief.submitted.content


def allowed_actions(actor: Actor, brief: Brief) -> list[str]:
    """What this actor may do next, in the words of the endpoints."""
    own = is_requester(actor, brief)
    drafting = own and brief.state is State.DRAFT
    allowed = {
        "revise": drafting and actor.may("brief.create"),
        "attach": drafting and actor.may("brief.create"),
        "submit": drafting and actor.may("brief.submit"),
        "price": brief.state in UNDER_APPROVAL and actor.may("brief.price"),
        "comment": actor.may("brief.comment"),
        "cancel": own and brief.state in BEFORE_GOODS_LEFT and actor.may("brief.cancel"),
    }
    return [action for action, possible in allowed.items() if possible]


async def visible_brief(ports: Ports, actor: Actor, brief_id: UUID) -> Brief:
    """Raises Absent alike for a brief that isn't there and one that the actor may not see."""
    return _seen(actor, await ports.briefs.find_brief(brief_id))


async def brief_to_change(
    ports: Ports, actor: Actor, brief_id: UUID, expected_version: int | None = None
) -> Brief:
    """As `visible_brief`, locked. Raises Stale unless it has the version that the actor saw."""
    brief = _seen(actor, await ports.briefs.lock_brief(brief_id))
    if expected_version is not None and expected_version != brief.version:
        raise Stale("stale_version", field="If-Match")
    return brief


async def own_brief_to_change(
    ports: Ports, actor: Actor, brief_id: UUID, expected_version: int | None = None
) -> Brief:
    """As `brief_to_change`. Raises Forbidden for a brief of somebody else."""
    brief = await brief_to_change(ports, actor, brief_id, expected_version)
    if not is_requester(actor, brief):
        raise Forbidden("not_the_requester", number=brief.number)
    return brief


async def known_brief(ports: Ports, brief_id: UUID) -> Brief:
    """The brief that another service speaks of, locked. Raises NotYet for one that is not here: it was
    drafted here, so that only a restored database can lack it."""
    brief = await ports.briefs.lock_brief(brief_id)
    if brief is None:
        raise NotYet(f"brief {brief_id} is not known")
    return brief


def _seen(actor: Actor, brief: Brief | None) -> Brief:
    if brief is None or not sees_brief(actor, brief):
        raise Absent("brief_absent")
    return brief
