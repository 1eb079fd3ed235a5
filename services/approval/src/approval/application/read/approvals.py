"""Look up approvals and inboxes, and show them as one reader may see them: without hidden fields, with
people's names, and with what the reader may do.

Each function raises Absent for an approval that does not concern the reader."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, Final
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.fields import PersonView
from optima_kit.pages import Page, PageQuery, page_of

from ...domain.approval import (
    Amended,
    Approval,
    ApproverAdded,
    ChoiceTaken,
    DecisionWithdrawn,
    DueMoved,
    Ended,
    FieldsSet,
    Migrated,
    MigrationReverted,
    NoticeSent,
    Part,
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
    StepRun,
)
from ...domain.authorship import author_sees_amounts, hidden_amount
from ...domain.directory import Directory
from ...domain.process import Process, Step
from ...domain.quorum import VOTED, have_and_need
from ...domain.run import missing_fields
from ..decide_by_link import read_by_link
from ..ports import (
    ApprovalFilter,
    ApprovalSummary,
    Comment,
    Document,
    HistoryEntry,
    InboxFilter,
    InboxPlace,
    InboxSort,
    Link,
    PartNote,
    Ports,
    StoredApproval,
    Waiting,
)
from .access import (
    actions_on,
    actions_on_comment,
    actions_on_step,
    decides_for,
    hidden_fields,
    pinned_process,
    running_process,
    version_of,
    visible_approval,
)
from .views import (
    ActionView,
    ApprovalView,
    CommentView,
    EvidenceAskedView,
    EvidenceView,
    FilledView,
    HistoryView,
    InboxCountView,
    InboxSummaryView,
    InboxView,
    LinkedView,
    PartView,
    ProgressView,
    QuorumView,
    StepView,
    SummaryView,
)

MOST_LISTED: Final = 200
"""The most people of one step that one answer lists. Nobody reads ten thousand names, and writing them would
take longer than asking those people."""


async def read_approval(ports: Ports, actor: Actor, approval_id: UUID) -> ApprovalView:
    return await show_approval(ports, actor, await visible_approval(ports, actor, approval_id))


async def show_approval(ports: Ports, actor: Actor, stored: StoredApproval) -> ApprovalView:
    """Show an approval that has already been read, as the actor may see it."""
    approval = stored.approval
    directory = await ports.directories.read()
    process = await pinned_process(ports, approval)
    shown: dict[str, Any] = {"content": {}, "steps": []}
    if process is not None:
        hidden = hidden_fields(directory, process, approval, actor, ports)
        deciding = decides_for(directory, process, approval, actor, ports)
        notes = await ports.approvals.notes(approval.id) if approval.state == "open" else []
        shown["content"] = {name: each for name, each in approval.content.items() if name not in hidden}
        shown["filled"] = _filled(process, approval, approval.filled) or None
        shown["steps"] = [
            _step(process, process.steps[key], run, approval, deciding.get(key, ()), actor, directory, notes)
            for key, run in approval.steps.items()
        ]
    return ApprovalView(
        **_summary(stored.listed(), directory),
        version=stored.version,
        actions=actions_on(directory, process, stored, actor, ports),
        **shown,
    )


async def list_approvals(
    ports: Ports,
    actor: Actor,
    query: PageQuery,
    *,
    subject_id: UUID | None,
    state: str | None,
    process: str | None,
    text: str | None,
) -> Page[SummaryView]:
    """List approvals, newest first. Only a reader of all approvals sees those that do not concern them."""
    concerned = None if actor.may("approval.read_all") else actor.person_id
    chosen = ApprovalFilter(subject_id, state, process, text, concerned)
    found = await ports.approvals.page(chosen, query.after(UUID), query.rows)
    directory = await ports.directories.read()
    return page_of(
        query, found, lambda listed: SummaryView(**_summary(listed, directory)), lambda listed: listed.id
    )


async def list_history(ports: Ports, actor: Actor, approval_id: UUID, query: PageQuery) -> Page[HistoryView]:
    """List everything that happened to an approval, oldest first."""
    stored = await visible_approval(ports, actor, approval_id)
    found = await ports.approvals.history(approval_id, query.after(int) or 0, query.rows)
    directory = await ports.directories.read()
    process = await pinned_process(ports, stored.approval)
    hidden = hidden_fields(directory, process, stored.approval, actor, ports) if process else set[str]()
    return page_of(query, found, lambda entry: _history(entry, directory, hidden), lambda entry: entry.number)


@dataclass(frozen=True, slots=True)
class InboxSearch:
    chosen: InboxFilter
    requester: UUID | None = None
    unit: UUID | None = None
    """The requester's unit, or a unit above it."""

    def filter(self, directory: Directory) -> InboxFilter:
        people = None if self.unit is None else directory.members_below(self.unit)
        if self.requester is not None:
            people = [self.requester] if people is None or self.requester in people else []
        return replace(self.chosen, requesters=people)


