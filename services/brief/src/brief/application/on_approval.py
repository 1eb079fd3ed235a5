"""Approval answers a submitted brief. Its events are about one revision: of another than the present one
they are late, and change nothing. Each end is taken also when the opening has not been heard of."""

from __future__ import annotations

import logging

from optima_contracts.approval import (
    ApprovalCancelled,
    ApprovalExpired,
    ApprovalNotOpened,
    ApprovalOpened,
    Approved,
    ChangesRequested,
    Rejected,
)
from optima_contracts.brief import BriefApproved, BriefChangesRequested, BriefContent, BriefRejected

from ..domain.lifecycle import Cause, Happening
from .access import known_brief
from .ports import Ports

log = logging.getLogger(__name__)

SUBJECT_TYPE = "brief"
"""What approval calls a brief among the kinds of things that can be approved."""


async def on_approval_opened(ports: Ports, event: ApprovalOpened, happening: Happening) -> None:
    """Again, or after the approval's end: nothing."""
    if event.subject_type != SUBJECT_TYPE:
        return
    brief = await known_brief(ports, event.subject_id)
    if brief.approval_opened(event.approval_id, event.subject_revision, happening):
        await ports.briefs.save(brief)


async def on_approved(ports: Ports, event: Approved, happening: Happening) -> None:
    """Again: nothing. An approval of other content or prices than the present ones is not one of this brief:
    it was decided while purchasing priced anew. It is logged, and the brief waits for the decision on what it
    now says."""
    if event.subject_type != SUBJECT_TYPE:
        return
    brief = await known_brief(ports, event.subject_id)
    if not brief.approved(event.approval_id, event.subject_revision, event.content_hash, happening):
        if brief.awaits_decision_on(event.subject_revision):
            log.warning(
                "approval %s ignored: revision %s of brief %s says something else by now",
                event.approval_id,
                brief.revision,
                brief.brief_id,
            )
        return
    await ports.briefs.save(brief)
    assert brief.submitted is not None
    approved = BriefApproved(
        brief_id=brief.brief_id,
        number=brief.number,
        revision=brief.revision,
        content_hash=event.content_hash,
        approval_id=event.approval_id,
        requester_id=brief.requester_id,
        unit_id=brief.unit_id,
        content=BriefContent.model_validate(brief.submitted.content.as_json()),
    )
    ports.outbox.add(approved, subject=brief.brief_id, correlation=brief.brief_id)


async def on_rejected(ports: Ports, event: Rejected, happening: Happening) -> None:
    """Again, or of an earlier revision: nothing."""
    if event.subject_type != SUBJECT_TYPE:
        return
    brief = await known_brief(ports, event.subject_id)
    reason = event.reason or ""
    if brief.rejected(event.approval_id, event.subject_revision, reason, happening):
        await ports.briefs.save(brief)
        rejected = BriefRejected(brief_id=brief.brief_id, revision=event.subject_revision, reason=reason)
        ports.outbox.add(rejected, subject=brief.brief_id, correlation=brief.brief_id)


async def on_changes_requested(ports: Ports, event: ChangesRequested, happening: Happening) -> None:
    """Again, or of an earlier revision: nothing."""
    if event.subject_type != SUBJECT_TYPE:
        return
    brief = await known_brief(ports, event.subject_id)
    reason = event.reason or ""
    if brief.changes_requested(event.approval_id, event.subject_revision, reason, happening):
        await ports.briefs.save(brief)
        requested = BriefChangesRequested(
            brief_id=brief.brief_id, revision=event.subject_revision, reason=reason
        )
        ports.outbox.add(requested, subject=brief.brief_id, correlation=brief.brief_id)


async def on_approval_not_opened(ports: Ports, event: ApprovalNotOpened, happening: Happening) -> None:
    """Again, or of an earlier revision: nothing."""
    await _return_brief(ports, event, Cause.APPROVAL_NOT_OPENED, happening)


async def on_approval_recalled(ports: Ports, event: ApprovalCancelled, happening: Happening) -> None:
    """Again, or of an earlier revision: nothing. Approval also cancels what asks about a cancelled brief:
    the brief stays cancelled."""
    await _return_brief(ports, event, Cause.RECALLED, happening)


async def on_approval_expired(ports: Ports, event: ApprovalExpired, happening: Happening) -> None:
    """Again, or of an earlier revision: nothing."""
    await _return_brief(ports, event, Cause.APPROVAL_EXPIRED, happening)


async def _return_brief(
    ports: Ports,
    event: ApprovalNotOpened | ApprovalCancelled | ApprovalExpired,
    cause: Cause,
    happening: Happening,
) -> None:
    if event.subject_type != SUBJECT_TYPE:
        return
    brief = await known_brief(ports, event.subject_id)
    if brief.returned(event.approval_id, event.subject_revision, cause, event.reason, happening):
        await ports.briefs.save(brief)
