"""What readers may see of orders, and what they may do with them now.

With `order.read` a person sees every order of the tenant, and of it what their other privileges show. With
only `phase.work` they see the phases that are assigned to them, as tasks: what is to be made, but not for
whom, by which other people or at what price.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

from optima_kit.actor import Actor
from optima_kit.refusals import WrongState

from ...domain import machine
from ...domain.changes import (
    deadline_may_change,
    destinations_may_change,
    price_may_be_amended,
    quantity_may_be_amended,
    quantity_may_change,
)
from ...domain.job import GRANTING, Job, Phase
from ...domain.job_changes import economics_may_change, kind_may_be_corrected
from ...domain.machine import Action, OrderState
from ...domain.order import FullOrder, line_may_be_closed, order_may_be_cancelled, order_may_be_closed
from ...domain.phase_rules import enough_is_back, next_state, something_is_back
from ..ports import BoardRow, Task

KindAction = Literal["replace"]
PricePolicyAction = Literal["set"]
OrderAction = Literal["cancel", "close", "change_deadline"]
JobAction = Literal[
    "set_economics",
    "request_amendment",
    "amend_quantity",
    "correct_kind",
    "close",
    "change_quantity",
    "change_destinations",
]
PhaseAction = Literal[
    "assign",
    "replace",
    "give_back",
    "start",
    "report",
    "complete",
    "accept",
    "reject",
    "skip",
    "outsource",
    "split",
    "join",
]
TaskAction = Literal["start", "report", "complete", "give_back"]
BoardAction = Literal["assign"]


def sees_customers(actor: Actor) -> bool:
    return actor.may("customer.read")


def sees_shipments(actor: Actor) -> bool:
    return actor.may("shipment.read")


def sees_phases(actor: Actor) -> bool:
    return actor.may("phase.read")


def sees_economics(actor: Actor) -> bool:
    return actor.may("job.economics.read")


def sees_margins(actor: Actor) -> bool:
    """Tell whether the actor may see margins over all orders: only the tenant's administrators may."""
    return actor.may("job.economics.write")


def works_on(actor: Actor, phase: Phase) -> bool:
    """Tell whether the phase is this actor's task."""
    return phase.assignee_id == actor.person_id and phase.state in GRANTING


# What an actor may do with a thing now: an action that is offered succeeds, any other is refused.


def actions_on_kind(actor: Actor) -> list[KindAction]:
    return ["replace"] if actor.may("kind.write") else []


def actions_on_price_policy(actor: Actor) -> list[PricePolicyAction]:
    return ["set"] if actor.may("job.economics.write") else []


def actions_on_order(actor: Actor, order: FullOrder) -> list[OrderAction]:
    if not actor.may("order.write"):
        return []
    allowed: dict[OrderAction, bool] = {
        "cancel": _holds(order_may_be_cancelled, order.order, order.progress),
        "close": _holds(order_may_be_closed, order),
        "change_deadline": _holds(deadline_may_change, order.order.state),
    }
    return [action for action, possible in allowed.items() if possible]


def actions_on_job(actor: Actor, order: FullOrder, job: Job) -> list[JobAction]:
    allowed: dict[JobAction, bool] = {
        "set_economics": actor.may("job.economics.write")
        and _holds(economics_may_change, order.order.state, job),
        "request_amendment": actor.may("job.economics.write") and _holds(price_may_be_amended, order, job),
        "amend_quantity": actor.may("job.economics.write") and _holds(quantity_may_be_amended, order, job),
        "correct_kind": actor.may("order.write") and _holds(kind_may_be_corrected, order.order.state, job),
        "close": actor.may("order.write") and _holds(line_may_be_closed, order, job),
        "change_quantity": actor.may("order.write") and _holds(quantity_may_change, order, job),
        "change_destinations": actor.may("order.write") and _holds(destinations_may_change, order, job),
    }
    return [action for action, possible in allowed.items() if possible]


def actions_on_phase(
    actor: Actor, order: OrderState, job: Job, phase: Phase, *, assignee_has_left: bool
) -> list[PhaseAction]:
    own_work = actor.may("phase.work") and works_on(actor, phase)
    step_of: dict[PhaseAction, tuple[bool, Action]] = {
        "assign": (actor.may("phase.assign"), Action.REPLACE if assignee_has_left else Action.ASSIGN),
        "replace": (actor.may("phase.assign"), Action.REPLACE),
        "give_back": (own_work, Action.GIVE_BACK),
        "start": (own_work, Action.START),
        "report": (own_work, Action.REPORT),
        "complete": (own_work, Action.COMPLETE),
        "accept": (actor.may("phase.inspect"), Action.ACCEPT),
        "reject": (actor.may("phase.inspect"), Action.REJECT),
        "skip": (actor.may("phase.assign"), Action.SKIP),
        "outsource": (actor.may("phase.assign"), Action.OUTSOURCE),
        "split": (actor.may("phase.assign"), Action.SPLIT),
        "join": (actor.may("phase.assign"), Action.JOIN),
    }
    return [
        action
        for action, (permitted, step) in step_of.items()
        if permitted and _holds(next_state, step, order, job, phase, actor.person_id)
    ]


def actions_on_board_row(actor: Actor, row: BoardRow) -> list[BoardAction]:
    step = Action.REPLACE if row.assignee_has_left else Action.ASSIGN
    possible = machine.is_possible(step, row.phase.state, row.job_state, row.order_state)
    return ["assign"] if actor.may("phase.assign") and possible else []


def actions_on_task(task: Task) -> list[TaskAction]:
    """List the actions of a task's assignee, the only person who reads it."""
    return [
        step
        for step in get_args(TaskAction)
        if machine.is_possible(Action(step), task.phase.state, task.job_state, task.order_state)
        and not (step == "start" and task.phase.proof_missing)
        and not (step == "complete" and (task.awaits_others or not _is_back(task)))
        and not (step == "report" and not _holds(something_is_back, task.phase))
    ]


def _is_back(task: Task) -> bool:
    return _holds(enough_is_back, task.phase, task.least)


def _holds(rule: Callable[..., object], *facts: object) -> bool:
    """Tell whether the rule that commands obey raises nothing."""
    try:
        rule(*facts)
    except WrongState:
        return False
    return True
