"""A proof: its pages with marks on them, its versions with their verdicts, and the next one."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from aiohttp.web import FileField

from optima_kit.http.html import Answer, PageCall, Pages, RawAnswer, SeeOther, TemplateAnswer

from ..amounts import plain_number
from ..choosing import people_of, person_named
from ..client import LISTED, Refused, part, with_parts
from ..forms import NOTHING_SENT, RefusedForm

pages = Pages()


@pages.get("/briefs/{brief_id}/proof")
async def show_form(call: PageCall, brief_id: UUID) -> Answer:
    return await _form(call, brief_id)


@pages.post("/briefs/{brief_id}/proof", max_bytes=11 << 20)
async def submit(call: PageCall, brief_id: UUID) -> Answer:
    try:
        proof = await _send(call, f"/v1/briefs/{brief_id}/proofs", title=call.text("title"))
    except Refused as refused:
        return await _form(call, brief_id, RefusedForm("proof", call.form, refused))
    return SeeOther(f"/proofs/{proof['id']}")


@pages.get("/proofs/{proof_id}")
async def show_proof(call: PageCall, proof_id: UUID) -> Answer:
    return await _page(call, proof_id)


@pages.post("/proofs/{proof_id}/versions", max_bytes=11 << 20)
async def submit_version(call: PageCall, proof_id: UUID) -> Answer:
    try:
        await _send(call, f"/v1/proofs/{proof_id}/versions")
    except Refused as refused:
        return await _page(call, proof_id, RefusedForm("version", call.form, refused))
    return SeeOther(f"/proofs/{proof_id}")


@pages.get("/proofs/{proof_id}/versions/{version}/file")
async def download(call: PageCall, proof_id: UUID, version: int) -> Answer:
    file = await call.session.services.file("brief", f"/v1/proofs/{proof_id}/versions/{version}/file")
    return RawAnswer(file.body, file.media_type, file.disposition)


@pages.get("/proofs/{proof_id}/versions/{version}/pages/{page}")
async def look(call: PageCall, proof_id: UUID, version: int, page: int) -> Answer:
    path = f"/v1/proofs/{proof_id}/versions/{version}/pages/{page}"
    if call.query.get("thumbnail"):
        path += "?thumbnail=true"
    file = await call.session.services.file("brief", path)
    return RawAnswer(file.body, file.media_type, file.disposition)


@pages.post("/proofs/{proof_id}/versions/{version}/pages/{page}/annotations")
async def annotate(call: PageCall, proof_id: UUID, version: int, page: int) -> Answer:
    area = {name: _part_typed(call.text(name), call.language) for name in ("x", "y", "width", "height")}
    body = {"page": page, "area": area, "text": call.text("text")}
    path = f"/v1/proofs/{proof_id}/versions/{version}/annotations"
    return await _command(call, proof_id, page, "mark", "POST", path, body)


@pages.post("/proofs/{proof_id}/pages/{page}/annotations/{annotation_id}/replies")
async def answer(call: PageCall, proof_id: UUID, page: int, annotation_id: UUID) -> Answer:
    path, body = f"/v1/annotations/{annotation_id}/replies", {"text": call.text("text")}
    return await _command(call, proof_id, page, f"answer-{annotation_id}", "POST", path, body)


@pages.post("/proofs/{proof_id}/pages/{page}/annotations/{annotation_id}/resolution")
async def settle(call: PageCall, proof_id: UUID, page: int, annotation_id: UUID) -> Answer:
    body = {"resolved": call.text("resolved") == "true"}
    return await _command(
        call, proof_id, page, "", "PUT", f"/v1/annotations/{annotation_id}/resolution", body
    )


async def _command(
    call: PageCall, proof_id: UUID, page: int, form: str, method: str, path: str, body: Mapping[str, Any]
) -> Answer:
    try:
        await call.session.services.send("brief", method, path, body, key=call.text("once"))
    except Refused as refused:
        return await _page(call, proof_id, RefusedForm(form, call.form, refused), page)
    return SeeOther(f"/proofs/{proof_id}?page={page}")


async def _send(call: PageCall, path: str, **query: str) -> Mapping[str, Any]:
    """Upload the chosen file. If none was chosen, an empty file is sent so that the service refuses it."""
    file = call.form.get("file")
    chosen = file if isinstance(file, FileField) and file.filename else None
    reviewer = await person_named(call, call.text("reviewer"))
    proof: Mapping[str, Any] = await call.session.services.upload(
        "brief",
        path,
        chosen.filename.replace("\\", "/").rpartition("/")[2] if chosen else "file.pdf",
        chosen.content_type if chosen else "application/pdf",
        chosen.file.read() if chosen else b"",
        key=call.text("once"),
        process=call.text("process"),
        reviewer_ids=reviewer,
        due_on=call.text("due_on"),
        **query,
    )
    return proof


def _part_typed(typed: str, language: str) -> str:
    """Convert a typed percentage of a page to a fraction. Text that is not a number is passed on unchanged,
    so that the service's refusal shows it."""
    plain = plain_number(typed, language)
    try:
        return format((Decimal(plain) / 100).normalize(), "f")
    except InvalidOperation:
        return plain


async def _choices(call: PageCall) -> Mapping[str, Any]:
    """Processes for proofs, and people who may be named."""
    services = call.session.services
    processes = await part(services.every("approval", "/v1/processes"))
    people = await part(services.get("identity", "/v1/people", limit=LISTED))
    return {
        "processes": [
            (each["key"], each["name"])
            for each in (processes["items"] if processes else [])
            if "published" in each and each["subject"] == "proof"
        ],
        "people": people_of(people),
    }


async def _form(call: PageCall, brief_id: UUID, sent: RefusedForm = NOTHING_SENT) -> Answer:
    brief = await call.session.services.get("brief", f"/v1/briefs/{brief_id}")
    return TemplateAnswer(
        "brief_proof_form.html", {"brief": brief, **await _choices(call), "sent": sent}, sent.status
    )


async def _page(
    call: PageCall, proof_id: UUID, sent: RefusedForm = NOTHING_SENT, page: int | None = None
) -> Answer:
    services = call.session.services
    proof = await services.get("brief", f"/v1/proofs/{proof_id}")
    shown = _chosen(proof["versions"], call.query.get("version", ""))
    wanted = page or int(call.query.get("page", "1") if call.query.get("page", "1").isdecimal() else 1)
    number = max(1, min(wanted, shown["pages"] or 1))
    brief, marks, approvals = await with_parts(
        services.get("brief", f"/v1/briefs/{proof['brief_id']}"),
        services.every("brief", f"/v1/proofs/{proof_id}/versions/{shown['version']}/annotations"),
        services.get("approval", "/v1/approvals", subject_id=proof_id),
    )
    context = {
        "brief": brief,
        "proof": proof,
        "shown": shown,
        "approvals": {each["id"] for each in approvals["items"]} if approvals else set(),
        "page": number,
        "marks": [(n, each) for n, each in enumerate(marks["items"], start=1)] if marks else marks,
        **(await _choices(call) if proof["actions"] else {}),
        "sent": sent,
    }
    return TemplateAnswer("brief_proof.html", context, sent.status)


def _chosen(versions: list[Mapping[str, Any]], wanted: str) -> Mapping[str, Any]:
    """Return the version that the address names, or else the newest."""
    return next((each for each in versions if str(each["version"]) == wanted), versions[0])
