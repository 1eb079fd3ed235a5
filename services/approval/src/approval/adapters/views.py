"""What clients send and see."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from optima_kit.actor import Actor
from optima_kit.http import Amount, Command, Moment, PageQuery, Query, Text, View
from optima_kit.http.problems import load_catalogue
from optima_kit.refusals import Refusal

from ..application.access import WholeAction, actions_on, decides_for, hidden_fields
from ..application.decide_many import Decided
from ..application.ports import (
    Document,
    Draft,
    Held,
    How,
    InboxCount,
    InboxFilter,
    Link,
    Listed,
    Move,
    Moved,
    Ports,
    PublishedVersion,
    Replay,
    StoredDelegation,
    Told,
    Verdict,
    Waiting,
)
from ..domain import engine
from ..domain.approval import (
    Amended,
    ChoiceTaken,
    DueMoved,
    Ended,
    Migrated,
    MigrationReverted,
    PartDecided,
    PartEscalated,
    PartForwarded,
    PartHandedOver,
    PartRequested,
    PartWithdrawn,
    Reminded,
    StepEnded,
    StepOpened,
    StepReopened,
)
from ..domain.directory import Directory
from ..domain.process import ALLOWED, Process, Step
from ..domain.quorum import have_and_need
from ..domain.run import missing_fields
from ..domain.simulation import Simulation
from ..domain.subjects import SubjectType

StepKey = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
ContentHash = Annotated[str, Field(pattern=r"^[0-9A-Za-z_.:-]{1,128}$")]
State = Literal["open", "approved", "rejected", "changes_requested", "cancelled", "expired", "not_opened"]


# -- what is sent


class NoBody(Command):
    """Nothing needs to be said."""


class DecideCommand(Command):
    step: StepKey
    outcome: Literal["approve", "reject", "abstain", "request_changes"]
    content_hash: ContentHash
    """Of the content that was read."""
    reason: Annotated[str, Text(4000)] | None = None
    on_behalf_of: UUID | None = None
    """Whose part is decided, where the caller stands in for somebody; unsaid: the caller's own."""
    evidence: Annotated[list[UUID], Field(max_length=20, default_factory=list)]
    """Documents that the caller has attached to the approval before."""

    def decision(self, actor: Actor) -> engine.Decision:
        return engine.Decision(
            step=self.step,
            act=self.outcome,
            by=actor.person_id,
            content_hash=self.content_hash,
            on_behalf_of=self.on_behalf_of,
            reason=self.reason,
        )


class EvidenceQuery(Query):
    name: Annotated[str, Field(pattern=r'^[^/\\\x00-\x1f\x7f"<>|:*?]{1,120}$', examples=["preventivo.pdf"])]
    """File name, without a folder."""


class EvidenceView(View):
    evidence_id: UUID
    name: str
    media_type: str
    size: int
    sha256: str


class DecideOneOfMany(DecideCommand):
    approval_id: UUID


class DecideManyCommand(Command):
    items: Annotated[list[DecideOneOfMany], Field(min_length=1, max_length=500)]


class ForwardCommand(Command):
    step: StepKey
    to_person_id: UUID
    reason: Annotated[str, Text(4000)] | None = None


class RecallCommand(Command):
    reason: Annotated[str, Text(4000)] | None = None


class DelegateCommand(Command):
    to_person_id: UUID
    starts_at: Moment
    ends_at: Moment
    processes: Annotated[list[StepKey], Field(max_length=100, default_factory=list)]
    """Keys; none: every process."""
    up_to: Amount | None = None
    reason: Annotated[str, Text(4000)] | None = None
    from_person_id: UUID | None = None
    """Another than the caller: for admins, who may not name themselves in `to_person_id` then."""


class ProcessQuery(Query):
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


class ApprovalsQuery(PageQuery):
    subject_id: UUID | None = None
    state: State | None = None
    process: StepKey | None = None
    text: Annotated[str, Text(200)] | None = None
    """Words of title, number or requester's name."""


class InboxFilterQuery(Query):
    subject_id: UUID | None = None
    process: StepKey | None = None
    overdue: bool = False
    text: Annotated[str, Text(200)] | None = None
    how: How | None = None
    """Through what it waits for the caller."""

    def chosen(self, now: datetime) -> InboxFilter:
        due_before = now if self.overdue else None
        return InboxFilter(self.subject_id, self.process, due_before, self.text, self.how)


