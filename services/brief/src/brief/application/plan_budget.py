"""People who may write budgets plan a budget, change its plan, and release a brief that exceeds it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.ids import new_id
from optima_kit.refusals import Absent, Stale, WrongState

from ..domain import budgets
from ..domain.brief import Brief
from ..domain.budgets import Budget, Change, Entry, EntryCause, Holder, Period
from ..domain.lifecycle import AuditContext
from .access import brief_to_change
from .approve_brief import tell_approved
from .charge_budget import offer_room, record_charge, tell_plan
from .ports import Ports
from .read.access import require_budgets


async def plan_budget(
    ports: Ports,
    actor: Actor,
    *,
    name: str,
    holder: Holder,
    period: Period,
    planned: Decimal,
    blocking: bool,
    reason: str | None,
) -> Budget:
    """Plan a budget, to which briefs approved from now on are charged. Raises WrongState if the unit or cost
    centre already has a budget for some day of the period."""
    require_budgets(actor)
    budgets.plan_is_within_bounds(planned)
    budget = budgets.plan_budget(new_id(), name, holder, period, planned, blocking=blocking)
    await ports.budgets.lock_holder(holder)
    if await ports.budgets.has_overlap(holder, period):
        raise WrongState("budget_overlaps", field="period_from")
    entry = _entry(ports, actor, EntryCause.PLANNED, Change(planned=planned), None, reason)
    await ports.budgets.insert_budget(budget, entry)
    tell_plan(ports, budget, reason)
    return budget


async def change_plan(
    ports: Ports,
    actor: Actor,
    budget_id: UUID,
    expected_version: int | None,
    *,
    planned: Decimal,
    blocking: bool,
    first: date | None,
    last: date | None,
    reason: str,
) -> Budget:
    """Change a budget's plan, and its period if a first or last day is given. Briefs that wait for the budget
    get what there is room for. An unchanged plan has no effect."""
    require_budgets(actor)
    budgets.plan_is_within_bounds(planned)
    budget = await ports.budgets.lock_budget(budget_id)
    if budget is None:
        raise Absent("budget_absent")
    if expected_version is not None and expected_version != budget.version:
        raise Stale("stale_version", field="If-Match")
    period = Period(first or budget.period.first, last or budget.period.last)
    if (budget.planned, budget.blocking, budget.period) == (planned, blocking, period):
        return budget
    if period != budget.period:
        budget.move(period, charged=await ports.budgets.is_charged(budget_id))
        await ports.budgets.lock_holder(budget.holder)
        if await ports.budgets.has_overlap(budget.holder, period, without=budget_id):
            raise WrongState("budget_overlaps", field="period_from")
    grown = budget.replan(planned, blocking=blocking)
    ports.budgets.update_budget(budget)
    entry = _entry(ports, actor, EntryCause.PLAN_CHANGED, Change(planned=grown), None, reason)
    ports.budgets.insert_entry(budget_id, entry)
    tell_plan(ports, budget, reason)
    await offer_room(ports, budget)
    return budget


async def release_brief(
    ports: Ports, actor: Actor, brief_id: UUID, expected_version: int | None, reason: str
) -> Brief:
    """Raise the plan by the amount that the brief lacks, for a reason, and approve the brief."""
    brief = await brief_to_change(ports, actor, brief_id, expected_version)
    require_budgets(actor)
    brief.waits_for_budget()
    charge = await ports.budgets.lock_charge(brief_id)
    assert charge is not None, "a brief that waits for its budget has a charge"
    budget = await ports.budgets.lock_budget(charge.budget_id)
    assert budget is not None
    context = AuditContext(ports.now, actor.person_id)
    lacking = charge.uncovered - budget.room_for(charge.uncovered)
    if lacking:
        budget.replan(budget.planned + lacking, blocking=budget.blocking)
        budgets.plan_is_within_bounds(budget.planned)
        entry = _entry(ports, actor, EntryCause.RELEASED, Change(planned=lacking), brief_id, reason)
        ports.budgets.insert_entry(budget.budget_id, entry)
        tell_plan(ports, budget, reason, brief_id)
    granted = budget.grant(charge)
    assert granted is not None, "the plan was raised by the lacking amount"
    record_charge(ports, budget, charge, granted, EntryCause.RELEASED, None, context)
    brief.budget_granted(reason, context)
    await ports.briefs.update_brief(brief)
    tell_approved(ports, brief)
    return brief


def _entry(
    ports: Ports,
    actor: Actor,
    cause: EntryCause,
    change: Change,
    brief_id: UUID | None,
    reason: str | None,
) -> Entry:
    return Entry(
        at=ports.now,
        cause=cause,
        change=change,
        brief_id=brief_id,
        reason=reason,
        actor_id=actor.person_id,
        on_behalf_of=None,
    )
