"""Read budgets, the charges of briefs, and the changes of their balance."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.fields import PersonView
from optima_kit.pages import Page, PageQuery, page_of
from optima_kit.refusals import Absent

from ...domain.brief import Brief
from ...domain.budgets import NOTHING, Budget
from ...domain.rules import day_in_rome
from ..charge_budget import holder_of
from ..ports import BudgetFilters, ListedBudget, ListedCharge, ListedEntry, Ports
from .access import actions_on_budget, require_budgets, shown_content, visible_brief
from .budget_views import (
    BriefBudgetView,
    BriefOfBudgetView,
    BudgetChargeView,
    BudgetEntryView,
    BudgetSummaryView,
    BudgetView,
    CostCentreView,
)
from .views import UnitView

Names = Mapping[UUID, str]


async def list_budgets(
    ports: Ports, actor: Actor, query: PageQuery, filters: BudgetFilters, *, by_available: bool
) -> Page[BudgetSummaryView]:
    """List budgets with the newest period first, or with the least available amount first."""
    require_budgets(actor)
    after = _after(query, by_available=by_available)
    found = await ports.budgets.list_budgets(filters, after, query.rows, by_available=by_available)
    names = await ports.directory.names(each.budget.holder.unit_id for each in found)
    return page_of(
        query,
        found,
        lambda each: BudgetSummaryView(**_summary(each.budget, names), uncovered=each.uncovered),
        lambda last: _place(last, by_available=by_available),
    )


def _after(query: PageQuery, *, by_available: bool) -> tuple[date | None, Decimal | None, UUID] | None:
    if query.cursor is None:
        return None
    if by_available:
        cents, last_id = query.after(int, UUID)
        return None, Decimal(cents) / 100, last_id
    first, last_id = query.after(date, UUID)
    return first, None, last_id


def _place(last: ListedBudget, *, by_available: bool) -> tuple[Any, ...]:
    budget = last.budget
    return (int(budget.available * 100) if by_available else budget.period.first), budget.budget_id


async def read_budget(ports: Ports, actor: Actor, budget_id: UUID) -> BudgetView:
    require_budgets(actor)
    return await show_budget(ports, actor, await _budget(ports, budget_id))


async def show_budget(ports: Ports, actor: Actor, budget: Budget) -> BudgetView:
    """Build the view of a loaded budget."""
    names = await ports.directory.names([budget.holder.unit_id])
    return BudgetView(**_summary(budget, names), version=budget.version, actions=actions_on_budget(actor))


async def list_entries(
    ports: Ports, actor: Actor, budget_id: UUID, query: PageQuery
) -> Page[BudgetEntryView]:
    """List the changes of a budget's balance, newest first."""
    require_budgets(actor)
    await _budget(ports, budget_id)
    found = await ports.budgets.list_entries(budget_id, query.after(int), query.rows)
    people = (each for row in found for each in (row.entry.actor_id, row.entry.on_behalf_of))
    names = await ports.directory.names(people)
    return page_of(query, found, lambda row: _entry(actor, row, names), lambda row: row.place)


async def list_charges(
    ports: Ports, actor: Actor, budget_id: UUID, query: PageQuery, *, uncovered_only: bool
) -> Page[BudgetChargeView]:
    """List the charges of briefs to a budget. Those of the newest briefs come first."""
    require_budgets(actor)
    await _budget(ports, budget_id)
    found = await ports.budgets.list_charges(
        budget_id, query.after(UUID), query.rows, uncovered_only=uncovered_only
    )
    return page_of(query, found, lambda row: _charge(actor, row), lambda row: row.charge.brief_id)


async def read_budget_of_brief(ports: Ports, actor: Actor, brief_id: UUID) -> BriefBudgetView:
    """Read a brief's budget and what the brief takes from it. Before its approval, this is what the revision
    that the reader sees would take."""
    return await show_budget_of_brief(ports, actor, await visible_brief(ports, actor, brief_id))


