"""The HTTP endpoints. Each parses the request, calls its use case, and shows the result as the caller may see
it."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

import orjson
from pydantic import BaseModel

from optima_kit.cause import Cause
from optima_kit.file_names import BEGINNINGS
from optima_kit.http import Call, Content, Created, Page, PageQuery, Reply, Routes
from optima_kit.refusals import Malformed, Refusal, Violations

from ..application.attach_evidence import MOST_BYTES as MOST_DOCUMENT_BYTES
from ..application.attach_evidence import attach_evidence, read_evidence
from ..application.change_approvers import add_approver, reassign_part
from ..application.check_process import check_process
from ..application.claim_step import claim_step, follow_up, release_step
from ..application.comment import answer_comment, comment
from ..application.decide_by_link import decide_by_link, read_by_link
from ..application.decide_many import decide_many
from ..application.decide_step import decide_step
from ..application.declare_subject_type import declare_subject_type, read_subject_type
from ..application.define_process import define_process, retire_process
from ..application.delegate import DelegationRequest, give_delegation, revoke_delegation
from ..application.forward_part import forward_part
from ..application.in_turns import in_turns
from ..application.migrate_approvals import begin_migration, read_migration, revert_migration, run_migration
from ..application.ports import Draft, Migration, Ports, StoredApproval
from ..application.publish_process import publish_process
from ..application.read import approvals, delegations, processes
from ..application.read.views import (
    ApprovalView,
    CommentView,
    DelegationView,
    EvidenceView,
    HistoryView,
    InboxSummaryView,
    InboxView,
    LinkDecidedView,
    LinkedView,
    MigrationItemView,
    MigrationView,
    ProcessView,
    ReplayView,
    SimulationView,
    SubjectTypeView,
    SummaryView,
    VersionView,
    WorkingTimeView,
)
from ..application.recall_approval import recall_approval
from ..application.replay_process import begin_replay, read_replay
from ..application.revoke_approval import revoke_approval
from ..application.simulate_process import SimulationInput, simulate_process
from ..application.submit_subject import Submission, amend_subject, submit_subject
from ..application.watch_approval import stop_watching, watch_approval
from ..application.withdraw_decision import withdraw_decision
from ..application.working_time import set_working_time
from ..domain.calendar import WorkingTime
from ..domain.process import Definition
from ..domain.subjects import SubjectType
from .commands import (
    AddApproverCommand,
    AmendCommand,
    AnswerCommand,
    ApprovalsQuery,
    CheckView,
    ClaimCommand,
    CommentCommand,
    DecideCommand,
    DecidedManyView,
    DecideManyCommand,
    DelegateCommand,
    EvidenceQuery,
    FollowUpCommand,
    ForwardCommand,
    InboxFilterQuery,
    InboxQuery,
    LinkDecideCommand,
    MigrateCommand,
    MigrationItemsQuery,
    NoBody,
    ProcessQuery,
    ReassignCommand,
    RecallCommand,
    ReplayCommand,
    RevokeCommand,
    SimulateCommand,
    SubmitCommand,
    WithdrawCommand,
    check_view,
    decided_view,
)
from .documents import MEDIA_TYPES, MOST_BYTES, Lines, flaws_with_lines, reading
from .resources import Resources

M = TypeVar("M", bound=BaseModel)

routes = Routes()

_SCHEMA = orjson.dumps(Definition.model_json_schema())


async def _shown(call: Call[Ports], stored: StoredApproval) -> Reply[ApprovalView]:
    return Reply(await approvals.show_approval(call.ports, call.actor, stored), version=stored.version)


# -- processes and subject types


async def _read(call: Call[Ports], model: type[M], body: bytes) -> tuple[M, Lines]:
    written = reading(model, body, call.headers.get("Content-Type", ""))
    return await in_turns(call.ports.tenant_id, written)


def _process(call: Call[Ports], draft: Draft, status: int = 200) -> Reply[ProcessView]:
    return Reply(processes.show_process(call.actor, draft), version=draft.version, status=status)


@routes.get("/v1/processes/schema", privilege="process.read")
async def process_schema(call: Call[Ports]) -> Content:
    """Read the JSON Schema of process documents"""
    return Content(_SCHEMA, "application/schema+json", "process.schema.json", inline=True)


@routes.get("/v1/processes", privilege="process.read")
async def list_processes(call: Call[Ports], query: PageQuery) -> Page[ProcessView]:
    """List processes by key"""
    return await processes.list_processes(call.ports, call.actor, query)


@routes.get("/v1/processes/{key}", privilege="process.read")
async def read_process(call: Call[Ports], key: str, query: ProcessQuery) -> Reply[ProcessView]:
    """Read a process: its draft, or one of its published versions"""
    if query.version is not None:
        return Reply(await processes.read_version(call.ports, call.actor, key, query.version), version=None)
    return _process(call, await processes.read_draft(call.ports, key))


@routes.put(
    "/v1/processes/{key}",
    privilege="process.write",
    consumes=MEDIA_TYPES,
    max_bytes=MOST_BYTES,
    may_create=True,
    if_match="optional",
)
async def define(call: Call[Ports], key: str, body: bytes) -> Reply[ProcessView]:
    """Write a process's draft, in JSON or YAML

    Approvals are not affected until the draft is published. `If-Match` names the version of the draft that
    was read; a new process needs none."""
    definition, _ = await _read(call, Definition, body)
    draft = await define_process(call.ports, call.actor, key, definition, call.expected_version)
    return _process(call, draft, 201 if draft.version == 1 else 200)


@routes.post(
    "/v1/processes/{key}/check",
    privilege="process.write",
    consumes=MEDIA_TYPES,
    max_bytes=MOST_BYTES,
    idempotent=False,
)
async def check(call: Call[Ports], key: str, body: bytes) -> CheckView:
    """Check a process's document, in JSON or YAML, without storing it

    Answers with every flaw for which the draft or its publication would be refused, and the place of each."""
    lines: Lines = {}
    try:
        definition, lines = await _read(call, Definition, body)
        found: Refusal = Violations(await check_process(call.ports, call.actor, key, definition))
    except (Malformed, Violations) as unreadable:
        found = unreadable
    return check_view(flaws_with_lines(found, lines), call.language)


@routes.get("/v1/processes/{key}/versions", privilege="process.read")
async def list_versions(call: Call[Ports], key: str, query: PageQuery) -> Page[VersionView]:
    """List a process's published versions, newest first"""
    return await processes.list_versions(call.ports, key, query)