class InboxQuery(PageQuery, InboxFilterQuery):
    """A page of what it asks for."""


class SimulateCommand(Command):
    """Something that might be submitted."""

    requester_id: UUID
    content: dict[str, Any]
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    """A published version; unsaid: the draft."""


class ReplayCommand(Command):
    last: Annotated[int, Field(ge=1, le=10_000)] = 1000
    """How many approvals, the newest that are over."""
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


class MoveCommand(Command):
    to_version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    """Unsaid: the newest."""


class MovedQuery(PageQuery):
    verdict: Verdict | None = None


class SubmitCommand(Command):
    process: StepKey
    subject_id: UUID
    revision: Annotated[int, Field(ge=1, le=2**31 - 1)] = 1
    content: dict[str, Any]
    requester_id: UUID | None = None
    """Another than the caller: only where a machine submits for somebody."""


class AmendCommand(Command):
    content: dict[str, Any]


class LinkDecideCommand(Command):
    outcome: Literal["approve", "reject", "abstain", "request_changes"]
    content_hash: ContentHash
    reason: Annotated[str, Text(4000)] | None = None


# -- what is shown


class PersonView(View):
    person_id: UUID
    name: str = ""


class ProcessView(View):
    key: str
    name: str
    subject: str
    state: Literal["draft", "published", "retired"]
    published: int | None
    """The newest published version."""
    version: int | None = None
    """The published version that is shown; absent: the draft is."""
    changed_at: datetime
    definition: dict[str, Any]


class SubjectTypeView(View):
    key: str
    name: str
    definition: dict[str, Any]


class PartView(View):
    person: PersonView
    state: str
    why: str
    """The rule that names the person, such as `role:purchasing`."""
    origin: str
    requested_at: datetime
    decided_at: datetime | None = None
    decided_by: PersonView | None = None
    """Another than the person: on their behalf."""
    reason: str | None = None
    moved_to: PersonView | None = None


class QuorumView(View):
    have: int
    need: int
    """Approvals; with `one_per_group`, groups."""


class ActionView(View):
    on_behalf_of: PersonView | None = None
    """Absent: for the caller themselves."""
    may: list[Literal["approve", "reject", "abstain", "request_changes", "forward"]]


class StepView(View):
    key: str
    name: str
    state: str
    round: int
    because: str | None = None
    opened_at: datetime | None = None
    due_at: datetime | None = None
    ended_at: datetime | None = None
    missing: list[str] | None = None
    """Fields of the subject that must be there before the step can be approved."""
    quorum: QuorumView | None = None
    """Of a step that waits."""
    actions: list[ActionView] | None = None
    """What the caller may do with the step now: once for themselves, once for each whom they stand in for."""
    parts: list[PartView]


class SummaryView(View):
    approval_id: UUID
    process_key: str
    process_version: int
    subject_type: str
    subject_id: UUID
    subject_revision: int
    title: str
    requester: PersonView
    state: str
    content_hash: str
    reason: str | None = None
    opened_at: datetime
    ended_at: datetime | None = None
    pending: list[str]
    """Keys of the steps that wait for people."""


class ApprovalView(SummaryView):
    content: dict[str, Any]
    actions: list[WholeAction]
    """What the caller may do with the whole."""
    steps: list[StepView]


class HistoryView(View):
    number: int
    at: datetime
    kind: str
    actor: PersonView | None = None
    step: str | None = None
    person: PersonView | None = None
    on_behalf_of: PersonView | None = None
    to_person: PersonView | None = None
    outcome: str | None = None
    reason: str | None = None
    fields: list[str] | None = None
    asked: list[PersonView] | None = None
    evidence: list[EvidenceView] | None = None
    content_hash: str | None = None


class InboxView(View):
    approval_id: UUID
    step: str
    step_name: str
    process_key: str
    process_name: str
    subject_type: str
    subject_id: UUID
    subject_revision: int
    title: str
    requester: PersonView
    content_hash: str
    why: str
    on_behalf_of: PersonView | None = None
    requested_at: datetime
    due_at: datetime | None = None
    allows: list[str]
    """What may be done, beside approving and rejecting."""
    missing: list[str]


class InboxCountView(View):
    process: str
    how: How
    waiting: int
    overdue: int


class InboxSummaryView(View):
    waiting: int
    overdue: int
    by_process: list[InboxCountView]


class ForeseenPersonView(View):
    person: PersonView
    why: str
    """The rule that names the person, or why they are left out."""