async def list_inbox(
    ports: Ports, actor: Actor, query: PageQuery, search: InboxSearch, sort: InboxSort
) -> Page[InboxView]:
    """List what waits for the actor, directly or as somebody's delegate."""
    await _measures_only_what_it_sees(ports, actor, search.chosen, sort)
    directory = await ports.directories.read()
    grants = directory.grants_to(actor.person_id, ports.now)
    cursor = query.after(int, datetime, UUID, str, UUID)
    after = InboxPlace(*cursor) if cursor else None
    chosen = search.filter(directory)
    found = await ports.approvals.inbox(actor.person_id, grants, chosen, sort, after, query.rows)
    followed = {(each.listed.process_key, each.listed.process_version) for each in found}
    versions = {each: await version_of(ports, *each) for each in followed}

    def view(waiting: Waiting) -> InboxView:
        process = versions[waiting.listed.process_key, waiting.listed.process_version]
        return _inbox(waiting, process, directory, actor)

    return page_of(query, found, view, lambda row: astuple(row.place))


async def count_inbox(ports: Ports, actor: Actor, search: InboxSearch) -> InboxSummaryView:
    """Count what waits for the actor. Amounts are left out unless the actor may see every amount."""
    await _measures_only_what_it_sees(ports, actor, search.chosen, "requested")
    directory = await ports.directories.read()
    grants = directory.grants_to(actor.person_id, ports.now)
    chosen = search.filter(directory)
    counts = await ports.approvals.count_inbox(actor.person_id, grants, chosen, ports.now)
    shows = hidden_amount(await ports.processes.subject_types(), actor.privileges) is None
    return InboxSummaryView(
        waiting=sum(count.waiting for count in counts),
        overdue=sum(count.overdue for count in counts),
        amount=sum((count.amount for count in counts), Decimal(0)) if shows else None,
        by_process=[
            InboxCountView(
                process=count.process,
                how=count.how,
                waiting=count.waiting,
                overdue=count.overdue,
                amount=count.amount if shows else None,
            )
            for count in counts
        ],
    )


async def _measures_only_what_it_sees(
    ports: Ports, actor: Actor, chosen: InboxFilter, sort: InboxSort
) -> None:
    """Refuse a filter or a sort order by amount if the actor may not see amounts, which it would reveal."""
    asked = {"min_amount": chosen.least, "max_amount": chosen.most, "sort": sort == "amount" or None}
    for field, value in asked.items():
        if value is not None:
            author_sees_amounts(await ports.processes.subject_types(), actor.privileges, field)


async def read_link(ports: Ports, link_id: UUID) -> LinkedView:
    """Show what a link is about, as its addressee may see it without signing in: of the protected fields,
    only those that the step shows."""
    link, stored = await read_by_link(ports, link_id)
    process = await running_process(ports, stored.approval)
    return _linked(link, stored, process, await ports.directories.read())


async def list_comments(ports: Ports, actor: Actor, approval_id: UUID, query: PageQuery) -> Page[CommentView]:
    """List the comments of an approval, oldest first."""
    await visible_approval(ports, actor, approval_id)
    found = await ports.comments.page(approval_id, query.after(UUID), query.rows)
    directory = await ports.directories.read()
    return page_of(query, found, lambda each: _comment(each, directory, actor), lambda each: each.id)


async def show_comment(ports: Ports, actor: Actor, comment: Comment) -> CommentView:
    return _comment(comment, await ports.directories.read(), actor)


def _comment(comment: Comment, directory: Directory, actor: Actor) -> CommentView:
    return CommentView(
        id=comment.id,
        step=comment.step,
        person=person_view(directory, comment.person_id),
        text=comment.text,
        to_person=known_person(directory, comment.to_person),
        written_at=comment.written_at,
        answer=comment.answer,
        answered_by=known_person(directory, comment.answered_by),
        answered_at=comment.answered_at,
        actions=actions_on_comment(directory, comment, actor),
    )


def show_evidence(document: Document) -> EvidenceView:
    return EvidenceView(
        id=document.id,
        name=document.name,
        media_type=document.media_type,
        size=document.size,
        sha256=document.sha256,
    )


def _told_evidence(evidence_id: UUID, **facts: Any) -> EvidenceView:
    return EvidenceView(id=evidence_id, **facts)


