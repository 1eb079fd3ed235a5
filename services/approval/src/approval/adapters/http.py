"""The endpoints. Each parses, calls its use case, and shows the outcome as the caller may see it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import orjson

from optima_kit.http import Call, Content, Page, PageQuery, Reply, Routes, decode_cursor, encode_cursor

from ..application import queries
from ..application.access import hidden_fields, pinned_process, running_process
from ..application.decide_many import decide_many
from ..application.decide_step import decide_step
from ..application.declare_subject_type import declare_subject_type, read_subject_type
from ..application.define_process import define_process, retire_process
from ..application.delegate import Wish, give_delegation, revoke_delegation
from ..application.forward_part import forward_part
from ..application.ports import Held, InboxFilter, InboxPlace, Ports
from ..application.publish_process import publish_process
from ..application.recall_approval import recall_approval
from ..domain.process import Definition
from ..domain.subjects import SubjectType
from .documents import MEDIA_TYPES, MOST_BYTES, read_document
from .views import (
    ApprovalsQuery,
    ApprovalView,
    DecideCommand,
    DecidedManyView,
    DecideManyCommand,
    DelegateCommand,
    DelegationView,
    ForwardCommand,
    HistoryView,
    InboxQuery,
    InboxView,
    NoBody,
    ProcessQuery,
    ProcessView,
    RecallCommand,
    SubjectTypeView,
    SummaryView,
    approval_view,
    decided_view,
    delegation_view,
    history_view,
    inbox_view,
    process_view,
    subject_type_view,
    summary_view,
)

routes = Routes()

_SCHEMA = orjson.dumps(Definition.model_json_schema())


async def _shown(call: Call[Ports], held: Held) -> Reply[ApprovalView]:
    directory = await call.ports.directories.read()
    process = await pinned_process(call.ports, held.approval)
    view = approval_view(held, process, directory, call.actor, call.ports)
    return Reply(view, version=held.version)


# -- processes and subject types


@routes.get("/v1/processes/schema", privilege="process.read")
async def process_schema(call: Call[Ports]) -> Content:
    """The JSON Schema of process documents"""
    return Content(_SCHEMA, "application/schema+json")


@routes.get("/v1/processes", privilege="process.read")
async def list_processes(call: Call[Ports], query: PageQuery) -> Page[ProcessView]:
    """List processes by key"""
    cursor = decode_cursor(query.cursor, str)
    found = await call.ports.processes.page(cursor[0] if cursor else "", query.limit + 1)
    shown = found[: query.limit]
    more = encode_cursor(shown[-1].key) if len(found) > query.limit else None
    return Page(items=[process_view(draft) for draft in shown], next_cursor=more)


@routes.get("/v1/processes/{key}", privilege="process.read")
async def read_process(call: Call[Ports], key: str, query: ProcessQuery) -> Reply[ProcessView]:
    """Read a process: its draft, or one of its published versions"""
    draft = await queries.read_process(call.ports, key)
    if query.version is not None:
        return Reply(process_view(draft, await queries.read_version(call.ports, key, query.version)))
    return Reply(process_view(draft), version=draft.version)


@routes.put("/v1/processes/{key}", privilege="process.write", consumes=MEDIA_TYPES, max_bytes=MOST_BYTES)
async def define(call: Call[Ports], key: str, body: bytes) -> Reply[ProcessView]:
    """Write a process's draft, in JSON or YAML

    What runs does not change: publish the draft for that. `If-Match` names the draft that was read; a new
    process needs none."""
    definition = read_document(Definition, body, call.headers.get("Content-Type", ""))
    draft = await define_process(call.ports, call.actor, key, definition, call.expected_version)
    status = 201 if draft.version == 1 else 200
    return Reply(process_view(draft), version=draft.version, status=status)


@routes.post("/v1/processes/{key}/publication", privilege="process.write")
async def publish(call: Call[Ports], key: str, body: NoBody) -> Reply[ProcessView]:
    """Publish the draft: approvals that open from now on follow it

    Refused with every flaw and its place in the document."""
    draft = await publish_process(call.ports, call.actor, key, call.expected_version)
    return Reply(process_view(draft), version=draft.version)


@routes.post("/v1/processes/{key}/retirement", privilege="process.write")
async def retire(call: Call[Ports], key: str, body: NoBody) -> Reply[ProcessView]:
    """Open nothing more under the process; what runs goes on"""
    draft = await retire_process(call.ports, call.actor, key, call.expected_version)
    return Reply(process_view(draft), version=draft.version)


@routes.get("/v1/subject-types/{key}", privilege="process.read")
async def show_subject_type(call: Call[Ports], key: str) -> Reply[SubjectTypeView]:
    """Read the declaration of a kind of thing that can be approved"""
    subject, version = await read_subject_type(call.ports, key)
    return Reply(subject_type_view(subject), version=version)


@routes.get("/v1/subject-types", privilege="process.read")
async def list_subject_types(call: Call[Ports]) -> Page[SubjectTypeView]:
    """List the kinds of things that can be approved"""
    return Page(items=[subject_type_view(each) for each in await call.ports.processes.subject_types()])


@routes.put("/v1/subject-types/{key}", privilege="process.write", consumes=MEDIA_TYPES, max_bytes=MOST_BYTES)
async def declare(call: Call[Ports], key: str, body: bytes) -> Reply[SubjectTypeView]:
    """Declare a kind of thing that can be approved, in JSON or YAML"""
    subject = read_document(SubjectType, body, call.headers.get("Content-Type", ""))
    version = await declare_subject_type(call.ports, call.actor, key, subject, call.expected_version)
    return Reply(subject_type_view(subject), version=version, status=201 if version == 1 else 200)


# -- approvals


@routes.get("/v1/approvals", privilege="approval.read")
async def list_approvals(call: Call[Ports], query: ApprovalsQuery) -> Page[SummaryView]:
    """List the approvals that concern the caller, newest first"""
    cursor = decode_cursor(query.cursor, UUID)
    found = await queries.list_approvals(
        call.ports,
        call.actor,
        query.subject_id,
        query.state,
        query.process,
        cursor[0] if cursor else None,
        query.limit + 1,
    )
    shown = found[: query.limit]
    directory = await call.ports.directories.read()
    more = encode_cursor(shown[-1].approval.id) if len(found) > query.limit else None
    return Page(items=[summary_view(held, directory) for held in shown], next_cursor=more)


@routes.get("/v1/approvals/{approval_id}", privilege="approval.read")
async def read_approval(call: Call[Ports], approval_id: UUID) -> Reply[ApprovalView]:
    """Read an approval: its content, its steps, who was asked and what they said"""
    return await _shown(call, await queries.read_approval(call.ports, call.actor, approval_id))


@routes.get("/v1/approvals/{approval_id}/history", privilege="approval.read")
async def list_history(call: Call[Ports], approval_id: UUID, query: PageQuery) -> Page[HistoryView]:
    """Everything that happened to an approval, the first first"""
    cursor = decode_cursor(query.cursor, int)
    after = cursor[0] if cursor else 0
    held, told = await queries.read_history(call.ports, call.actor, approval_id, after, query.limit + 1)
    directory = await call.ports.directories.read()
    process = await pinned_process(call.ports, held.approval)
    hidden = (
        hidden_fields(directory, process, held.approval, call.actor, call.ports) if process else set[str]()
    )
    shown = told[: query.limit]
    more = encode_cursor(shown[-1].number) if len(told) > query.limit else None
    return Page(items=[history_view(each, directory, hidden) for each in shown], next_cursor=more)


@routes.post("/v1/approvals/{approval_id}/decisions", privilege="approval.decide")
async def decide(call: Call[Ports], approval_id: UUID, body: DecideCommand) -> Reply[ApprovalView]:
    """Decide a step, about exactly the content that was read"""
    held = await decide_step(call.ports, call.actor, approval_id, body.decision(call.actor))
    return await _shown(call, held)


@routes.post("/v1/approvals/{approval_id}/forwarding", privilege="approval.decide")
async def forward(call: Call[Ports], approval_id: UUID, body: ForwardCommand) -> Reply[ApprovalView]:
    """Hand one's part in a step to somebody else"""
    held = await forward_part(call.ports, call.actor, approval_id, body.step, body.to_person_id, body.reason)
    return await _shown(call, held)


