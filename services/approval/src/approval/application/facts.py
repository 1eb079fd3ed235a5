"""An approval's events as other services are told of them."""

from __future__ import annotations

from typing import Any

from optima_contracts import approval as contract
from optima_contracts.envelope import EventData

from ..domain.approval import (
    Approval,
    Ended,
    Event,
    Migrated,
    MigrationReverted,
    Opened,
    PartDecided,
    PartEscalated,
    PartForwarded,
    PartHandedOver,
    PartRequested,
    Reminded,
    StepEnded,
    StepOpened,
    StepReopened,
)

_ENDINGS = {
    "approved": contract.Approved,
    "rejected": contract.Rejected,
    "changes_requested": contract.ChangesRequested,
    "cancelled": contract.ApprovalCancelled,
    "expired": contract.ApprovalExpired,
}


def facts_of(event: Event, approval: Approval) -> list[EventData]:
    """The published facts; none for what concerns nobody else. `approval` is the state afterwards."""
    if isinstance(event, Reminded):
        return [
            contract.Reminded(approval_id=approval.id, step=event.step, person_id=person)
            for person in event.people
        ]
    fact = _fact_of(event, approval)
    return [fact] if fact is not None else []


def _fact_of(event: Event, approval: Approval) -> EventData | None:
    subject: dict[str, Any] = {
        "approval_id": approval.id,
        "subject_type": approval.subject_type,
        "subject_id": approval.subject_id,
    }
    match event:
        case Opened():
            return contract.ApprovalOpened(
                **subject,
                subject_revision=event.subject_revision,
                content_hash=event.content_hash,
                process_key=event.process_key,
                process_version=event.process_version,
            )
        case StepOpened():
            asked = [each.person for each in event.asked]
            return contract.StepPending(**subject, step=event.step, approvers=asked, due_at=event.due_at)
        case PartRequested():
            run = approval.steps[event.step]
            asked = [part.person for part in run.parts.values() if part.state == "requested"]
            return contract.StepPending(**subject, step=event.step, approvers=asked, due_at=run.due_at)
        case StepEnded():
            return contract.StepEnded(**subject, step=event.step, outcome=event.outcome)
        case StepReopened():
            return contract.StepReopened(**subject, step=event.step, fields=list(event.fields))
        case PartDecided():
            return contract.Decided(
                **subject,
                subject_revision=approval.subject_revision,
                content_hash=event.content_hash,
                step=event.step,
                person_id=event.by or event.person,
                on_behalf_of=event.person if event.by not in (None, event.person) else None,
                outcome=event.outcome,
                reason=event.reason,
            )
        case PartForwarded():
            return contract.Forwarded(
                approval_id=approval.id,
                step=event.step,
                from_person_id=event.from_person,
                to_person_id=event.to_person,
                reason=event.reason,
            )
        case PartEscalated():
            return contract.Escalated(
                approval_id=approval.id,
                step=event.step,
                from_person_id=event.from_person,
                to_person_id=event.to_person,
            )
        case PartHandedOver():
            return contract.HandedOver(
                approval_id=approval.id,
                step=event.step,
                from_person_id=event.from_person,
                to_person_id=event.to_person,
            )
        case Migrated():
            return contract.ApprovalMigrated(
                **subject, process_key=approval.process_key, process_version=event.process_version
            )
        case MigrationReverted():
            return contract.ApprovalMigrated(
                **subject,
                process_key=approval.process_key,
                process_version=event.process_version,
                reverted=True,
            )
        case Ended():
            return _ENDINGS[event.outcome](
                **subject,
                subject_revision=approval.subject_revision,
                content_hash=approval.content_hash,
                reason=event.reason,
            )
    return None
