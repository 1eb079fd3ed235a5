"""The requester submits a draft for approval."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.brief import BriefContent, BriefSubmitted
from optima_contracts.economics import BudgetTold
from optima_contracts.money import money_text
from optima_kit.actor import Actor
from optima_kit.refusals import Invalid

from ..domain.brief import Brief
from ..domain.budgets import Budget
from ..domain.content import Content
from ..domain.forms import form_is_complete
from ..domain.lifecycle import AuditContext
from ..domain.types import BriefType
from .access import own_brief_to_change
from .charge_budget import holder_of
from .ports import Ports
from .read.access import may_look_after_briefs


async def submit_brief(
    ports: Ports, actor: Actor, brief_id: UUID, expected_version: int | None, process: str | None
) -> Brief:
    """Freeze the revision and submit it. Only the approval service knows whether the process exists: if it
    cannot open an approval, the brief comes back as a draft with the reason."""
    brief = await own_brief_to_change(ports, actor, brief_id, expected_version)
    draft = brief.open_draft()
    begun = await ports.types.find_type(draft.type_key, draft.type_version) if draft.type_key else None
    if begun is not None:
        form_is_complete(begun.form, draft.form)
    process = process or _process_of(begun)
    budget = await _budget_of(ports, brief, draft)
    revision = brief.submit(process, AuditContext(ports.now, actor.person_id))
    await ports.briefs.insert_revision(brief_id, revision)
    await ports.briefs.update_brief(brief)
    if budget is not None:
        told = BudgetTold(
            brief_id=brief_id,
            revision=revision.revision,
            budget_id=budget.budget_id,
            planned=money_text(budget.planned),
            committed=money_text(budget.committed),
            spent=money_text(budget.spent),
        )
        ports.outbox.add(told, subject=brief_id, correlation=brief_id)
    submitted = BriefSubmitted(
        brief_id=brief_id,
        number=brief.number,
        revision=revision.revision,
        content_hash=revision.content_hash,
        process=process,
        requester_id=brief.requester_id,
        unit_id=brief.unit_id,
        purchasing_owner_id=await _purchasing_owner(ports, begun),
        budget_told=budget is not None or None,
        content=BriefContent.model_validate(revision.content.as_json()),
    )
    ports.outbox.add(submitted, subject=brief_id, correlation=brief_id)
    return brief


def _process_of(begun: BriefType | None) -> str:
    if begun is None or begun.process is None:
        raise Invalid("process_missing", field="process")
    return begun.process


async def _budget_of(ports: Ports, brief: Brief, content: Content) -> Budget | None:
    """Return the budget to which the brief is to be charged, if there is one. Raises Invalid if the brief
    names a cost centre without a budget; otherwise people could avoid the budget of their unit with any cost
    centre."""
    holder = holder_of(brief, content)
    if holder is None or content.deadline is None:
        return None
    budget = await ports.budgets.find_budget_of(holder, content.deadline)
    if budget is None and content.cost_centre is not None:
        raise Invalid("cost_centre_without_budget", field="cost_centre", cost_centre=content.cost_centre)
    return budget


async def _purchasing_owner(ports: Ports, begun: BriefType | None) -> UUID | None:
    """Return the person who looks after briefs of this type, or None if there is nobody or they may no longer
    price briefs."""
    if begun is None or begun.purchasing_owner_id is None:
        return None
    owner = await ports.directory.find_person(begun.purchasing_owner_id)
    return owner.id if owner is not None and may_look_after_briefs(owner) else None
