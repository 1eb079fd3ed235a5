"""Turns an approval's events into the events that other services receive, each with its recipients."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from optima_contracts import approval as contract
from optima_contracts.envelope import EventData

from ..domain.approval import (
    WAITING,
    Approval,
    ApproverAdded,
    DecisionWithdrawn,
    Ended,
    Event,
    Migrated,
    MigrationReverted,
    NoticeSent,
    Opened,
    PartDecided,
    PartEscalated,
    PartForwarded,
    PartHandedOver,
    PartReassigned,
    PartRequested,
    PartsRequested,
    PartWithdrawn,
    Reminded,
    Revoked,
    StepEnded,
    StepOpened,
    StepReopened,
)
from ..domain.directory import Directory
from ..domain.engine import approvers_of
from ..domain.process import Process

_NUMBER: Final = attrgetter("bytes")
"""The sort key of ids. Comparing their bytes takes place in C."""
_ENDINGS: dict[str, type[EventData]] = {
    "approved": contract.Approved,
    "rejected": contract.Rejected,
    "changes_requested": contract.ChangesRequested,
    "cancelled": contract.ApprovalCancelled,
    "expired": contract.ApprovalExpired,
}


def recipients(people: Iterable[UUID], directory: Directory, acting: UUID | None) -> list[UUID]:
    """Return the people to be notified, sorted by id: without the person who acts and without inactive
    ones."""
    known = directory.people
    # A dict keeps the people's order, which is mostly that of their ids already: looking up and sorting ten
    # thousand of them then takes half the time.
    told = dict.fromkeys(people)
    if acting is not None:
        told.pop(acting, None)
    there = [each for each in told if (who := known.get(each)) is not None and who.active]
    return sorted(there, key=_NUMBER)


@dataclass(frozen=True, slots=True)
class Audience:
    """Knows whom to notify about what happens to an approval."""

    process: Process
    directory: Directory
    acting: UUID | None
    watchers: frozenset[UUID] = frozenset()

    def of(self, people: Iterable[UUID]) -> list[UUID]:
        return recipients(people, self.directory, self.acting)

    def asked(self, people: Iterable[UUID], approval: Approval, now: datetime) -> list[UUID]:
        """Return the people to be notified when `people` are asked to decide: them and their delegates."""
        if not self.directory.delegations:
            return self.of(people)
        asked = set(people)
        amount = self.process.subject.amount(approval.content)
        for each in tuple(asked):
            delegates = self.directory.delegates(each, self.process.key, amount, now)
            asked.update(delegates.keys() - {approval.requester})
        return self.of(asked)

    def of_end(self, approval: Approval) -> list[UUID]:
        return self.of({self.directory.in_place_of(approval.requester), *self.watchers})


StepEvent = (
    ApproverAdded
    | DecisionWithdrawn
    | NoticeSent
    | PartDecided
    | PartEscalated
    | PartForwarded
    | PartHandedOver
    | PartReassigned
    | PartRequested
    | PartsRequested
    | PartWithdrawn
    | Reminded
    | StepEnded
    | StepOpened
    | StepReopened
)


class Facts:
    """Builds the events that are published for one change of an approval."""

    def __init__(self, before: Approval | None, after: Approval, audience: Audience) -> None:
        self._after = after
        self._audience = audience
        self._title = audience.process.subject.title_of(after.content) or None
        self._asked = {
            key: {part.person for part in run.parts.values() if part.state == "requested"}
            for key, run in (before.steps.items() if before is not None else ())
            if run.state == "pending"
        }
        """The people whom each step asked before the change."""
        self._known = set(self._asked)
        """The steps about which other services have already been told."""

    def of(self, event: Event) -> Iterator[EventData]:
        """Build what is published for the next event, which is nothing if it concerns nobody else."""
        match event:
            case StepOpened():
                self._known.add(event.step)
            case PartDecided() | PartWithdrawn():
                self._asked.get(event.step, set()).discard(event.person)
            case PartForwarded() | PartReassigned() | PartEscalated() | PartHandedOver():
                self._asked.get(event.step, set()).discard(event.from_person)
        if isinstance(event, Reminded):
            for person in event.people:
                due_at = self._after.steps[event.step].due_at
                told = self._told_to_asked(event, [person])
                yield contract.Reminded(
                    approval_id=self._after.id, step=event.step, person_id=person, due_at=due_at, **told
                )
        elif (fact := self._of(event)) is not None:
            yield fact

    def _told(self, event: StepEvent, recipients: list[UUID]) -> dict[str, Any]:
        step = self._audience.process.steps.get(event.step)
        return {
            "recipients": recipients,
            "title": self._title,
            "step_name": step.name or None if step is not None else None,
        }

    def _told_to_asked(self, event: StepEvent, people: Iterable[UUID]) -> dict[str, Any]:
        return self._told(event, self._audience.asked(people, self._after, event.at))

    def _between(
        self, event: PartForwarded | PartReassigned | PartEscalated | PartHandedOver
    ) -> dict[str, Any]:
        """Return the fields that say from whom to whom a part goes."""
        return {
            "approval_id": self._after.id,
            "step": event.step,
            "from_person_id": event.from_person,
            "to_person_id": event.to_person,
        }

    def _asked_more(
        self, event: PartRequested | PartsRequested, people: list[UUID], subject: dict[str, Any]
    ) -> EventData:
        run = self._after.steps[event.step]
        asked = [part.person for part in run.parts.values() if part.state == "requested"]
        told = self._told_to_asked(event, self._still_asked(people, event.step))
        return contract.StepPending(**subject, step=event.step, approvers=asked, due_at=run.due_at, **told)

    def _still_asked(self, people: Iterable[UUID], step: str) -> Iterator[UUID]:
        """Return those of the people who are still asked after the change. Others are not, because their
        earlier approval counts or the step has already ended."""
        parts = self._after.steps.get(step, WAITING).parts
        return (each for each in people if each in parts and parts[each].state == "requested")

    def _of(self, event: Event) -> EventData | None:
        approval = self._after
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
                told = self._told_to_asked(event, self._still_asked(asked, event.step))
                return contract.StepPending(
                    **subject, step=event.step, approvers=asked, due_at=event.due_at, **told
                )
            case PartRequested():
                return self._asked_more(event, [event.asked.person], subject)
            case PartsRequested():
                return self._asked_more(event, [each.person for each in event.asked], subject)
            case PartWithdrawn():
                return contract.PartWithdrawn(
                    approval_id=approval.id,
                    step=event.step,
                    person_id=event.person,
                    why=event.why,
                    **self._told_to_asked(event, [event.person]),
                )
            case StepEnded():
                if event.outcome == "not_required" and event.step not in self._known:
                    return None  # nothing is published about a step that never asked anybody
                told = self._told_to_asked(event, self._asked.pop(event.step, ()))
                return contract.StepEnded(**subject, step=event.step, outcome=event.outcome, **told)
            case NoticeSent():
                return contract.NoticeSent(
                    **subject,
                    step=event.step,
                    outcome=event.outcome,
                    text=event.text,
                    **self._told(event, self._audience.of(event.people)),
                )
            case StepReopened():
                told = self._told_to_asked(event, self._asked.pop(event.step, ()))
                return contract.StepReopened(**subject, step=event.step, fields=list(event.fields), **told)
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
                    filled=event.filled,
                    **self._told(event, self._audience.of([event.person] if event.by is not None else ())),
                )
            case PartForwarded():
                return contract.Forwarded(
                    **self._between(event),
                    reason=event.reason,
                    **self._told_to_asked(event, [event.to_person]),
                )
            case PartReassigned():
                return contract.Reassigned(
                    **self._between(event),
                    reason=event.reason,
                    **self._told_to_asked(event, [event.from_person, event.to_person]),
                )
            case ApproverAdded():
                return contract.ApproverAdded(
                    approval_id=approval.id,
                    step=event.step,
                    person_id=event.asked.person,
                    reason=event.reason,
                    **self._told_to_asked(event, [event.asked.person]),
                )
            case DecisionWithdrawn():
                return contract.DecisionWithdrawn(
                    **subject,
                    step=event.step,
                    person_id=event.person,
                    **self._told(event, self._audience.of([event.person])),
                )
            case PartEscalated():
                return contract.Escalated(
                    **self._between(event),
                    **self._told_to_asked(event, [event.from_person, event.to_person]),
                )
            case PartHandedOver():
                return contract.HandedOver(
                    **self._between(event),
                    **self._told_to_asked(event, [event.to_person]),
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
                    recipients=self._audience.asked(self._not_asked_any_more(), approval, event.at),
                    title=self._title,
                )
            case Ended():
                if event.outcome == "approved":
                    subject["filled"] = approval.filled
                return _ENDINGS[event.outcome](
                    **subject,
                    subject_revision=approval.subject_revision,
                    content_hash=approval.content_hash,
                    reason=event.reason,
                    recipients=self._audience.of_end(approval),
                    title=self._title,
                )
            case Revoked():
                concerned = {approval.requester, *approvers_of(approval), *self._audience.watchers}
                return contract.ApprovalRevoked(
                    **subject,
                    subject_revision=approval.subject_revision,
                    content_hash=approval.content_hash,
                    reason=event.reason,
                    recipients=self._audience.of(map(self._audience.directory.in_place_of, concerned)),
                    title=self._title,
                )
        return None

    def _not_asked_any_more(self) -> set[UUID]:
        return {
            person
            for step, people in self._asked.items()
            for person in people - set(self._still_asked(people, step))
        }
