"""One approval: what is asked, who else decides, and the reader's own decision."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from aiohttp.web import FileField

from optima_kit.http.html import Answer, PageCall, Pages, RawAnswer, SeeOther, TemplateAnswer

from ..amounts import plain_number
from ..choosing import people_of, person_named
from ..client import LISTED, Refused, part
from ..forms import NOTHING_SENT, RefusedForm, filled
from ..kinds import names_of_kinds
from ..navigation import leads_to
from ..subject_facts import facts_of
from ..visits import changes_since, visited
from .budgets import budget_of

pages = Pages()

_SHOWN_OTHERWISE: Final = {"brief", "proof", "order_amendment"}
"""Types of subjects that the page shows from another service's data or in a special form."""
MORE = frozenset({"withdraw", "add_approver", "reassign", "claim", "release", "follow_up"})
"""The actions on a step other than deciding it."""


@pages.get("/approvals/{approval_id}")
async def show_approval(call: PageCall, approval_id: UUID) -> Answer:
    return await _page(call, approval_id)


@pages.post("/approvals/{approval_id}/decision", max_bytes=32 << 20)
async def decide(call: PageCall, approval_id: UUID) -> Answer:
    """Decide a step. Documents are attached first; if the decision is refused, they stay with the form."""
    names = ("step", "outcome", "content_hash", "reason", "on_behalf_of")
    decision = {name: call.text(name) for name in names}
    documents = {text.partition(" ")[0]: text for text in call.form.getall("document", [])}
    fills = {name: call.text(name) for name in call.form if name.startswith("fill:")}
    try:
        for file in call.form.getall("file", []):
            if isinstance(file, FileField) and file.filename:
                attached = await _attach(call, approval_id, file)
                documents[attached["id"]] = f"{attached['id']} {attached['name']}"
        body: dict[str, Any] = {**filled(**decision), "evidence": list(documents)}
        if decision["outcome"] == "approve" and fills:
            body["fields"] = {name.rpartition(":")[2]: _value(call, name) for name in fills if fills[name]}
        await call.session.services.send(
            "approval", "POST", f"/v1/approvals/{approval_id}/decisions", body, key=call.text("once")
        )
    except Refused as refused:
        return await _page(
            call, approval_id, RefusedForm("decision", {**decision, **fills, "documents": documents}, refused)
        )
    return SeeOther("/inbox")


@pages.get("/approvals/{approval_id}/documents/{document_id}")
async def download(call: PageCall, approval_id: UUID, document_id: UUID) -> Answer:
    file = await call.session.services.file("approval", f"/v1/approvals/{approval_id}/evidence/{document_id}")
    return RawAnswer(file.body, file.media_type, file.disposition)


@pages.post("/approvals/{approval_id}/forwarding")
async def forward(call: PageCall, approval_id: UUID) -> Answer:
    body = filled(step=call.text("step"), to_person_id=call.text("to"), reason=call.text("reason"))
    return await _command(call, approval_id, "POST", "forwarding", body, "/inbox")


@pages.post("/approvals/{approval_id}/withdrawal")
async def withdraw(call: PageCall, approval_id: UUID) -> Answer:
    body = filled(step=call.text("step"), on_behalf_of=call.text("on_behalf_of"))
    return await _command(call, approval_id, "POST", "withdrawal", body)


@pages.post("/approvals/{approval_id}/claim")
async def claim(call: PageCall, approval_id: UUID) -> Answer:
    return await _command(call, approval_id, "POST", "claim", {"step": call.text("step")})


@pages.post("/approvals/{approval_id}/release")
async def release(call: PageCall, approval_id: UUID) -> Answer:
    return await _command(call, approval_id, "POST", "release", {"step": call.text("step")})


@pages.post("/approvals/{approval_id}/follow-up")
async def follow_up(call: PageCall, approval_id: UUID) -> Answer:
    body = filled(step=call.text("step"), on=call.text("on"))
    return await _command(call, approval_id, "PUT", "follow-up", body)


@pages.post("/approvals/{approval_id}/approvers")
async def add_approver(call: PageCall, approval_id: UUID) -> Answer:
    body = filled(step=call.text("step"), person_id=call.text("person"), reason=call.text("reason"))
    return await _command(call, approval_id, "POST", "approvers", body)


@pages.post("/approvals/{approval_id}/reassignment")
async def reassign(call: PageCall, approval_id: UUID) -> Answer:
    people = {"from_person_id": call.text("from"), "to_person_id": call.text("to")}
    body = filled(step=call.text("step"), reason=call.text("reason"), **people)
    return await _command(call, approval_id, "POST", "reassignment", body)


@pages.post("/approvals/{approval_id}/comments")
async def comment(call: PageCall, approval_id: UUID) -> Answer:
    body = filled(step=call.text("step"), text=call.text("text"), to_person_id=call.text("to"))
    return await _command(call, approval_id, "POST", "comments", body)


@pages.post("/approvals/{approval_id}/comments/{comment_id}/answer")
async def answer(call: PageCall, approval_id: UUID, comment_id: UUID) -> Answer:
    body = filled(text=call.text("text"))
    return await _command(call, approval_id, "POST", f"comments/{comment_id}/answer", body)


