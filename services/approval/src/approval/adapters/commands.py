"""The commands and queries that clients send, and some of the answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from optima_kit.actor import Actor
from optima_kit.http import Amount, Command, Day, FileName, Moment, PageQuery, Query, Text, View
from optima_kit.http.problems import load_catalogue
from optima_kit.refusals import Refusal, Violations

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
    """An empty body."""


class DecideCommand(Command):
    step: StepKey
    outcome: Literal["approve", "reject", "abstain", "request_changes"]
    content_hash: ContentHash
    """The hash of the content that the caller has read."""
    reason: Annotated[str, Text(4000)] | None = None
    on_behalf_of: UUID | None = None
    """The person whose part is decided, if the caller is their delegate. By default, the caller's own
    part."""
    evidence: Annotated[list[UUID], Field(max_length=20, default_factory=list)]
    """Documents that the caller has already attached to the approval."""
    fields: Annotated[dict[FieldName, str | int | bool], Field(max_length=50, default_factory=dict)]
    """The values of the fields that the step fills in. Only an approval may give them."""

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
    """The file's name, without a folder."""


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
    """The person who is asked now."""
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
    """A future day. Without it, the part is no longer put off."""


class WithdrawCommand(Command):
    step: StepKey
    on_behalf_of: UUID | None = None
    """The person whose part it is, if the caller decided for somebody. By default, the caller's own part."""


class CommentCommand(Command):
    step: StepKey
    text: Annotated[str, Text(4000)]
    to_person_id: UUID | None = None
    """The person to whom this is a question: the requester, or somebody who is or was asked to decide.
    Without it, this is a comment."""


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
    """The keys of the processes that are delegated. An empty list means every process."""
    up_to: Amount | None = None
    reason: Annotated[str, Text(4000)] | None = None
    from_person_id: UUID | None = None
    """The person who delegates, if not the caller. Only admins may name another person, and then not
    themselves in `to_person_id`."""


class ProcessQuery(Query):
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


class ApprovalsQuery(PageQuery):
    subject_id: UUID | None = None
    state: ApprovalState | None = None
    process: StepKey | None = None
    text: Annotated[str, Text(200)] | None = None
    """Words of the title, the number or the requester's name."""


class InboxFilterQuery(Query):
    subject_id: UUID | None = None
    process: StepKey | None = None
    overdue: bool = False
    text: Annotated[str, Text(200)] | None = None
    back_by: Day | None = None
    """Leaves out what the caller wants to come back to only after this day."""
    how: How | None = None
    """Why it is in the caller's inbox."""
    requester_id: UUID | None = None
    unit_id: UUID | None = None
    """The requester's unit, or a unit above it."""
    due_before: Moment | None = None
    min_amount: Amount | None = None
    max_amount: Amount | None = None
    """In euro. Only for callers who may see every amount."""

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
    """A subject that might be submitted."""

    requester_id: UUID
    content: dict[str, Any]
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    """The number of a published version. By default, the draft."""


class ReplayCommand(Command):
    last: Annotated[int, Field(ge=1, le=10_000)] = 1000
    """How many of the approvals that ended last are replayed."""
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


class MigrateCommand(Command):
    to_version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    """The number of the target version. By default, the newest."""


class MigrationItemsQuery(PageQuery):
    verdict: Verdict | None = None


class SubmitCommand(Command):
    process: StepKey
    subject_id: UUID
    revision: Annotated[int, Field(ge=1, le=2**31 - 1)] = 1
    content: dict[str, Any]
    requester_id: UUID | None = None
    """The requester, if not the caller. Only a machine client may name another person."""


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
    errors: list[ProblemView] | None = None
    """Each of several values that have to be corrected."""


class FlawView(ProblemView):
    line: int | None = None
    """The line in the document, if the document is YAML."""


class CheckView(View):
    flaws: list[FlawView]
    """What is wrong with the document. If the list is empty, the document could be published as it is."""


class DecidedView(View):
    approval_id: UUID
    step: str
    decided: bool
    state: str | None = None
    """The approval's state after the decision."""
    problem: ProblemView | None = None


class DecidedManyView(View):
    items: list[DecidedView]


def decided_view(decided: Decided, language: str) -> DecidedView:
    refusal = decided.refusal
    return DecidedView(
        approval_id=decided.approval_id,
        step=decided.step,
        decided=refusal is None,
        state=decided.stored.approval.state if decided.stored is not None else None,
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
    several = refusal.refusals if isinstance(refusal, Violations) else []
    errors = [_problem(each, language) for each in several] or None
    return ProblemView(code=refusal.code, detail=detail, field=refusal.field, errors=errors)
