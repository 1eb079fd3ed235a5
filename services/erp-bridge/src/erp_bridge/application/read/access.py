"""The actions that a reader may take now: an action that is offered succeeds, any other is refused.

Each endpoint's privilege says who may read at all. Beyond that, a failure's record is shown only to readers
who may see customers, a document's content (prices included) to nobody, and monthly amounts of documents only
to readers who may see what work costs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from optima_kit.actor import Actor

from ...domain.conflict import Conflict
from ...domain.connection import Description
from ...domain.failure import Failure, FailureGroup, Problem
from ...domain.reconciliation import Reconciliation

ConnectionAction = Literal["configure", "change_mapping", "check", "import", "reconcile", "resend"]
MappingAction = Literal["change"]
FailureAction = Literal["replay", "answer", "dismiss"]
FailureGroupAction = Literal["replay", "dismiss"]
ConflictAction = Literal["resolve"]
CustomerAction = Literal["edit"]
ReconciliationAction = Literal["delete_missing"]
RunAction = Literal["import"]

A = TypeVar("A", bound=str)


class ProblemText(Protocol):
    def __call__(self, problem: Problem) -> str:
        """Return what is wrong and what to do about it, in the reader's language."""


@dataclass(frozen=True, slots=True)
class Reader:
    actor: Actor
    text: ProblemText


def actions_on_connection(actor: Actor, description: Description) -> list[ConnectionAction]:
    syncs, configures = actor.may("erp.sync"), actor.may("erp.write")
    reads = any(each.reads for each in description.capabilities)
    return _possible(
        {
            "configure": configures,
            "change_mapping": configures,
            "check": syncs,
            "import": syncs and reads,
            "reconcile": syncs and any(each.may_be_compared for each in description.capabilities),
            "resend": syncs and any(each.writes for each in description.capabilities),
        }
    )


def actions_on_mapping(actor: Actor) -> list[MappingAction]:
    return _possible({"change": actor.may("erp.write")})


def actions_on_failure(actor: Actor, failure: Failure) -> list[FailureAction]:
    syncs = actor.may("erp.sync")
    return _possible(
        {
            "replay": syncs and failure.can_be_replayed,
            "answer": syncs and failure.is_question,
            "dismiss": syncs and failure.can_be_dismissed,
        }
    )


def actions_on_failure_group(actor: Actor, group: FailureGroup) -> list[FailureGroupAction]:
    syncs = actor.may("erp.sync")
    return _possible({"replay": syncs and group.can_be_replayed, "dismiss": syncs and group.can_be_dismissed})


def actions_on_conflict(actor: Actor, conflict: Conflict) -> list[ConflictAction]:
    return _possible({"resolve": actor.may("customer.write") and conflict.is_open})


def actions_on_customer(actor: Actor, editable: Collection[str]) -> list[CustomerAction]:
    return _possible({"edit": actor.may("customer.write") and bool(editable)})


def actions_on_reconciliation(actor: Actor, found: Reconciliation) -> list[ReconciliationAction]:
    return _possible({"delete_missing": actor.may("erp.sync") and found.may_delete})


def actions_on_run(actor: Actor) -> list[RunAction]:
    return _possible({"import": actor.may("erp.sync")})


def sees_amounts(actor: Actor) -> bool:
    return actor.may("job.economics.read")


def sees_payload(actor: Actor, failure: Failure) -> bool:
    return failure.direction == "in" and actor.may("customer.read")


def _possible(allowed: Mapping[A, bool]) -> list[A]:
    return [action for action, possible in allowed.items() if possible]
