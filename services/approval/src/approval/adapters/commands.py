"""What clients send, and the answer to many decisions at once."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from optima_kit.actor import Actor
from optima_kit.http import Amount, Command, Day, FileName, Moment, PageQuery, Query, Text, View
from optima_kit.http.problems import load_catalogue
from optima_kit.refusals import Refusal

from ..application.decide_many import Decided
from ..application.ports import How, InboxFilter, InboxSort, Verdict
from ..application.read.approvals import InboxSearch
from ..domain import engine
from ..domain.approval import ApprovalState
from ..domain.subjects import FieldName

StepKey = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
ContentHash = Annotated[str, Field(pattern=r"^[0-9A-Za-z_.:-]{1,128}$")]


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
    fields: Annotated[dict[FieldName, str | int | bool], Field(max_length=50, default_factory=dict)]
    """What the step has filled in, by field; with an approval alone."""

    def decision(self, actor: Actor) -> engine.Decision:
        return engine.Decision(
            step=self.step,
            act=self.outcome,
            by=actor.person_id,
            content_hash=self.content_hash,
            on_behalf_of=self.on_behalf_of,
            reason=self.reason,
            filled=self.fields,
        )


class EvidenceQuery(Query):
    name: Annotated[FileName, Field(examples=["preventivo.pdf"])]
    """File name, without a folder."""


class DecideOneOfMany(DecideCommand):
    approval_id: UUID


class DecideManyCommand(Command):
    items: Annotated[list[DecideOneOfMany], Field(min_length=1, max_length=500)]


class ForwardCommand(Command):
    step: StepKey
    to_person_id: UUID
    reason: Annotated[str, Text(4000)] | None = None


class ReassignCommand(Command):
    step: StepKey
    from_person_id: UUID
    """Who is asked now."""
    to_person_id: UUID
    reason: Annotated[str, Text(4000)] | None = None


class AddApproverCommand(Command):
    step: StepKey
    person_id: UUID
    reason: Annotated[str, Text(4000)] | None = None


class ClaimCommand(Command):
    step: StepKey


class FollowUpCommand(Command):
    step: StepKey
    on: Day | None = None
    """A day to come; unsaid: it is put off no longer."""


class WithdrawCommand(Command):
    step: StepKey
    on_behalf_of: UUID | None = None
    """Whose part it is, where the caller decided for somebody; unsaid: the caller's own."""


class CommentCommand(Command):
    step: StepKey
    text: Annotated[str, Text(4000)]
    to_person_id: UUID | None = None
    """Who is asked: the requester, or somebody who is or was asked to decide. Unsaid: it is no question."""


class AnswerCommand(Command):
    text: Annotated[str, Text(4000)]


class RecallCommand(Command):
    reason: Annotated[str, Text(4000)] | None = None


class RevokeCommand(Command):
    reason: Annotated[str, Text(4000)]


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
    state: ApprovalState | None = None
    process: StepKey | None = None
    text: Annotated[str, Text(200)] | None = None
    """Words of title, number or requester's name."""


class InboxFilterQuery(Query):
    subject_id: UUID | None = None
    process: StepKey | None = None
    overdue: bool = False
    text: Annotated[str, Text(200)] | None = None
    back_by: Day | None = None
    """Without what the caller wants to come back to after that day."""
    how: How | None = None
    """Through what it waits for the caller."""
    requester_id: UUID | None = None
    unit_id: UUID | None = None
    """The requester's, or one above it."""
    due_before: Moment | None = None
    min_amount: Amount | None = None
    max_amount: Amount | None = None
    """Euro. For who may see every amount."""

    def wanted(self, now: datetime) -> InboxSearch:
        due_before = min(now, self.due_before or now) if self.overdue else self.due_before
        return InboxSearch(
            InboxFilter(
                subject_id=self.subject_id,
                process=self.process,
                due_before=due_before,
                text=self.text,
                back_by=self.back_by,
                how=self.how,
                least=self.min_amount,
                most=self.max_amount,
            ),
            self.requester_id,
            self.unit_id,
        )


class InboxQuery(PageQuery, InboxFilterQuery):
    sort: InboxSort = "requested"
    """The oldest, the soonest due, or the largest amount first."""


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


class ProblemView(View):
    code: str
    detail: str
    field: str | None = None


class FlawView(ProblemView):
    line: int | None = None
    """Of the document, where it is YAML."""


class CheckView(View):
    flaws: list[FlawView]
    """None: the document would be published as it is."""


class DecidedView(View):
    approval_id: UUID
    step: str
    decided: bool
    state: str | None = None
    """The approval's state afterwards."""
    problem: ProblemView | None = None


class DecidedManyView(View):
    items: list[DecidedView]


def decided_view(decided: Decided, language: str) -> DecidedView:
    refusal = decided.refusal
    return DecidedView(
        approval_id=decided.approval_id,
        step=decided.step,
        decided=refusal is None,
        state=decided.held.approval.state if decided.held is not None else None,
        problem=_problem(refusal, language) if refusal is not None else None,
    )


def check_view(flaws: list[Refusal], language: str) -> CheckView:
    return CheckView(
        flaws=[
            FlawView(**_problem(flaw, language).model_dump(), line=flaw.facts.get("line")) for flaw in flaws
        ]
    )


def _problem(refusal: Refusal, language: str) -> ProblemView:
    facts = {"field": refusal.field or "", **refusal.facts}
    detail = load_catalogue("approval").text(refusal.code, language, facts) or refusal.code
    return ProblemView(code=refusal.code, detail=detail, field=refusal.field)
