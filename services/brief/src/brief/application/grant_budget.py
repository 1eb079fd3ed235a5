"""Continue a brief that waits for its budget, because the budget may have room now."""

from __future__ import annotations

from ..domain.budgets import EntryCause
from ..domain.lifecycle import AuditContext, State
from .approve_brief import tell_approved
from .charge_budget import ReconsiderBrief, cover_charge, record_charge
from .ports import Ports


async def grant_budget(ports: Ports, wanted: ReconsiderBrief) -> None:
    """Approve a waiting brief if its budget has room for all of it. For a brief that is under way, cover as
    much as there is room for. Nothing happens if this is a repetition, or if another brief took the room."""
    brief = await ports.briefs.lock_brief(wanted.brief_id)
    charge = await ports.budgets.lock_charge(wanted.brief_id)
    if brief is None or charge is None or not charge.uncovered:
        return
    budget = await ports.budgets.lock_budget(charge.budget_id)
    assert budget is not None
    context = AuditContext(ports.now)
    if not charge.waiting:
        change = await cover_charge(ports, brief, charge, budget)
        if change:
            record_charge(ports, budget, charge, change, EntryCause.ROOM_MADE, None, context)
        return
    if brief.state is State.OVER_BUDGET and (granted := budget.grant(charge)) is not None:
        record_charge(ports, budget, charge, granted, EntryCause.ROOM_MADE, None, context)
        brief.budget_granted(None, context)
        await ports.briefs.update_brief(brief)
        tell_approved(ports, brief)