class ForeseenStepView(View):
    key: str
    name: str
    outcome: str
    """`asked`, `skipped`, `rejected` (nobody could approve) or `not_reached`."""
    because: str | None = None
    condition: str | None = None
    quorum: Any = None
    asked: list[ForeseenPersonView] | None = None
    left_out: list[ForeseenPersonView] | None = None
    due_at: datetime | None = None
    missing: list[str] | None = None


class SimulationView(View):
    outcome: Literal["approved", "not_opened"]
    steps: list[ForeseenStepView]


class ReplayView(View):
    replay_id: UUID
    process_key: str
    wanted: int
    done: int
    state: Literal["running", "ended"]
    report: dict[str, Any] | None = None
    created_at: datetime
    ended_at: datetime | None = None


class MoveView(View):
    move_id: UUID
    process_key: str
    to_version: int
    state: str
    counts: dict[str, int]
    """Approvals by verdict."""
    created_at: datetime
    created_by: PersonView
    carried_out_by: PersonView | None = None
    """Who had it carried out, or taken back."""


class MovedView(View):
    approval_id: UUID
    from_version: int
    verdict: str
    reason: str | None = None
    part: str | None = None


class WorkingTimeView(View):
    working_time: dict[str, Any]


class LinkedView(View):
    """What is under an e-mail's link."""

    step: str
    step_name: str
    process_name: str
    title: str
    requester: PersonView
    person: PersonView
    content: dict[str, Any]
    content_hash: str
    allows: list[str]
    missing: list[str]
    expires_at: datetime


class LinkDecidedView(View):
    title: str
    state: str


class ProblemView(View):
    code: str
    detail: str
    field: str | None = None


class DecidedView(View):
    approval_id: UUID
    step: str
    decided: bool
    state: str | None = None
    """The approval's state afterwards."""
    problem: ProblemView | None = None


class DecidedManyView(View):
    items: list[DecidedView]


class DelegationView(View):
    delegation_id: UUID
    created_by: PersonView
    """Who gave it: `from_person`, or an admin for them."""
    from_person: PersonView
    to_person: PersonView
    starts_at: datetime
    ends_at: datetime
    processes: list[str]
    up_to: Amount | None = None
    reason: str | None = None
    created_at: datetime
    revoked_at: datetime | None = None


def person_view(directory: Directory, person_id: UUID) -> PersonView:
    person = directory.person(person_id)
    return PersonView(person_id=person_id, name=person.name if person else "")


def process_view(draft: Draft, version: PublishedVersion | None = None) -> ProcessView:
    """A process's draft, or one of its published versions."""
    definition = version.definition if version else draft.definition
    facts = {"version": version.number} if version else {}
    return ProcessView(
        key=draft.key,
        name=definition.name,
        subject=definition.subject,
        state="retired" if draft.retired_at else "published" if draft.published else "draft",
        published=draft.published,
        changed_at=version.published_at if version else draft.changed_at,
        definition=definition.model_dump(mode="json", exclude_unset=True),
        **facts,
    )


def subject_type_view(subject: SubjectType) -> SubjectTypeView:
    document = subject.model_dump(mode="json", exclude_defaults=True)
    return SubjectTypeView(key=subject.key, name=subject.name, definition=document)


def _summary(listed: Listed, directory: Directory) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "approval_id": listed.id,
        "process_key": listed.process_key,
        "process_version": listed.process_version,
        "subject_type": listed.subject_type,
        "subject_id": listed.subject_id,
        "subject_revision": listed.subject_revision,
        "title": listed.title,
        "requester": person_view(directory, listed.requester),
        "state": listed.state,
        "content_hash": listed.content_hash,
        "opened_at": listed.opened_at,
        "pending": list(listed.pending),
    }
    if listed.reason is not None:
        facts["reason"] = listed.reason
    if listed.ended_at is not None:
        facts["ended_at"] = listed.ended_at
    return facts


def summary_view(listed: Listed, directory: Directory) -> SummaryView:
    return SummaryView(**_summary(listed, directory))