async def show_budget_of_brief(ports: Ports, actor: Actor, brief: Brief) -> BriefBudgetView:
    """Build the view of the budget of a loaded brief that the reader may see."""
    require_budgets(actor)
    charge = await ports.budgets.find_charge(brief.brief_id)
    _, content = shown_content(actor, brief)
    if charge is not None:
        budget = await ports.budgets.find_budget(charge.budget_id)
        amount = charge.committed + charge.spent + charge.uncovered
    else:
        holder = holder_of(brief, content)
        budget = None
        if holder is not None and content.deadline is not None:
            budget = await ports.budgets.find_budget_of(holder, content.deadline)
        priced = brief.pricing if brief.submitted and content is brief.submitted.content else None
        amount = priced.total if priced else (content.budget or NOTHING)
    if budget is None:
        raise Absent("brief_without_budget")
    names = await ports.directory.names([budget.holder.unit_id])
    return BriefBudgetView(
        budget=BudgetSummaryView(**_summary(budget, names)),
        charged=charge is not None,
        amount=amount,
        committed=charge.committed if charge else NOTHING,
        spent=charge.spent if charge else NOTHING,
        uncovered=charge.uncovered if charge else NOTHING,
        waiting=charge is not None and charge.waiting,
        left=budget.available - (charge.uncovered if charge else amount),
    )


async def list_cost_centres(ports: Ports, query: PageQuery) -> Page[CostCentreView]:
    """List the cost centres that have a budget today or later, sorted by key, without their amounts."""
    today = day_in_rome(ports.now)
    found = await ports.budgets.list_cost_centres(today, query.after(str) or "", query.rows)
    return page_of(query, found, lambda row: CostCentreView(key=row[0], name=row[1]), lambda row: row[0])


async def _budget(ports: Ports, budget_id: UUID) -> Budget:
    found = await ports.budgets.find_budget(budget_id)
    if found is None:
        raise Absent("budget_absent")
    return found


def _summary(budget: Budget, names: Names) -> dict[str, Any]:
    unit_id = budget.holder.unit_id
    return {
        "id": budget.budget_id,
        "name": budget.name,
        "unit": UnitView(id=unit_id, name=names.get(unit_id)) if unit_id else None,
        "cost_centre": budget.holder.cost_centre,
        "period_from": budget.period.first,
        "period_to": budget.period.last,
        "planned": budget.planned,
        "committed": budget.committed,
        "spent": budget.spent,
        "available": budget.available,
        "blocking": budget.blocking,
    }


def _brief(
    actor: Actor, brief_id: UUID | None, number: str | None, requester_id: UUID | None
) -> BriefOfBudgetView | None:
    """Return the brief if the actor may see it. A charged brief has been submitted, so people who may read
    all briefs may see it."""
    if brief_id is None or number is None:
        return None
    own = requester_id == actor.person_id and actor.may("brief.read")
    return BriefOfBudgetView(id=brief_id, number=number) if own or actor.may("brief.read_all") else None


def _entry(actor: Actor, row: ListedEntry, names: Names) -> BudgetEntryView:
    entry = row.entry
    return BudgetEntryView(
        at=entry.at,
        cause=entry.cause,
        brief=_brief(actor, entry.brief_id, row.number, row.requester_id),
        planned=entry.change.planned,
        committed=entry.change.committed,
        spent=entry.change.spent,
        reason=entry.reason,
        actor=PersonView.of(entry.actor_id, names),
        on_behalf_of=PersonView.of(entry.on_behalf_of, names),
    )


def _charge(actor: Actor, row: ListedCharge) -> BudgetChargeView:
    charge = row.charge
    brief = _brief(actor, charge.brief_id, row.number, row.requester_id)
    return BudgetChargeView(
        brief=brief,
        title=row.title if brief else None,
        state=row.state if brief else None,
        committed=charge.committed,
        spent=charge.spent,
        uncovered=charge.uncovered,
        waiting=charge.waiting,
    )