@routes.post("/v1/processes/{key}/publication", privilege="process.write", if_match="optional")
async def publish(call: Call[Ports], key: str, body: NoBody) -> Reply[ProcessView]:
    """Publish the draft: approvals that open from now on follow it

    A refusal lists every flaw and its place in the document."""
    draft = await publish_process(call.ports, call.actor, key, call.expected_version)
    return _process(call, draft)


@routes.post("/v1/processes/{key}/retirement", privilege="process.write", if_match="optional")
async def retire(call: Call[Ports], key: str, body: NoBody) -> Reply[ProcessView]:
    """Retire a process: its running approvals go on, and no more are opened"""
    draft = await retire_process(call.ports, call.actor, key, call.expected_version)
    return _process(call, draft)


@routes.get("/v1/subject-types/{key}", privilege="process.read")
async def show_subject_type(call: Call[Ports], key: str) -> Reply[SubjectTypeView]:
    """Read the declaration of a kind of thing that can be approved"""
    subject, version = await read_subject_type(call.ports, key)
    return Reply(processes.show_subject_type(subject), version=version)


@routes.get("/v1/subject-types", privilege="process.read")
async def list_subject_types(call: Call[Ports], query: PageQuery) -> Page[SubjectTypeView]:
    """List the kinds of things that can be approved, by key"""
    return await processes.list_subject_types(call.ports, query)


@routes.put(
    "/v1/subject-types/{key}",
    privilege="process.write",
    consumes=MEDIA_TYPES,
    max_bytes=MOST_BYTES,
    may_create=True,
    if_match="optional",
)
async def declare(call: Call[Ports], key: str, body: bytes) -> Reply[SubjectTypeView]:
    """Declare a kind of thing that can be approved, in JSON or YAML"""
    subject, _ = await _read(call, SubjectType, body)
    version = await declare_subject_type(call.ports, call.actor, key, subject, call.expected_version)
    return Reply(processes.show_subject_type(subject), version=version, status=201 if version == 1 else 200)


# -- trying processes out, and moving what runs


