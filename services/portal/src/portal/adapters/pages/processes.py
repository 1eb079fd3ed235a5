"""Approval processes: the list, each process's steps and document, and a simulation of who would approve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from aiohttp.web import FileField

from optima_kit.http.html import Answer, PageCall, Pages, RawAnswer, SeeOther, TemplateAnswer

from ..amounts import plain_number
from ..answers import form_labels
from ..choosing import people_of, person_named
from ..client import LISTED, Refused, part, with_parts
from ..documents import document_of, flaws_in, key_in
from ..forms import NOTHING_SENT, RefusedForm
from ..labels import LABELS, N_
from ..process_tree import flat, read_conditions, step_names, terms_of
from ..rendering import translations_of

pages = Pages()

_YAML: Final = "application/yaml"
_TYPED_IN: Final = ("text", "whole", "number", "money", "date")
"""The kinds of fields that a simulation asks for; lists are left empty."""
_MISTYPED: Final = {
    "money": N_("This is no amount in euro. Type it in digits, without a sign."),
    "number": N_("This is no number. Type it in digits."),
    "whole": N_("This is no whole number. Type it in digits."),
    "date": N_("There is no such day. Choose one from the calendar, or type day, month and year."),
}


@pages.get("/processes")
async def show_processes(call: PageCall) -> Answer:
    found = await call.session.services.every("approval", "/v1/processes")
    context = {"processes": found["items"], "offering": found}
    return TemplateAnswer("processes.html", context)


@pages.get("/new-process")
async def show_new(call: PageCall) -> Answer:
    return _editor("", document="")


@pages.post("/new-process", max_bytes=1 << 20)
async def define(call: PageCall) -> Answer:
    document = _document_sent(call)
    return await _save(call, key_in(document), document, new=True)


@pages.get("/processes/{key}")
async def show_process(call: PageCall, key: str) -> Answer:
    return await _process(call, key)


@pages.get("/processes/{key}/edit")
async def show_editor(call: PageCall, key: str) -> Answer:
    services = call.session.services
    answer = await services.answered("approval", _address(key))
    return _editor(key, document=document_of(answer.body["definition"]), version=answer.version)


@pages.post("/processes/{key}/edit", max_bytes=1 << 20)
async def save(call: PageCall, key: str) -> Answer:
    return await _save(call, key, _document_sent(call), new=False)


@pages.get("/processes/{key}/document")
async def export(call: PageCall, key: str) -> Answer:
    """Download the document of a published version or of the draft."""
    found = await call.session.services.get("approval", _address(key), version=call.query.get("version"))
    name = f'attachment; filename="{quote(found["key"])}.yaml"'
    return RawAnswer(document_of(found["definition"]).encode(), _YAML, name)


@pages.post("/processes/{key}/publication")
async def publish(call: PageCall, key: str) -> Answer:
    return await _command(call, key, "publication")


@pages.post("/processes/{key}/retirement")
async def retire(call: PageCall, key: str) -> Answer:
    return await _command(call, key, "retirement")


@pages.post("/processes/{key}/simulation")
async def simulate(call: PageCall, key: str) -> Answer:
    """Simulate who would approve, without changing anything."""
    typed = {name: call.text(name) for name in call.form if isinstance(call.form[name], str)}
    services = call.session.services
    found = await services.get("approval", _address(key))
    subject = await services.get("approval", f"/v1/subject-types/{quote(found['subject'], safe='')}")
    fields = _fields(found, subject)
    content = content_of(fields, typed, call.language)
    try:
        requester_id = await person_named(call, typed.get("requester_id", ""))
        body = {"requester_id": requester_id, "content": content}
        foreseen = await services.send("approval", "POST", f"{_address(key)}/simulation", body)
    except Refused as refused:
        return await _process(call, key, RefusedForm("simulation", typed, refused))
    return await _process(call, key, RefusedForm("simulation", typed), foreseen)


@pages.post("/processes/{key}/replays")
async def replay(call: PageCall, key: str) -> Answer:
    """Replay past approvals under the draft."""
    last = call.text("last")
    body = {"last": int(last) if last.isdecimal() else last}
    try:
        begun = await call.session.services.send("approval", "POST", f"{_address(key)}/replays", body)
    except Refused as refused:
        return await _process(call, key, RefusedForm("replays", {"last": last}, refused))
    return SeeOther(f"/replays/{begun['id']}")


def _fields(process: Mapping[str, Any], subject: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the subject's fields, and the fields that approvers fill in, for which a simulation may assume
    values."""
    own = process["definition"].get("fields", {})
    supposed = {name: {**each, "optional": True} for name, each in own.items()}
    return supposed | (subject["definition"]["fields"] if subject else {})