def person_view(directory: Directory, person_id: UUID) -> PersonView:
    person = directory.person(person_id)
    return PersonView(id=person_id, name=person.name or None if person else None)


def known_person(directory: Directory, person_id: UUID | None) -> PersonView | None:
    return person_view(directory, person_id) if person_id is not None else None


def _summary(listed: ApprovalSummary, directory: Directory) -> dict[str, Any]:
    return {
        "id": listed.id,
        "process_key": listed.process_key,
        "process_version": listed.process_version,
        "subject_type": listed.subject_type,
        "subject_id": listed.subject_id,
        "subject_revision": listed.subject_revision,
        "title": listed.title,
        "requester": person_view(directory, listed.requester),
        "state": listed.state,
        "content_hash": listed.content_hash,
        "reason": listed.reason,
        "opened_at": listed.opened_at,
        "ended_at": listed.ended_at,
        "pending": list(listed.pending),
    }


def _filled(process: Process, approval: Approval, names: Iterable[str]) -> list[FilledView]:
    fields, filled = process.definition.fields, approval.filled
    return [
        FilledView(field=name, name=each.name or name, type=each.type, value=filled.get(name))
        for name in names
        if (each := fields.get(name)) is not None
    ]


def _step(
    process: Process,
    step: Step,
    run: StepRun,
    approval: Approval,
    deciding: Sequence[UUID],
    actor: Actor,
    directory: Directory,
    notes: Sequence[PartNote],
) -> StepView:
    waits: dict[str, Any] = {}
    if run.state == "pending":
        missing = missing_fields(approval.judged, step)
        have, need = have_and_need(step, run.parts.values())
        own = {note.person: note for note in notes if note.step == step.key}
        claimed_by = next((note.person for note in own.values() if note.claimed_at), None)
        waits = {
            "missing": missing,
            "claimed_by": known_person(directory, claimed_by),
            "follow_up_on": own[actor.person_id].follow_up_on if actor.person_id in own else None,
            "fills": _filled(process, approval, step.fills) or None,
            "quorum": QuorumView(have=have, need=need),
            "evidence": EvidenceAskedView(**step.evidence.model_dump()) if step.evidence else None,
            "actions": [
                ActionView(
                    on_behalf_of=None if person == actor.person_id else person_view(directory, person),
                    may=actions,
                )
                for person, actions in actions_on_step(
                    directory, step, approval, deciding, actor, claimed_by
                ).items()
            ],
        }
    return StepView(
        key=step.key,
        name=step.name,
        state=run.state,
        round=run.round,
        because=run.because,
        opened_at=run.opened_at,
        due_at=run.due_at,
        ended_at=run.ended_at,
        parts=[_part(part, directory) for part in _listed_parts(run, actor)],
        unlisted=max(len(run.parts) - MOST_LISTED, 0) or None,
        **waits,
    )


def _listed_parts(run: StepRun, actor: Actor) -> Iterable[Part]:
    """Return the parts to list, in the order in which people were asked. If there are more than
    `MOST_LISTED`, the reader's own part comes first, then parts that were decided or handed to somebody."""
    if len(run.parts) <= MOST_LISTED:
        return run.parts.values()

    def place(part: Part) -> tuple[bool, bool]:
        return part.person != actor.person_id, part.state not in VOTED and part.moved_to is None

    return sorted(run.parts.values(), key=place)[:MOST_LISTED]


def _part(part: Part, directory: Directory) -> PartView:
    return PartView(
        person=person_view(directory, part.person),
        state=part.state,
        why=part.why,
        origin=part.origin,
        requested_at=part.requested_at,
        decided_at=part.decided_at,
        decided_by=known_person(directory, part.decided_by) if part.decided_by != part.person else None,
        reason=part.reason,
        moved_to=known_person(directory, part.moved_to),
    )