@routes.post("/v1/processes/{key}/simulation", privilege="process.read", idempotent=False)
async def simulate(call: Call[Ports], key: str, body: SimulateCommand) -> SimulationView:
    """Simulate an approval: who would decide each step, and why

    Changes nothing."""
    given = SimulationInput(body.requester_id, body.content, body.version)
    process, simulation = await simulate_process(call.ports, key, given)
    return processes.show_simulation(process, simulation, await call.ports.directories.read())


@routes.post("/v1/processes/{key}/replays", privilege="process.write", status=202)
async def replay(call: Call[Ports], key: str, body: ReplayCommand) -> Created[ReplayView]:
    """Try the draft on approvals that have ended: what would have differed, how long it would have taken"""
    begun = await begin_replay(call.ports, call.actor, key, body.last, body.version)
    return Created(await processes.show_replay(call.ports, call.actor, begun), f"/v1/replays/{begun.id}")


@routes.get("/v1/replays/{replay_id}", privilege="process.write")
async def show_replay(call: Call[Ports], replay_id: UUID) -> ReplayView:
    """Read a replay and its report"""
    return await processes.show_replay(call.ports, call.actor, await read_replay(call.ports, replay_id))


async def _migration_reply(
    call: Call[Ports], migration: Migration, location: str | None = None
) -> Reply[MigrationView]:
    view = await processes.show_migration(call.ports, call.actor, migration)
    return Reply(view, version=migration.version, location=location)


async def _begun(call: Call[Ports], migration: Migration) -> Reply[MigrationView]:
    return await _migration_reply(call, migration, f"/v1/moves/{migration.id}")


@routes.post("/v1/processes/{key}/moves", privilege="process.write", status=202)
async def preview_moves(call: Call[Ports], key: str, body: MigrateCommand) -> Reply[MigrationView]:
    """Preview the migration of running approvals to another version: a verdict for each, and no change yet"""
    return await _begun(call, await begin_migration(call.ports, call.actor, key, body.to_version))


@routes.get("/v1/processes/{key}/moves", privilege="process.write")
async def list_moves(call: Call[Ports], key: str, query: PageQuery) -> Page[MigrationView]:
    """List the migrations of a process's approvals, newest first"""
    return await processes.list_migrations(call.ports, call.actor, key, query)


@routes.get("/v1/moves/{move_id}", privilege="process.write")
async def show_move(call: Call[Ports], move_id: UUID) -> Reply[MigrationView]:
    """Read a migration: its state, and how many approvals have each verdict"""
    return await _migration_reply(call, await read_migration(call.ports, move_id))


@routes.get("/v1/moves/{move_id}/items", privilege="process.write")
async def list_moved(call: Call[Ports], move_id: UUID, query: MigrationItemsQuery) -> Page[MigrationItemView]:
    """List what a migration plans for each approval, or did with it"""
    return await processes.list_migration_items(call.ports, call.actor, move_id, query, query.verdict)


@routes.post("/v1/moves/{move_id}/execution", privilege="process.write", status=202, if_match="optional")
async def execute_move(call: Call[Ports], move_id: UUID, body: NoBody) -> Reply[MigrationView]:
    """Migrate the approvals for which the preview found it possible

    Each approval is judged once more, and refused if a step that blocks the migration has started since."""
    return await _begun(call, await run_migration(call.ports, call.actor, move_id, call.expected_version))


@routes.post("/v1/moves/{move_id}/reversal", privilege="process.write", status=202, if_match="optional")
async def reverse_move(call: Call[Ports], move_id: UUID, body: NoBody) -> Reply[MigrationView]:
    """Reverse a migration for the approvals on which nobody has acted since"""
    return await _begun(call, await revert_migration(call.ports, call.actor, move_id, call.expected_version))


@routes.get("/v1/working-time", privilege="process.read")
async def show_working_time(call: Call[Ports]) -> Reply[WorkingTimeView]:
    """Read the tenant's working hours, in which due times are counted"""
    working_time, version = await call.ports.directories.working_time()
    return Reply(WorkingTimeView(working_time=working_time.model_dump(mode="json")), version=version)


@routes.put(
    "/v1/working-time",
    privilege="process.write",
    consumes=MEDIA_TYPES,
    max_bytes=MOST_BYTES,
    if_match="optional",
)
async def change_working_time(call: Call[Ports], body: bytes) -> Reply[WorkingTimeView]:
    """Set the tenant's working hours, in JSON or YAML: weekdays, public holidays, closures

    Due times that are already set stay."""
    working_time, _ = await _read(call, WorkingTime, body)
    version = await set_working_time(call.ports, call.actor, working_time, call.expected_version)
    return Reply(WorkingTimeView(working_time=working_time.model_dump(mode="json")), version=version)


