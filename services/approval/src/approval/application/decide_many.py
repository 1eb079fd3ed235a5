"""Somebody decides many things at once; each succeeds or is refused for itself."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.refusals import Refusal, WrongState

from ..domain import engine
from .decide_step import decide_step
from .ports import Held, Ports

log = logging.getLogger(__name__)

_OUR_FAULTS = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
"""What a fault of this program raises; what the database raises concerns the whole batch."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of one decision: the approval as it then was, or why it was refused."""

    approval_id: UUID
    step: str
    held: Held | None
    refusal: Refusal | None = None


async def decide_many(
    ports: Ports, actor: Actor, decisions: list[tuple[UUID, engine.Decision, list[UUID]]]
) -> list[Decided]:
    """Each an approval, what is decided, and the documents that belong to it; answered in the order given.
    They are carried out in the order of approvals, so that two people with much in common never wait for
    each other in a circle. Where a fault of ours stops one, the others still count."""
    actor.require("approval.decide")
    results: dict[int, Decided] = {}
    for index in sorted(range(len(decisions)), key=lambda i: decisions[i][0]):
        approval_id, decision, evidence = decisions[index]
        try:
            async with ports.savepoint():
                held = await decide_step(ports, actor, approval_id, decision, evidence)
            results[index] = Decided(approval_id, decision.step, held)
        except Refusal as refusal:
            results[index] = Decided(approval_id, decision.step, None, refusal)
        except _OUR_FAULTS:
            log.exception("decision on %s failed", approval_id)
            results[index] = Decided(approval_id, decision.step, None, WrongState("decision_failed"))
    return [results[index] for index in range(len(decisions))]