def _history(entry: HistoryEntry, directory: Directory, hidden: set[str]) -> HistoryView:
    event = entry.event
    facts: dict[str, Any] = {}

    who = partial(person_view, directory)

    match event:
        case StepOpened() | PartsRequested():
            facts = {
                "step": event.step,
                "asked": [who(each.person) for each in event.asked[:MOST_LISTED]],
                "unlisted": max(len(event.asked) - MOST_LISTED, 0) or None,
            }
        case ChoiceTaken():
            facts = {"step": event.choice, "outcome": event.case}
        case PartDecided():
            facts = {
                "step": event.step,
                "person": who(event.by or event.person),
                "outcome": event.outcome,
                "content_hash": event.content_hash,
            }
            if event.by not in (None, event.person):
                facts["on_behalf_of"] = who(event.person)
            if event.reason:
                facts["reason"] = event.reason
            if event.evidence:
                facts["evidence"] = [_told_evidence(**each) for each in event.evidence]
            if event.filled:
                facts["filled"] = event.filled
        case PartRequested():
            facts = {"step": event.step, "person": who(event.asked.person), "reason": event.asked.why}
        case PartWithdrawn():
            facts = {"step": event.step, "person": who(event.person), "reason": event.why}
        case DecisionWithdrawn():
            facts = {"step": event.step, "person": who(event.person)}
        case ApproverAdded():
            facts = {"step": event.step, "person": who(event.by), "to_person": who(event.asked.person)}
            if event.reason:
                facts["reason"] = event.reason
        case PartForwarded() | PartReassigned():
            facts = {
                "step": event.step,
                "person": who(event.from_person),
                "to_person": who(event.to_person),
            }
            if event.reason:
                facts["reason"] = event.reason
        case PartEscalated() | PartHandedOver():
            facts = {
                "step": event.step,
                "person": who(event.from_person),
                "to_person": who(event.to_person),
            }
        case DueMoved():
            facts = {"step": event.step}
        case Reminded():
            facts = {"step": event.step, "asked": [who(person) for person in event.people]}
        case StepEnded():
            facts = {"step": event.step, "outcome": event.outcome, "reason": event.because}
        case FieldsSet():
            facts = {"step": event.step, "filled": event.values}
        case NoticeSent():
            facts = {
                "step": event.step,
                "asked": [who(person) for person in event.people],
                "outcome": event.outcome,
                "reason": event.text,
            }
        case StepReopened():
            fields = [name for name in event.fields if name not in hidden]
            facts = {"step": event.step, "reason": event.because, "fields": fields}
        case Revoked():
            facts = {"person": who(event.by), "reason": event.reason}
        case Amended():
            facts = {
                "fields": [name for name in event.fields if name not in hidden],
                "content_hash": event.content_hash,
            }
        case Migrated() | MigrationReverted():
            facts = {"outcome": str(event.process_version)}
            if event.by is not None:
                facts["actor"] = who(event.by)
        case Ended():
            facts = {"outcome": event.outcome}
            if event.reason:
                facts["reason"] = event.reason
    if entry.actor_id is not None:
        facts["actor"] = who(entry.actor_id)
    return HistoryView(number=entry.number, at=event.at, kind=event.kind, **facts)


def _inbox(waiting: Waiting, process: Process, directory: Directory, actor: Actor) -> InboxView:
    listed = waiting.listed
    step, kind = process.steps[waiting.step], process.subject
    protected = kind.protected_fields()
    seen = {
        name: value
        for name, value in waiting.content.items()
        if name not in protected or name in step.shows or actor.may(protected[name])
    }
    return InboxView(
        approval_id=listed.id,
        step=waiting.step,
        step_name=step.name,
        process_key=listed.process_key,
        process_name=process.definition.name,
        subject_type=listed.subject_type,
        subject_id=listed.subject_id,
        subject_revision=listed.subject_revision,
        title=listed.title,
        requester=person_view(directory, listed.requester),
        content_hash=listed.content_hash,
        why=waiting.why,
        on_behalf_of=known_person(directory, waiting.person) if waiting.person != actor.person_id else None,
        requested_at=waiting.requested_at,
        due_at=waiting.due_at,
        amount=kind.amount(seen),
        number=seen.get(kind.number) if kind.number else None,
        deadline=seen.get(kind.deadline) if kind.deadline else None,
        progress=ProgressView(ended=listed.steps_ended, steps=listed.steps),
        allows=sorted(step.allows),
        follow_up_on=waiting.follow_up_on if waiting.person == actor.person_id else None,
        claimed_by=known_person(directory, waiting.claimed_by),
        missing=missing_fields(waiting.content, step),
    )


def _linked(link: Link, stored: StoredApproval, process: Process, directory: Directory) -> LinkedView:
    approval = stored.approval
    step = process.steps[link.step]
    protected = process.subject.protected_fields()
    content = {
        name: value for name, value in approval.content.items() if name not in protected or name in step.shows
    }
    return LinkedView(
        step=link.step,
        step_name=step.name,
        process_name=process.definition.name,
        title=stored.title,
        requester=person_view(directory, approval.requester),
        person=person_view(directory, link.person_id),
        content=content,
        content_hash=approval.content_hash,
        allows=sorted(step.allows - {"forward"}),
        missing=missing_fields(approval.judged, step),
        expires_at=link.expires_at,
    )