# -- approvals


@routes.post("/v1/approvals", privilege="approval.open", status=201)
async def submit(call: Call[Ports], body: SubmitCommand) -> Reply[ApprovalView]:
    """Submit anything of a declared type for approval

    Briefs are submitted to the brief service instead."""
    submission = Submission(body.process, body.subject_id, body.revision, body.content, body.requester_id)
    stored = await submit_subject(call.ports, call.actor, submission)
    shown = await _shown(call, stored)
    return Reply(shown.view, version=shown.version, location=f"/v1/approvals/{stored.approval.id}")


@routes.put("/v1/approvals/{approval_id}/content", privilege="approval.open", if_match="optional")
async def amend(call: Call[Ports], approval_id: UUID, body: AmendCommand) -> Reply[ApprovalView]:
    """Amend what is being approved; only the steps that have judged a changed field begin again"""
    stored = await amend_subject(call.ports, call.actor, approval_id, body.content, call.expected_version)
    return await _shown(call, stored)


@routes.get("/v1/approvals", privilege="approval.read")
async def list_approvals(call: Call[Ports], query: ApprovalsQuery) -> Page[SummaryView]:
    """List the approvals that concern the caller, newest first

    All of them, if the caller holds `approval.read_all`."""
    return await approvals.list_approvals(
        call.ports,
        call.actor,
        query,
        subject_id=query.subject_id,
        state=query.state,
        process=query.process,
        text=query.text,
    )


@routes.get("/v1/approvals/{approval_id}", privilege="approval.read")
async def read_approval(call: Call[Ports], approval_id: UUID) -> Reply[ApprovalView]:
    """Read an approval: its content, its steps, who was asked and what they said"""
    view = await approvals.read_approval(call.ports, call.actor, approval_id)
    return Reply(view, version=view.version)


@routes.get("/v1/approvals/{approval_id}/history", privilege="approval.read")
async def list_history(call: Call[Ports], approval_id: UUID, query: PageQuery) -> Page[HistoryView]:
    """List everything that happened to an approval, oldest first"""
    return await approvals.list_history(call.ports, call.actor, approval_id, query)


@routes.post("/v1/approvals/{approval_id}/decisions", privilege="approval.decide")
async def decide(call: Call[Ports], approval_id: UUID, body: DecideCommand) -> Reply[ApprovalView]:
    """Decide a step, about exactly the content that was read"""
    decision = body.decision(call.actor)
    stored = await decide_step(call.ports, call.actor, approval_id, decision, body.evidence)
    return await _shown(call, stored)


@routes.post(
    "/v1/approvals/{approval_id}/evidence",
    privilege="approval.decide",
    status=201,
    consumes=tuple(BEGINNINGS),
    max_bytes=MOST_DOCUMENT_BYTES,
)
async def attach(
    call: Call[Ports], approval_id: UUID, query: EvidenceQuery, body: bytes
) -> Created[EvidenceView]:
    """Upload a document for the caller's decision: PDF, PNG or JPEG, at most 10 MiB"""
    document = await attach_evidence(call.ports, call.actor, approval_id, query.name, call.media_type, body)
    location = f"/v1/approvals/{approval_id}/evidence/{document.id}"
    return Created(approvals.show_evidence(document), location)


@routes.get("/v1/approvals/{approval_id}/evidence/{evidence_id}", privilege="approval.read")
async def download(call: Call[Ports], approval_id: UUID, evidence_id: UUID) -> Content:
    """Download a document that belongs to a decision"""
    document, data = await read_evidence(call.ports, call.actor, approval_id, evidence_id)
    return Content(data, document.media_type, document.name)


@routes.post("/v1/approvals/{approval_id}/forwarding", privilege="approval.decide")
async def forward(call: Call[Ports], approval_id: UUID, body: ForwardCommand) -> Reply[ApprovalView]:
    """Hand the caller's part in a step to somebody else"""
    stored = await forward_part(
        call.ports, call.actor, approval_id, body.step, body.to_person_id, body.reason
    )
    return await _shown(call, stored)


