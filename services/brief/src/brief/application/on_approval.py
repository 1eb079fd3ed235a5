"""React to approval's events about submitted briefs. Each event is about one revision; if this is not the
brief's present revision, the event is late and changes nothing. The end of an approval counts even if the
event of its opening has not arrived yet."""

from __future__ import annotations

import logging

from optima_contracts.approval import (
    ApprovalCancelled,
    ApprovalExpired,
    ApprovalNotOpened,
    ApprovalOpened,
    ApprovalRevoked,
    Approved,
    ChangesRequested,
    Rejected,
)
from optima_contracts.brief import (
    BriefChangesRequested,
    BriefOverBudget,
    BriefRejected,
    BriefReturned,
    ReturnCause,
)

from ..domain.brief import Brief
from ..domain.lifecycle import AuditContext, Cause
from .access import known_brief
from .approve_brief import tell_approved
from .charge_budget import commit_brief
from .ports import Ports
from .tell_cancelled import tell_cancelled

log = logging.getLogger(__name__)


async def on_approval_opened(ports: Ports, event: ApprovalOpened, context: AuditContext) -> None:
    """Link the approval to the brief. A duplicate, or an event after the approval's end, changes nothing."""
    brief = await known_brief(ports, event.subject_id)
    if brief.approval_opened(event.approval_id, event.subject_revision, context):
        await ports.briefs.update_brief(brief)


async def on_approved(ports: Ports, event: Approved, context: AuditContext) -> None:
    """Approve the brief or, if its budget blocks and has no room, let it wait for the budget. A duplicate, or
    an approval of an earlier revision, changes nothing. An approval of other prices than the present ones
    does not count: purchasing changed prices while the last approver decided, and approval asks again for the
    new ones."""
    brief = await known_brief(ports, event.subject_id)
    if not brief.awaits_decision_on(event.subject_revision):
        return
    if not brief.would_be_approved(event.subject_revision, event.content_hash):
        log.warning(
            "approval %s does not count: revision %s of brief %s says something else by now",
            event.approval_id,
            event.subject_revision,
            brief.brief_id,
        )
    elif (awaited := await commit_brief(ports, brief, context)) is None:
        brief.approved(event.approval_id, event.subject_revision, event.content_hash, context)
        await ports.briefs.update_brief(brief)
        tell_approved(ports, brief)
    else:
        brief.approved_over_budget(event.approval_id, event.subject_revision, event.content_hash, context)
        await ports.briefs.update_brief(brief)
        over = BriefOverBudget(
            brief_id=brief.brief_id,
            number=brief.number,
            revision=brief.revision,
            approval_id=event.approval_id,
            requester_id=brief.requester_id,
            title=brief.submitted.content.title if brief.submitted else None,
            budget_id=awaited,
            recipients=await ports.directory.list_who_may("budget.write", "budget.read", "brief.price.read"),
        )
        ports.outbox.add(over, subject=brief.brief_id, correlation=brief.brief_id)


async def on_rejected(ports: Ports, event: Rejected, context: AuditContext) -> None:
    """Reject the brief. A duplicate, or the rejection of an earlier revision, changes nothing."""
    brief = await known_brief(ports, event.subject_id)
    reason = event.reason or ""
    if brief.rejected(event.approval_id, event.subject_revision, reason, context):
        await ports.briefs.update_brief(brief)
        rejected = BriefRejected(brief_id=brief.brief_id, revision=event.subject_revision, reason=reason)
        ports.outbox.add(rejected, subject=brief.brief_id, correlation=brief.brief_id)


async def on_changes_requested(ports: Ports, event: ChangesRequested, context: AuditContext) -> None:
    """Begin the next revision's draft. A duplicate, or a request about an earlier revision, changes
    nothing."""
    brief = await known_brief(ports, event.subject_id)
    reason = event.reason or ""
    if brief.changes_requested(event.approval_id, event.subject_revision, reason, context):
        await ports.briefs.update_brief(brief)
        requested = BriefChangesRequested(
            brief_id=brief.brief_id, revision=event.subject_revision, reason=reason
        )
        ports.outbox.add(requested, subject=brief.brief_id, correlation=brief.brief_id)


async def on_approval_not_opened(ports: Ports, event: ApprovalNotOpened, context: AuditContext) -> None:
    """Return the brief to its requester. A duplicate, or an event of an earlier revision, changes nothing."""
    brief = await known_brief(ports, event.subject_id)
    await _return_brief(ports, brief, event, "approval_not_opened", context)


async def on_approval_recalled(ports: Ports, event: ApprovalCancelled, context: AuditContext) -> None:
    """Return the brief to its requester. A duplicate, or an event of an earlier revision, changes nothing.
    Approval also cancels approvals of cancelled briefs; such a brief stays cancelled."""
    brief = await known_brief(ports, event.subject_id)
    await _return_brief(ports, brief, event, "recalled", context)


async def on_approval_expired(ports: Ports, event: ApprovalExpired, context: AuditContext) -> None:
    """Return the brief to its requester. A duplicate, or an event of an earlier revision, changes nothing."""
    brief = await known_brief(ports, event.subject_id)
    await _return_brief(ports, brief, event, "approval_expired", context)


async def on_approval_revoked(ports: Ports, event: ApprovalRevoked, context: AuditContext) -> None:
    """Cancel the brief and all work that was begun on the strength of the approval. If goods have left, the
    brief goes on. A duplicate, or an event of an earlier revision, changes nothing."""
    brief = await known_brief(ports, event.subject_id)
    left = brief.approval_revoked(event.approval_id, event.subject_revision, event.reason, context)
    if left is not None:
        await ports.briefs.update_brief(brief)
        await tell_cancelled(ports, brief, event.reason, left, context)


async def _return_brief(
    ports: Ports,
    brief: Brief,
    event: ApprovalNotOpened | ApprovalCancelled | ApprovalExpired,
    cause: ReturnCause,
    context: AuditContext,
) -> None:
    revision, reason = event.subject_revision, event.reason
    if brief.returned(event.approval_id, revision, Cause(cause), reason, context):
        await ports.briefs.update_brief(brief)
        returned = BriefReturned(brief_id=brief.brief_id, revision=revision, cause=cause, reason=reason)
        ports.outbox.add(returned, subject=brief.brief_id, correlation=brief.brief_id)
