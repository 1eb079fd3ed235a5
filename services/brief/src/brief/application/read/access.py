"""Who may see what of a brief, and what they may do with it now.

A requester sees their own briefs. Whoever holds `brief.read_all` also sees others' from their first
submission on, as last submitted: a draft is its requester's alone. Prices need `brief.price.read`.
"""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.refusals import Absent

from ...domain.brief import Brief
from ...domain.content import Content
from ...domain.lifecycle import BEFORE_GOODS_LEFT, UNDER_APPROVAL, State
from ..ports import Ports

Action = Literal["revise", "attach", "submit", "price", "comment", "cancel"]


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


def actions_on(actor: Actor, brief: Brief) -> list[Action]:
    """What this actor may do with the brief now: an action offered succeeds, any other is refused."""
    own = is_requester(actor, brief)
    drafting = own and brief.state is State.DRAFT
    allowed: dict[Action, bool] = {
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
    return seen(actor, await ports.briefs.find_brief(brief_id))


def seen(actor: Actor, brief: Brief | None) -> Brief:
    """The brief. Raises Absent where it isn't there or the actor may not see it."""
    if brief is None or not sees_brief(actor, brief):
        raise Absent("brief_absent")
    return brief