@routes.post("/v1/approvals/{approval_id}/reassignment", privilege="approval.administer")
async def reassign(call: Call[Ports], approval_id: UUID, body: ReassignCommand) -> Reply[ApprovalView]:
    """Reassign a person's part in a step to somebody else"""
    stored = await reassign_part(
        call.ports,
        call.actor,
        approval_id,
        body.step,
        body.from_person_id,
        body.to_person_id,
        body.reason,
    )
    return await _shown(call, stored)


@routes.post("/v1/approvals/{approval_id}/approvers", privilege="approval.decide")
async def add(call: Call[Ports], approval_id: UUID, body: AddApproverCommand) -> Reply[ApprovalView]:
    """Add an approver to a step

    People who are asked by the step and admins may do so. The step then needs this approval in addition to
    those that it needs anyway."""
    stored = await add_approver(call.ports, call.actor, approval_id, body.step, body.person_id, body.reason)
    return await _shown(call, stored)


@routes.post("/v1/approvals/{approval_id}/withdrawal", privilege="approval.decide")
async def withdraw(call: Call[Ports], approval_id: UUID, body: WithdrawCommand) -> Reply[ApprovalView]:
    """Withdraw the caller's decision, as long as its step waits for others"""
    stored = await withdraw_decision(call.ports, call.actor, approval_id, body.step, body.on_behalf_of)
    return await _shown(call, stored)


@routes.post("/v1/approvals/{approval_id}/claim", privilege="approval.decide")
async def claim(call: Call[Ports], approval_id: UUID, body: ClaimCommand) -> Reply[ApprovalView]:
    """Claim a step that others are asked to decide too

    The others see the claim. It binds nobody: everybody who is asked may still decide."""
    return await _shown(call, await claim_step(call.ports, call.actor, approval_id, body.step))


@routes.post("/v1/approvals/{approval_id}/release", privilege="approval.decide")
async def release(call: Call[Ports], approval_id: UUID, body: ClaimCommand) -> Reply[ApprovalView]:
    """Release a step that the caller has claimed; an admin may release any claim"""
    return await _shown(call, await release_step(call.ports, call.actor, approval_id, body.step))


@routes.put("/v1/approvals/{approval_id}/follow-up", privilege="approval.decide")
async def put_off(call: Call[Ports], approval_id: UUID, body: FollowUpCommand) -> Reply[ApprovalView]:
    """Postpone the caller's part in a step to a day

    Only the caller sees it. The due time stays."""
    return await _shown(call, await follow_up(call.ports, call.actor, approval_id, body.step, body.on))


@routes.get("/v1/approvals/{approval_id}/comments", privilege="approval.read")
async def list_comments(call: Call[Ports], approval_id: UUID, query: PageQuery) -> Page[CommentView]:
    """List the comments and questions about an approval's steps, oldest first"""
    return await approvals.list_comments(call.ports, call.actor, approval_id, query)


@routes.post("/v1/approvals/{approval_id}/comments", privilege="approval.read", status=201)
async def write_comment(call: Call[Ports], approval_id: UUID, body: CommentCommand) -> CommentView:
    """Comment on a step, or ask somebody about it, while the step goes on waiting"""
    written = await comment(call.ports, call.actor, approval_id, body.step, body.text, body.to_person_id)
    return await approvals.show_comment(call.ports, call.actor, written)


@routes.post("/v1/approvals/{approval_id}/comments/{comment_id}/answer", privilege="approval.read")
async def answer_question(
    call: Call[Ports], approval_id: UUID, comment_id: UUID, body: AnswerCommand
) -> CommentView:
    """Answer a question about a step, once"""
    answered = await answer_comment(call.ports, call.actor, approval_id, comment_id, body.text)
    return await approvals.show_comment(call.ports, call.actor, answered)


@routes.post("/v1/approvals/{approval_id}/recall", privilege="approval.read")
async def recall(call: Call[Ports], approval_id: UUID, body: RecallCommand) -> Reply[ApprovalView]:
    """Recall an approval that the caller has requested"""
    return await _shown(call, await recall_approval(call.ports, call.actor, approval_id, body.reason))


@routes.post("/v1/approvals/{approval_id}/revocation", privilege="approval.decide")
async def revoke_given(call: Call[Ports], approval_id: UUID, body: RevokeCommand) -> Reply[ApprovalView]:
    """Revoke an approval that was given, with a reason

    People who approved it and admins may do so. Whatever began because of the approval is told to stop. A
    later revision can be submitted again."""
    return await _shown(call, await revoke_approval(call.ports, call.actor, approval_id, body.reason))