def content_of(fields: Mapping[str, Any], typed: Mapping[str, str], language: str) -> dict[str, Any]:
    """Return the content that would be submitted, from what was typed. Empty optional fields are left out."""
    content: dict[str, Any] = {}
    for name, field in flat(fields).items():
        value = typed.get(f"content-{name}", "")
        record, _, part = name.rpartition(".")
        within = content.setdefault(record, {}) if record else content
        if field["type"] == "list":
            if not field.get("optional"):
                within[part] = []
        elif value and field["type"] in ("number", "money"):
            within[part] = plain_number(value, language)
        elif value and field["type"] == "whole" and value.isdecimal():
            within[part] = int(value)
        elif value and field["type"] in _TYPED_IN:
            within[part] = value
    return content


def named_in(
    errors: Sequence[Mapping[str, Any]],
    fields: Mapping[str, Any],
    form_labels: Mapping[str, str],
    language: str,
) -> list[Mapping[str, Any]]:
    """Return what is wrong with a trial's content as people read it: with the name of the field on the page,
    and what to type instead of how an API writes it."""
    say, told = translations_of(language).gettext, []
    for error in errors:
        where, _, field = str(error.get("field", "")).partition(".")
        declared, detail = fields.get(field), error.get("detail", "")
        if where != "content" or declared is None:
            told.append(error)
            continue
        if error.get("code") == "content_mistyped" and declared["type"] in _MISTYPED:
            detail = say(_MISTYPED[declared["type"]])
        known = LABELS["subject_field"].get(field)
        name = declared.get("name") or form_labels.get(field) or (say(known) if known else field)
        told.append({**error, "detail": f"{name}: {detail}"})
    return told


def _address(key: str) -> str:
    return f"/v1/processes/{quote(key, safe='') or '-'}"


def _document_sent(call: PageCall) -> str:
    file = call.form.get("file")
    if isinstance(file, FileField) and file.filename:
        return str(file.file.read().decode("utf-8", "replace"))
    return call.text("document")


async def _save(call: PageCall, key: str, document: str, *, new: bool) -> Answer:
    version = None if new else call.text("version")
    try:
        await call.session.services.send_document(
            "approval", "PUT", _address(key), _YAML, document, version=version
        )
    except Refused as refused:
        return _editor("" if new else key, document=document, version=version, refused=refused)
    return SeeOther(f"/processes/{quote(key, safe='')}")


def _editor(key: str, *, document: str, version: str | None = None, refused: Refused | None = None) -> Answer:
    context = {
        "key": key,
        "document": document,
        "version": version,
        "refused": refused,
        "flaws": flaws_in(refused.errors, document) if refused else {},
        "sent": NOTHING_SENT,
    }
    return TemplateAnswer("process_editor.html", context, refused.status if refused else 200)


async def _command(call: PageCall, key: str, what: str) -> Answer:
    try:
        await call.session.services.send(
            "approval", "POST", f"{_address(key)}/{what}", version=call.text("version"), key=call.text("once")
        )
    except Refused as refused:
        return await _process(call, key, RefusedForm(what, {}, refused))
    return SeeOther(f"/processes/{quote(key, safe='')}")


async def _process(
    call: PageCall, key: str, sent: RefusedForm = NOTHING_SENT, foreseen: Mapping[str, Any] | None = None
) -> Answer:
    services = call.session.services
    answer, people, roles, units = await with_parts(
        services.answered("approval", _address(key), version=call.query.get("version")),
        services.get("identity", "/v1/people", limit=LISTED),
        services.every("identity", "/v1/roles"),
        services.every("identity", "/v1/units"),
    )
    process = answer.body
    subject = await part(services.get("approval", f"/v1/subject-types/{quote(process['subject'], safe='')}"))
    fields = _fields(process, subject if subject else None)
    document = document_of(process["definition"])
    terms = terms_of(process["subject"], fields)
    of_forms = await form_labels(call) if "form" in fields else {}
    if sent.form == "simulation" and sent.refused:
        sent.refused.errors = named_in(sent.refused.errors, flat(fields), of_forms, call.language)
    own = {name: each.get("name") or name for name, each in process["definition"].get("fields", {}).items()}
    context = {
        "process": process,
        "version": answer.version,
        "lines": document.splitlines(),
        "flaws": flaws_in(sent.refused.errors, document)
        if sent.form == "publication" and sent.refused
        else {},
        "names": {
            "role": _names(roles, "key"),
            "unit": _names(units, "key"),
            "person": _names(people, "id") | _names(people, "email"),
            "step": step_names(process["definition"]),
        },
        "people": people_of(people),
        "fields": {name: each for name, each in flat(fields).items() if each["type"] in _TYPED_IN},
        "form_labels": of_forms,
        "said": {
            "rows": read_conditions(process["definition"], terms),
            "terms": terms,
            "own_fields": {**own, **of_forms},
        },
        "foreseen": foreseen,
        "sent": sent,
    }
    return TemplateAnswer("process.html", context, sent.status)


def _items(found: Any) -> Sequence[Mapping[str, Any]]:
    return found["items"] if found else []


def _names(found: Any, by: str) -> dict[str, str]:
    return {each[by]: each["name"] for each in _items(found)}