@pages.post("/approvals/{approval_id}/recall")
async def recall(call: PageCall, approval_id: UUID) -> Answer:
    return await _command(call, approval_id, "POST", "recall", filled(reason=call.text("reason")))


@pages.post("/approvals/{approval_id}/revocation")
async def revoke(call: PageCall, approval_id: UUID) -> Answer:
    return await _command(call, approval_id, "POST", "revocation", filled(reason=call.text("reason")))


@pages.post("/approvals/{approval_id}/watching")
async def watch(call: PageCall, approval_id: UUID) -> Answer:
    return await _command(call, approval_id, "POST", "watching", {})


@pages.post("/approvals/{approval_id}/unwatching")
async def unwatch(call: PageCall, approval_id: UUID) -> Answer:
    return await _command(call, approval_id, "DELETE", "watching", {})


def _value(call: PageCall, name: str) -> str | int | bool:
    """Convert what was typed into a field whose name contains its kind. Text that is not a number is passed
    on unchanged."""
    kind, typed = name.split(":")[1], call.text(name)
    if kind == "flag":
        return typed == "yes"
    if kind in ("text", "date"):
        return typed
    plain = plain_number(typed, call.language)
    return int(plain) if kind == "whole" and plain.removeprefix("-").isdecimal() else plain


async def _attach(call: PageCall, approval_id: UUID, file: FileField) -> Mapping[str, Any]:
    name = file.filename.replace("\\", "/").rpartition("/")[2]
    address = f"/v1/approvals/{approval_id}/evidence"
    attached: Mapping[str, Any] = await call.session.services.upload(
        "approval", address, name, file.content_type, file.file.read()
    )
    return attached


async def _command(
    call: PageCall, approval_id: UUID, method: str, what: str, body: Mapping[str, Any], leads_to: str = ""
) -> Answer:
    try:
        people = {name: await person_named(call, body[name]) for name in body if name.endswith("person_id")}
        address = f"/v1/approvals/{approval_id}/{what}"
        await call.session.services.send(
            "approval", method, address, {**body, **people}, key=call.text("once")
        )
    except Refused as refused:
        return await _page(call, approval_id, RefusedForm(what, body, refused))
    return SeeOther(leads_to or f"/approvals/{approval_id}")


async def _page(call: PageCall, approval_id: UUID, sent: RefusedForm = NOTHING_SENT) -> Answer:
    services = call.session.services
    approval = await services.get("approval", f"/v1/approvals/{approval_id}")
    own = [
        {"step": step, **action}
        for step in approval["steps"]
        for action in step.get("actions", ())
        if "reject" in action["may"]
    ]
    more = [
        {"step": step, **action, "may": [act for act in action["may"] if act in MORE]}
        for step in approval["steps"]
        for action in step.get("actions", ())
        if MORE.intersection(action["may"])
    ]
    asked = [
        visited(call, UUID(approval["subject_id"]), approval["subject_revision"]),
        part(services.every("approval", f"/v1/approvals/{approval_id}/history")),
        part(services.every("approval", f"/v1/approvals/{approval_id}/comments")),
    ]
    if approval["subject_type"] == "brief":
        path = f"/v1/briefs/{approval['subject_id']}"
        asked.append(part(services.get("brief", path)))
        asked.append(part(services.every("brief", f"{path}/comments")))
        asked.append(budget_of(call, approval["subject_id"]))
        asked.append(part(services.every("production", "/v1/kinds")))
    else:
        asked += [_nothing(), _nothing(), _nothing(), _nothing()]
    shown_here = approval["subject_type"] not in _SHOWN_OTHERWISE and "content" in approval
    path = f"/v1/subject-types/{quote(approval['subject_type'], safe='')}"
    reads_types = shown_here and leads_to(call.session.actor, "/processes")
    asked.append(part(services.get("approval", path)) if reads_types else _nothing())
    if any({"forward", "add_approver", "reassign"}.intersection(row["may"]) for row in (*own, *more)):
        asked.append(part(services.get("identity", "/v1/people", limit=LISTED)))
    last, history, comments, brief, remarks, budget, kinds, subject, *people = await asyncio.gather(*asked)
    said = history["items"] if history else []
    context = {
        "approval": approval,
        "own": own,
        "more": more,
        "last": last,
        "changes": changes_since(last.at, call.session.actor.person_id, history, comments, remarks),
        "comments": comments,
        "concerned": _concerned(approval, str(call.session.actor.person_id)),
        "brief": brief,
        "other_facts": facts_of(approval["content"], subject["definition"]["fields"] if subject else None)
        if shown_here
        else [],
        "budget": budget,
        "kinds": names_of_kinds(kinds),
        "documents": [
            {**each, "by": entry.get("actor")} for entry in said for each in entry.get("evidence", ())
        ],
        "colleagues": people_of(people[0], but=call.session.actor.person_id) if people else None,
        "sent": sent,
    }
    return TemplateAnswer("approval.html", context, sent.status)


def _concerned(approval: Mapping[str, Any], reader: str) -> list[tuple[str, str]]:
    """Return the people whom the reader may ask a question, as choices."""
    people = [
        approval["requester"],
        *(each["person"] for step in approval["steps"] for each in step["parts"]),
    ]
    named = {each["id"]: each.get("name", "") for each in people if each["id"] != reader}
    return list(named.items())


async def _nothing() -> None:
    return None