@routes.post("/v1/approvals/{approval_id}/watching", privilege="approval.read")
async def watch(call: Call[Ports], approval_id: UUID, body: NoBody) -> Reply[ApprovalView]:
    """Watch an approval, to be notified of its end"""
    return await _shown(call, await watch_approval(call.ports, call.actor, approval_id))


@routes.delete("/v1/approvals/{approval_id}/watching", privilege="approval.read")
async def unwatch(call: Call[Ports], approval_id: UUID) -> None:
    """Stop watching an approval"""
    await stop_watching(call.ports, call.actor, approval_id)


@routes.get("/v1/inbox", privilege="approval.decide")
async def inbox(call: Call[Ports], query: InboxQuery) -> Page[InboxView]:
    """List what waits for the caller to decide: directly, by role, or on somebody's behalf"""
    return await approvals.list_inbox(call.ports, call.actor, query, query.wanted(call.now), query.sort)


@routes.get("/v1/inbox/summary", privilege="approval.decide")
async def inbox_summary(call: Call[Ports], query: InboxFilterQuery) -> InboxSummaryView:
    """Count what waits for the caller, what is overdue and what it amounts to"""
    return await approvals.count_inbox(call.ports, call.actor, query.wanted(call.now))


@routes.post("/v1/decisions", privilege="approval.decide")
async def decide_at_once(call: Call[Ports], body: DecideManyCommand) -> DecidedManyView:
    """Decide up to 500 steps at once; each succeeds or is refused separately"""
    wanted = [(item.approval_id, item.decision(call.actor), item.evidence) for item in body.items]
    results = await decide_many(call.ports, call.actor, wanted)
    return DecidedManyView(items=[decided_view(each, call.language) for each in results])


# -- delegations


@routes.get("/v1/delegations", privilege="approval.delegate")
async def list_delegations(call: Call[Ports], query: PageQuery) -> Page[DelegationView]:
    """List the delegations that the caller gave or received, newest first

    All of them, if the caller holds `approval.read_all`."""
    return await delegations.list_delegations(call.ports, call.actor, query)


@routes.post("/v1/delegations", privilege="approval.delegate", status=201)
async def delegate(call: Call[Ports], body: DelegateCommand) -> Created[DelegationView]:
    """Let somebody decide in the caller's place for a while"""
    request = DelegationRequest(
        body.to_person_id,
        body.starts_at,
        body.ends_at,
        frozenset(body.processes),
        body.up_to,
        body.reason,
        body.from_person_id,
    )
    stored = await give_delegation(call.ports, call.actor, request)
    view = await delegations.show_delegation(call.ports, call.actor, stored)
    return Created(view, f"/v1/delegations/{view.id}")


@routes.delete("/v1/delegations/{delegation_id}", privilege="approval.delegate")
async def revoke(call: Call[Ports], delegation_id: UUID) -> None:
    """End a delegation at once"""
    await revoke_delegation(call.ports, call.actor, delegation_id)


# -- deciding from an e-mail


@routes.get("/v1/decision-links/{token}", public=True)
async def show_link(call: Call[Ports], token: str) -> LinkedView:
    """Read what an e-mail's link asks to decide

    Reading changes nothing, so that a mail scanner can't decide."""
    resources: Resources = call.resources
    tenant_id, link_id = resources.tokens.read(token)
    async with call.database.reading(tenant_id, now=call.now) as work:
        return await approvals.read_link(resources.ports(work), link_id)


@routes.post("/v1/decision-links/{token}", public=True, idempotent=False)
async def decide_from_link(call: Call[Ports], token: str, body: LinkDecideCommand) -> LinkDecidedView:
    """Decide by an e-mail's link, once, as the person to whom it was sent"""
    resources: Resources = call.resources
    tenant_id, link_id = resources.tokens.read(token)
    async with call.database.reading(tenant_id, now=call.now) as work:
        link, _ = await read_by_link(resources.ports(work), link_id)
    async with call.database.transaction(tenant_id, Cause(call.now, actor_id=link.person_id)) as work:
        stored = await decide_by_link(
            resources.ports(work), link_id, body.outcome, body.content_hash, body.reason
        )
    return LinkDecidedView(title=stored.title, state=stored.approval.state)
