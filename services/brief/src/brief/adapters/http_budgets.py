"""Endpoints for budgets. Readers must be allowed to see budgets and the prices that are charged to them;
planners must be allowed to write budgets as well."""

from __future__ import annotations

from uuid import UUID

from optima_kit.http import Call, Page, PageQuery, Reply, Routes

from ..application.plan_budget import change_plan, plan_budget, release_brief
from ..application.ports import BudgetFilters, Ports
from ..application.read import budgets
from ..application.read.briefs import show_brief
from ..application.read.budget_views import (
    BriefBudgetView,
    BudgetChargeView,
    BudgetEntryView,
    BudgetSummaryView,
    BudgetView,
    CostCentreView,
)
from ..application.read.views import BriefView
from ..domain.budgets import Budget, Holder, Period
from .requests import BudgetsQuery, ChangePlan, ChargesQuery, PlanBudget, ReleaseBudget

budget_routes = Routes()


async def _shown(call: Call[Ports], budget: Budget, location: str | None = None) -> Reply[BudgetView]:
    view = await budgets.show_budget(call.ports, call.actor, budget)
    return Reply(view, version=view.version, location=location)


@budget_routes.post("/v1/budgets", privilege="budget.write", status=201)
async def plan(call: Call[Ports], body: PlanBudget) -> Reply[BudgetView]:
    """Plan a budget of a unit or a cost centre for a period

    It counts for briefs that are approved from now on and whose deadline lies in the period. Needs
    `budget.read` and `brief.price.read` as well."""
    budget = await plan_budget(
        call.ports,
        call.actor,
        name=body.name,
        holder=Holder(body.unit_id, body.cost_centre),
        period=Period(body.period_from, body.period_to),
        planned=body.planned,
        blocking=body.blocking,
        reason=body.reason,
    )
    return await _shown(call, budget, f"/v1/budgets/{budget.budget_id}")


@budget_routes.get("/v1/budgets", privilege="budget.read")
async def list_budgets(call: Call[Ports], query: BudgetsQuery) -> Page[BudgetSummaryView]:
    """List budgets, with the newest period first or with the least available amount first

    Needs `brief.price.read` as well."""
    filters = BudgetFilters(query.unit_id, query.cost_centre, query.day, query.exceeded)
    by_available = query.sort == "available"
    return await budgets.list_budgets(call.ports, call.actor, query, filters, by_available=by_available)


@budget_routes.get("/v1/budgets/{budget_id}", privilege="budget.read")
async def read_budget(call: Call[Ports], budget_id: UUID) -> Reply[BudgetView]:
    """Read a budget: planned, committed, spent, available"""
    view = await budgets.read_budget(call.ports, call.actor, budget_id)
    return Reply(view, version=view.version)


@budget_routes.put("/v1/budgets/{budget_id}/plan", privilege="budget.write", if_match="optional")
async def put_plan(call: Call[Ports], budget_id: UUID, body: ChangePlan) -> Reply[BudgetView]:
    """Change a budget's plan, for a reason; briefs that wait for it go on as far as there is room

    The period may change as well, until a brief is charged to the budget. Briefs that were approved while the
    period was wrong are not charged by the change."""
    budget = await change_plan(
        call.ports,
        call.actor,
        budget_id,
        call.expected_version,
        planned=body.planned,
        blocking=body.blocking,
        first=body.period_from,
        last=body.period_to,
        reason=body.reason,
    )
    return await _shown(call, budget)


@budget_routes.get("/v1/budgets/{budget_id}/entries", privilege="budget.read")
async def list_entries(call: Call[Ports], budget_id: UUID, query: PageQuery) -> Page[BudgetEntryView]:
    """List every change of a budget's balance, newest first: when, by whom, why"""
    return await budgets.list_entries(call.ports, call.actor, budget_id, query)


@budget_routes.get("/v1/budgets/{budget_id}/charges", privilege="budget.read")
async def list_charges(call: Call[Ports], budget_id: UUID, query: ChargesQuery) -> Page[BudgetChargeView]:
    """List what each brief takes from a budget, newest brief first"""
    return await budgets.list_charges(
        call.ports, call.actor, budget_id, query, uncovered_only=query.uncovered
    )


@budget_routes.get("/v1/briefs/{brief_id}/budget", privilege="budget.read")
async def read_brief_budget(call: Call[Ports], brief_id: UUID) -> BriefBudgetView:
    """Read the budget to which a brief is or would be charged, and what the brief takes from it"""
    return await budgets.read_budget_of_brief(call.ports, call.actor, brief_id)


@budget_routes.post("/v1/briefs/{brief_id}/budget-release", privilege="budget.write", if_match="optional")
async def release(call: Call[Ports], brief_id: UUID, body: ReleaseBudget) -> Reply[BriefView]:
    """Release a brief that waits for its budget: the plan grows by what the brief lacks, for a reason"""
    brief = await release_brief(call.ports, call.actor, brief_id, call.expected_version, body.reason)
    view = await show_brief(call.ports, call.actor, brief)
    return Reply(view, version=view.version)


@budget_routes.get("/v1/cost-centres", privilege="brief.create")
async def list_cost_centres(call: Call[Ports], query: PageQuery) -> Page[CostCentreView]:
    """List the cost centres that a brief may name, by key: those that have a budget"""
    return await budgets.list_cost_centres(call.ports, query)
