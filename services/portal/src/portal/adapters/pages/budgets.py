"""Budgets of units and cost centres: planned, committed, spent, and who waits for one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ..amounts import plain_number, typed_number
from ..client import Refused, part, with_parts
from ..forms import NOTHING_SENT, RefusedForm, filled
from ..navigation import leads_to

pages = Pages()

_PERIOD = ("period_from", "period_to")
_TYPED = ("name", "unit_id", "cost_centre", "period_from", "period_to", "planned", "blocking", "reason")


@pages.get("/budgets")
async def show_budgets(call: PageCall) -> Answer:
    exceeded = call.query.get("exceeded") == "yes"
    sort = "available" if call.query.get("sort") == "available" else "period"
    found = await part(
        call.session.services.get(
            "brief",
            "/v1/budgets",
            limit=50,
            sort=sort,
            exceeded="true" if exceeded else None,
            day=call.query.get("day") or None,
            cursor=call.query.get("cursor"),
        )
    )
    context = {
        "budgets": found,
        "exceeded": exceeded,
        "sort": sort,
        "day": call.query.get("day", ""),
    }
    return TemplateAnswer("budgets.html", context)


@pages.get("/new-budget")
async def show_new(call: PageCall) -> Answer:
    return await _form(call)


@pages.post("/new-budget")
async def plan(call: PageCall) -> Answer:
    given = {name: call.text(name) for name in _TYPED}
    body: dict[str, Any] = filled(**{name: given[name] for name in _TYPED if name != "blocking"})
    body |= {"planned": plain_number(given["planned"], call.language), "blocking": given["blocking"] == "yes"}
    try:
        budget = await call.session.services.send("brief", "POST", "/v1/budgets", body, key=call.text("once"))
    except Refused as refused:
        return await _form(call, RefusedForm("budget", given, refused))
    return SeeOther(f"/budgets/{budget['id']}")


@pages.get("/budgets/{budget_id}")
async def show_budget(call: PageCall, budget_id: UUID) -> Answer:
    return await _page(call, budget_id)


@pages.post("/budgets/{budget_id}/plan")
async def change_plan(call: PageCall, budget_id: UUID) -> Answer:
    given = {name: call.text(name) for name in ("planned", "blocking", "reason", *_PERIOD)}
    body = {
        "planned": plain_number(given["planned"], call.language),
        "blocking": given["blocking"] == "yes",
        "reason": given["reason"],
        **{name: given[name] for name in _PERIOD if given[name]},
    }
    try:
        await call.session.services.send(
            "brief", "PUT", f"/v1/budgets/{budget_id}/plan", body, version=call.text("version")
        )
    except Refused as refused:
        return await _page(call, budget_id, RefusedForm("plan", given, refused))
    return SeeOther(f"/budgets/{budget_id}")


async def budget_of(call: PageCall, brief_id: UUID | str) -> Any:
    """Return what a brief takes from its budget, or None if there is no budget or the reader may not see
    it."""
    if not leads_to(call.session.actor, "/budgets"):
        return None
    return await part(call.session.services.get("brief", f"/v1/briefs/{brief_id}/budget"))


async def _form(call: PageCall, sent: RefusedForm = NOTHING_SENT) -> Answer:
    units = await part(call.session.services.every("identity", "/v1/units"))
    named = [(each["id"], each["name"]) for each in units["items"]] if units else []
    context = {"units": sorted(named, key=lambda each: str(each[1])), "sent": sent}
    return TemplateAnswer("budget_form.html", context, sent.status)


async def _page(call: PageCall, budget_id: UUID, sent: RefusedForm = NOTHING_SENT) -> Answer:
    services = call.session.services
    path = f"/v1/budgets/{budget_id}"
    budget, charges, entries = await with_parts(
        services.get("brief", path),
        services.get("brief", f"{path}/charges", limit=100),
        services.get("brief", f"{path}/entries", limit=100),
    )
    context = {
        "budget": budget,
        "charges": charges,
        "entries": entries,
        "planned": typed_number(budget["planned"], call.language),
        "sent": sent,
    }
    return TemplateAnswer("budget.html", context, sent.status)
