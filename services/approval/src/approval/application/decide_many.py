"""A person makes many decisions in one request. Each of them succeeds or is refused separately."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.refusals import Refusal, WrongState

from ..domain import engine
from .decide_step import decide_step
from .ports import Ports, StoredApproval

log = logging.getLogger(__name__)

_OUR_FAULTS = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
"""The exceptions that a fault of this program raises. Errors of the database are not among them: they concern
the whole batch."""


@dataclass(frozen=True, slots=True)
class Decided:
    """The result of one decision: the approval after it, or the refusal."""

    approval_id: UUID
    step: str
    stored: StoredApproval | None
    refusal: Refusal | None = None


async def decide_many(
    ports: Ports, actor: Actor, decisions: list[tuple[UUID, engine.Decision, list[UUID]]]
) -> list[Decided]:
    """Carry out many decisions and return their results in the order given. Each decision comes with the id
    of its approval and of the documents that belong to it. They are carried out in the order of the
    approvals' ids, so that two people who decide about the same approvals can't deadlock. If a fault of this
    program stops one decision, the others still count."""
    actor.require("approval.decide")
    results: dict[int, Decided] = {}
    for index in sorted(range(len(decisions)), key=lambda i: decisions[i][0]):
        approval_id, decision, evidence = decisions[index]
        try:
            async with ports.savepoint():
                stored = await decide_step(ports, actor, approval_id, decision, evidence)
            results[index] = Decided(approval_id, decision.step, stored)
        except Refusal as refusal:
            results[index] = Decided(approval_id, decision.step, None, refusal)
        except _OUR_FAULTS:
            log.exception("decision on %s failed", approval_id)
            results[index] = Decided(approval_id, decision.step, None, WrongState("decision_failed"))
    return [results[index] for index in range(len(decisions))]