@routes.post("/v1/approvals/{approval_id}/recall", privilege="approval.read")
async def recall(call: Call[Ports], approval_id: UUID, body: RecallCommand) -> Reply[ApprovalView]:
    """Take back what one had asked to be approved"""
    return await _shown(call, await recall_approval(call.ports, call.actor, approval_id, body.reason))


@routes.get("/v1/inbox", privilege="approval.decide")
async def inbox(call: Call[Ports], query: InboxQuery) -> Page[InboxView]:
    """What waits for the caller to decide: directly, by role, or on somebody's behalf; the oldest first"""
    cursor = decode_cursor(query.cursor, datetime, UUID, str, UUID)
    chosen = InboxFilter(query.subject_id, query.process, call.now if query.overdue else None)
    after = InboxPlace(*cursor) if cursor else None
    found = await queries.read_inbox(call.ports, call.actor, chosen, after, query.limit + 1)
    directory = await call.ports.directories.read()
    shown = found[: query.limit]
    items = []
    for waiting in shown:
        process = await running_process(call.ports, waiting.held.approval)
        items.append(inbox_view(waiting, process, directory, call.actor.person_id))
    more = None
    if len(found) > query.limit:
        last = shown[-1]
        more = encode_cursor(last.requested_at, last.held.approval.id, last.step, last.person)
    return Page(items=items, next_cursor=more)


