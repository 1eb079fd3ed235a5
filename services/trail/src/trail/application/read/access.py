"""Decides what a person may see of the trail, and what they may do with a webhook."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from optima_kit.actor import Actor

from ...domain.competence import ReadScope
from ...domain.webhooks import MOST_SECRETS, Webhook

Action = Literal["revise", "pause", "resume", "move", "add_secret", "remove_secret", "delete"]


def read_scope_of(actor: Actor) -> ReadScope:
    """Return what the actor's privileges let them see."""
    return read_scope_with(actor.person_id, actor.privileges)


def read_scope_with(person_id: UUID, privileges: frozenset[str]) -> ReadScope:
    """Return what a person with these privileges may see."""
    economics = "job.economics.read" in privileges
    return ReadScope(
        person_id=person_id,
        everything="trail.read_all" in privileges,
        brief_prices=economics or "brief.price.read" in privileges,
        budgets={"budget.read", "brief.price.read"} <= privileges,
        economics=economics,
    )


def actions_on(actor: Actor, webhook: Webhook, secrets: int) -> list[Action]:
    """List what the actor may do with the webhook now. Each listed action would succeed, and any other would
    be refused."""
    active = webhook.state == "active"
    allowed: dict[Action, bool] = {
        "revise": actor.may("trail.read_all"),
        "pause": active,
        "resume": not active,
        "move": True,
        "add_secret": secrets < MOST_SECRETS,
        "remove_secret": secrets > 1,
        "delete": True,
    }
    return [action for action, possible in allowed.items() if possible and actor.may("webhook.write")]