def approval_view(
    held: Held, process: Process | None, directory: Directory, actor: Actor, ports: Ports
) -> ApprovalView:
    approval = held.approval
    summary = _summary(held.listed(), directory)
    if process is None:
        return ApprovalView(**summary, content={}, actions=[], steps=[])
    hidden = hidden_fields(directory, process, approval, actor, ports)
    content = {name: value for name, value in approval.content.items() if name not in hidden}
    deciding = decides_for(directory, process, approval, actor, ports)
    steps = []
    for key, run in approval.steps.items():
        step = process.steps[key]
        facts: dict[str, Any] = {
            name: value
            for name, value in (
                ("because", run.because),
                ("opened_at", run.opened_at),
                ("due_at", run.due_at),
                ("ended_at", run.ended_at),
            )
            if value is not None
        }
        if run.state == "pending":
            missing = facts["missing"] = missing_fields(approval.content, step)
            have, need = have_and_need(step, run.parts.values())
            facts["quorum"] = QuorumView(have=have, need=need)
            facts["actions"] = [
                _action_view(step, person, actor.person_id, directory, missing=bool(missing))
                for person in deciding.get(key, ())
            ]
        parts = [_part_view(part, directory) for part in run.parts.values()]
        steps.append(
            StepView(key=key, name=step.name, state=run.state, round=run.round, parts=parts, **facts)
        )
    return ApprovalView(
        **summary, content=content, actions=actions_on(directory, approval, actor), steps=steps
    )


def _action_view(step: Step, person: UUID, actor: UUID, directory: Directory, *, missing: bool) -> ActionView:
    own = person == actor
    may: list[Any] = [] if missing else ["approve"]
    may += ["reject", *(act for act in ALLOWED if act in step.allows and (own or act != "forward"))]
    if own:
        return ActionView(may=may)
    return ActionView(on_behalf_of=person_view(directory, person), may=may)


def _part_view(part: Any, directory: Directory) -> PartView:
    facts: dict[str, Any] = {}
    if part.decided_at is not None:
        facts["decided_at"] = part.decided_at
    if part.decided_by not in (None, part.person):
        facts["decided_by"] = person_view(directory, part.decided_by)
    if part.reason is not None:
        facts["reason"] = part.reason
    if part.moved_to is not None:
        facts["moved_to"] = person_view(directory, part.moved_to)
    return PartView(
        person=person_view(directory, part.person),
        state=part.state,
        why=part.why,
        origin=part.origin,
        requested_at=part.requested_at,
        **facts,
    )


def history_view(told: Told, directory: Directory, hidden: set[str]) -> HistoryView:
    event = told.event
    facts: dict[str, Any] = {}

    def who(person_id: UUID) -> PersonView:
        return person_view(directory, person_id)

    match event:
        case StepOpened():
            facts = {"step": event.step, "asked": [who(each.person) for each in event.asked]}
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
                facts["evidence"] = [EvidenceView.model_validate(each) for each in event.evidence]
        case PartRequested():
            facts = {"step": event.step, "person": who(event.asked.person), "reason": event.asked.why}
        case PartWithdrawn():
            facts = {"step": event.step, "person": who(event.person), "reason": event.why}
        case PartForwarded():
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
        case StepReopened():
            fields = [name for name in event.fields if name not in hidden]
            facts = {"step": event.step, "reason": event.because, "fields": fields}
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
    if told.actor_id is not None:
        facts["actor"] = who(told.actor_id)
    return HistoryView(number=told.number, at=event.at, kind=event.kind, **facts)


def inbox_view(waiting: Waiting, process: Process, directory: Directory, reader: UUID) -> InboxView:
    listed = waiting.listed
    step = process.steps[waiting.step]
    facts: dict[str, Any] = {}
    if waiting.person != reader:
        facts["on_behalf_of"] = person_view(directory, waiting.person)
    if waiting.due_at is not None:
        facts["due_at"] = waiting.due_at
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
        requested_at=waiting.requested_at,
        allows=sorted(step.allows),
        missing=missing_fields(listed.content, step),
        **facts,
    )


def simulation_view(process: Process, simulation: Simulation, directory: Directory) -> SimulationView:
    steps = []
    for each in simulation.steps:
        step = process.steps[each.step]
        facts: dict[str, Any] = {}
        if each.because is not None:
            facts["because"] = each.because
        if each.condition is not None:
            facts["condition"] = each.condition
        if each.outcome == "asked":
            facts["quorum"] = step.model_dump(mode="json")["quorum"]
            facts["asked"] = [
                ForeseenPersonView(person=person_view(directory, asked.person), why=asked.why)
                for asked in each.asked
            ]
            facts["left_out"] = [
                ForeseenPersonView(person=person_view(directory, out.person), why=out.why)
                for out in each.left_out
            ]
            facts["missing"] = list(each.missing)
        if each.due_at is not None:
            facts["due_at"] = each.due_at
        steps.append(ForeseenStepView(key=each.step, name=step.name, outcome=each.outcome, **facts))
    return SimulationView(outcome=simulation.outcome, steps=steps)


