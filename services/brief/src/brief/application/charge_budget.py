"""Charge briefs to their budgets: an amount is committed when a brief is approved, spent as it is delivered,
and given back if nothing more will be delivered."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, get_args
from uuid import UUID

from pydantic import BaseModel

from optima_contracts.economics import BudgetCause, BudgetCharged, BudgetPlanned
from optima_contracts.money import money_text

from ..domain.brief import Brief
from ..domain.budgets import NOTHING, Budget, Change, Charge, Due, Entry, EntryCause, Holder, due_of
from ..domain.content import Content
from ..domain.lifecycle import AuditContext, State
from .ports import Ports

GRANT: Final = "budget.grant"
MOST_GRANTED: Final = 1000
"""The most briefs that are reconsidered when a budget gets room."""
TOLD_CAUSES: Final = frozenset(get_args(BudgetCause))


class ReconsiderBrief(BaseModel):
    """Payload of the job that reconsiders a brief because its budget may have room now."""

    brief_id: UUID


def holder_of(brief: Brief, content: Content) -> Holder | None:
    """Return whose budget the brief is charged to: the cost centre that it names, or else its unit."""
    if content.cost_centre is not None:
        return Holder(cost_centre=content.cost_centre)
    return Holder(unit_id=brief.unit_id) if brief.unit_id is not None else None


async def commit_brief(ports: Ports, brief: Brief, context: AuditContext) -> UUID | None:
    """Commit the brief's amount in the budget whose period contains its deadline. Return the budget's id if
    it blocks and has no room, which means that the brief has to wait; otherwise None."""
    assert brief.submitted is not None
    content = brief.submitted.content
    holder = holder_of(brief, content)
    if holder is None or content.deadline is None:
        return None
    budget = await ports.budgets.lock_budget_of(holder, content.deadline)
    if budget is None:
        return None
    amount = brief.pricing.total if brief.pricing else (content.budget or NOTHING)
    waits = budget.makes_wait(amount)
    charge = Charge(
        brief_id=brief.brief_id,
        budget_id=budget.budget_id,
        committed=NOTHING,
        spent=NOTHING,
        uncovered=amount if waits else NOTHING,
        waiting=waits,
        since=context.at,
    )
    change = Change() if waits else budget.charge(charge, Due(amount, NOTHING))
    record_charge(ports, budget, charge, change, EntryCause.APPROVED, None, context)
    return budget.budget_id if waits else None


async def settle_charge(
    ports: Ports,
    brief_id: UUID,
    cause: EntryCause,
    context: AuditContext,
    reason: str | None = None,
) -> None:
    """Charge what is due for the brief by all that is known of it now. Nothing happens if the brief has no
    budget or nothing has changed."""
    charge = await ports.budgets.lock_charge(brief_id)
    if charge is None:
        return
    brief = await ports.briefs.find_brief(brief_id)
    assert brief is not None
    if brief.state is State.OVER_BUDGET:
        return
    due = await _due(ports, brief)
    if charge.is_settled(due):
        return
    before = replace(charge)
    budget = await ports.budgets.lock_budget(charge.budget_id)
    assert budget is not None
    charge.waiting = False
    change = budget.charge(charge, due)
    if charge == before:
        return
    record_charge(ports, budget, charge, change, cause, reason, context)
    if change.committed + change.spent < 0:
        await offer_room(ports, budget)


async def cover_charge(ports: Ports, brief: Brief, charge: Charge, budget: Budget) -> Change:
    """Cover as much of a brief's uncovered amount as the budget has room for. The brief is under way."""
    return budget.charge(charge, await _due(ports, brief))


async def offer_room(ports: Ports, budget: Budget) -> None:
    """Schedule a job for each brief that the budget leaves uncovered, because it may have room now."""
    for brief_id in await ports.budgets.list_uncovered(budget.budget_id, MOST_GRANTED):
        ports.jobs.schedule(GRANT, ReconsiderBrief(brief_id=brief_id), key=str(brief_id))


def record_charge(
    ports: Ports,
    budget: Budget,
    charge: Charge,
    change: Change,
    cause: EntryCause,
    reason: str | None,
    context: AuditContext,
) -> None:
    ports.budgets.upsert_charge(charge)
    if change:
        ports.budgets.update_budget(budget)
        ports.budgets.insert_entry(
            budget.budget_id,
            Entry(
                at=context.at,
                cause=cause,
                change=change,
                brief_id=charge.brief_id,
                reason=reason,
                actor_id=context.actor_id,
                on_behalf_of=context.on_behalf_of,
            ),
        )
    assert cause.value in TOLD_CAUSES
    charged = BudgetCharged(
        budget_id=budget.budget_id,
        brief_id=charge.brief_id,
        cause=cause.value,
        committed=money_text(charge.committed),
        spent=money_text(charge.spent),
        uncovered=money_text(charge.uncovered),
        budget_planned=money_text(budget.planned),
        budget_committed=money_text(budget.committed),
        budget_spent=money_text(budget.spent),
    )
    ports.outbox.add(charged, subject=budget.budget_id, correlation=charge.brief_id)


def tell_plan(
    ports: Ports, budget: Budget, reason: str | None, released_brief_id: UUID | None = None
) -> None:
    planned = BudgetPlanned(
        budget_id=budget.budget_id,
        name=budget.name,
        unit_id=budget.holder.unit_id,
        cost_centre=budget.holder.cost_centre,
        period_from=budget.period.first,
        period_to=budget.period.last,
        planned=money_text(budget.planned),
        blocking=budget.blocking,
        reason=reason,
        released_brief_id=released_brief_id,
    )
    correlation = released_brief_id or budget.budget_id
    ports.outbox.add(planned, subject=budget.budget_id, correlation=correlation)


async def _due(ports: Ports, brief: Brief) -> Due:
    return due_of(
        brief,
        await ports.progress.list_jobs(brief.brief_id),
        await ports.progress.list_shipments(brief.brief_id),
    )