@routes.post("/v1/decisions", privilege="approval.decide")
async def decide_at_once(call: Call[Ports], body: DecideManyCommand) -> DecidedManyView:
    """Decide up to 500 steps at once; each succeeds or is refused for itself"""
    wanted = [(item.approval_id, item.decision(call.actor)) for item in body.items]
    results = await decide_many(call.ports, call.actor, wanted)
    return DecidedManyView(items=[decided_view(each, call.language) for each in results])


# -- delegations


@routes.get("/v1/delegations", privilege="approval.delegate")
async def list_delegations(call: Call[Ports], query: PageQuery) -> Page[DelegationView]:
    """List the delegations that the caller gave or received, newest first"""
    cursor = decode_cursor(query.cursor, UUID)
    before = cursor[0] if cursor else None
    found = await queries.list_delegations(call.ports, call.actor, before, query.limit + 1)
    shown = found[: query.limit]
    directory = await call.ports.directories.read()
    more = encode_cursor(shown[-1].delegation.id) if len(found) > query.limit else None
    return Page(items=[delegation_view(each, directory) for each in shown], next_cursor=more)


@routes.post("/v1/delegations", privilege="approval.delegate", status=201)
async def delegate(call: Call[Ports], body: DelegateCommand) -> Reply[DelegationView]:
    """Let somebody decide in one's place for a while"""
    wish = Wish(
        body.to_person_id,
        body.starts_at,
        body.ends_at,
        frozenset(body.processes),
        body.up_to,
        body.reason,
        body.from_person_id,
    )
    stored = await give_delegation(call.ports, call.actor, wish)
    directory = await call.ports.directories.read()
    location = f"/v1/delegations/{stored.delegation.id}"
    return Reply(delegation_view(stored, directory), location=location)


@routes.delete("/v1/delegations/{delegation_id}", privilege="approval.delegate")
async def revoke(call: Call[Ports], delegation_id: UUID) -> None:
    """End a delegation at once"""
    await revoke_delegation(call.ports, call.actor, delegation_id)