def replay_view(replay: Replay) -> ReplayView:
    facts: dict[str, Any] = {}
    if replay.report is not None:
        facts["report"] = replay.report
    if replay.ended_at is not None:
        facts["ended_at"] = replay.ended_at
    return ReplayView(
        replay_id=replay.id,
        process_key=replay.process_key,
        wanted=replay.wanted,
        done=replay.done,
        state="ended" if replay.ended_at else "running",
        created_at=replay.created_at,
        **facts,
    )


def move_view(move: Move, counts: dict[str, int], directory: Directory) -> MoveView:
    facts: dict[str, Any] = {}
    if move.carried_out_by is not None:
        facts["carried_out_by"] = person_view(directory, move.carried_out_by)
    return MoveView(
        move_id=move.id,
        process_key=move.process_key,
        to_version=move.to_version,
        state=move.state,
        counts=counts,
        created_at=move.created_at,
        created_by=person_view(directory, move.created_by),
        **facts,
    )


def moved_view(moved: Moved) -> MovedView:
    facts: dict[str, Any] = {}
    if moved.reason is not None:
        facts["reason"] = moved.reason
    if moved.part is not None:
        facts["part"] = moved.part
    return MovedView(
        approval_id=moved.approval_id, from_version=moved.from_version, verdict=moved.verdict, **facts
    )


def inbox_summary_view(counts: list[InboxCount]) -> InboxSummaryView:
    return InboxSummaryView(
        waiting=sum(count.waiting for count in counts),
        overdue=sum(count.overdue for count in counts),
        by_process=[
            InboxCountView(process=count.process, how=count.how, waiting=count.waiting, overdue=count.overdue)
            for count in counts
        ],
    )


def linked_view(link: Link, held: Held, process: Process, directory: Directory) -> LinkedView:
    """As its addressee sees it who has not signed in: protected fields only where the step shows them."""
    approval = held.approval
    step = process.steps[link.step]
    protected = process.subject.protected_fields()
    content = {
        name: value for name, value in approval.content.items() if name not in protected or name in step.shows
    }
    return LinkedView(
        step=link.step,
        step_name=step.name,
        process_name=process.definition.name,
        title=held.title,
        requester=person_view(directory, approval.requester),
        person=person_view(directory, link.person_id),
        content=content,
        content_hash=approval.content_hash,
        allows=sorted(step.allows - {"forward"}),
        missing=missing_fields(approval.content, step),
        expires_at=link.expires_at,
    )


def problem_view(refusal: Refusal, language: str) -> ProblemView:
    facts = {"field": refusal.field or "", **refusal.facts}
    detail = load_catalogue("approval").text(refusal.code, language, facts) or refusal.code
    if refusal.field is None:
        return ProblemView(code=refusal.code, detail=detail)
    return ProblemView(code=refusal.code, detail=detail, field=refusal.field)


def evidence_view(document: Document) -> EvidenceView:
    return EvidenceView(
        evidence_id=document.id,
        name=document.name,
        media_type=document.media_type,
        size=document.size,
        sha256=document.sha256,
    )


def decided_view(decided: Decided, language: str) -> DecidedView:
    facts: dict[str, Any] = {}
    if decided.held is not None:
        facts["state"] = decided.held.approval.state
    if decided.refusal is not None:
        facts["problem"] = problem_view(decided.refusal, language)
    return DecidedView(
        approval_id=decided.approval_id, step=decided.step, decided=decided.refusal is None, **facts
    )


def delegation_view(stored: StoredDelegation, directory: Directory) -> DelegationView:
    delegation = stored.delegation
    facts: dict[str, Any] = {}
    if delegation.up_to is not None:
        facts["up_to"] = delegation.up_to
    if stored.reason is not None:
        facts["reason"] = stored.reason
    if stored.revoked_at is not None:
        facts["revoked_at"] = stored.revoked_at
    return DelegationView(
        delegation_id=delegation.id,
        created_by=person_view(directory, stored.created_by),
        from_person=person_view(directory, delegation.from_person),
        to_person=person_view(directory, delegation.to_person),
        starts_at=delegation.starts_at,
        ends_at=delegation.ends_at,
        processes=sorted(delegation.processes),
        created_at=stored.created_at,
        **facts,
    )
