"""The editor of a process: its tree, changed node by node with forms that write the document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ..afterwards import (
    ENDINGS,
    Row,
    notice_rows,
    notices_of,
    set_rows,
    sets_of,
    unfinished_rows,
    whole,
    whole_of,
)
from ..amounts import plain_number, typed_number
from ..answers import form_labels
from ..client import Refused, part, with_parts
from ..forms import NOTHING_SENT, RefusedForm
from ..process_tree import (
    OPERATORS,
    Comparison,
    Definition,
    Node,
    NoSuchPlace,
    Term,
    added,
    find,
    flaws_by_place,
    moved,
    read_condition,
    read_conditions,
    removed,
    replaced,
    step_names,
    terms_of,
    walk,
    write_condition,
)

pages = Pages()

_ROWS: Final = 3
"""How many comparisons a condition may have as rows."""
_ASKED: Final = 3
"""How many fields for approvers the form shows at least."""
_PLAIN: Final = ("role", "unit", "unit_manager", "person", "decided")
"""The kinds of approvers that can be chosen from a list."""
_PDF_AND_PICTURES: Final = ["application/pdf", "image/png", "image/jpeg"]
_SETS: Final = ("set_on", "set_field", "set_value")
_NOTICES: Final = ("notice_on", "notice_to", "notice_after", "notice_text")
"""The columns of the rows that say what follows a decided step."""


@pages.post("/new-process/steps")
async def begin(call: PageCall) -> Answer:
    """Create a process with a name and one step, and open it in the editor."""
    key, name = call.text("key"), call.text("name")
    step = {"key": "step-1", "approvers": [{"role": "admin"}]}
    definition = {"key": key, "name": name, "subject": "brief", "steps": [step]}
    try:
        await call.session.services.send("approval", "PUT", _address(key), definition)
    except Refused as refused:
        context: dict[str, Any] = {"key": "", "document": "", "version": None, "flaws": {}}
        sent = RefusedForm("begin", {"key": key, "name": name}, refused)
        return TemplateAnswer(
            "process_editor.html", {**context, "refused": refused, "sent": sent}, refused.status
        )
    return SeeOther(_tree_address(key))


@pages.get("/processes/{key}/steps")
async def show_tree(call: PageCall, key: str) -> Answer:
    return await _tree(call, key)


@pages.post("/processes/{key}/steps")
async def change_tree(call: PageCall, key: str) -> Answer:
    """Add, move or remove a node, as one button of the tree asks."""
    services = call.session.services
    definition: Definition = (await services.get("approval", _address(key)))["definition"]
    what, _, kind = call.text("do").partition(":")
    place = call.text("at")
    try:
        match what:
            case "add":
                definition, place = added(definition, place, kind, "admin")
            case "up" | "down":
                definition = moved(definition, place, -1 if what == "up" else 1)
            case "remove":
                definition = removed(definition, place)
    except NoSuchPlace:
        return SeeOther(_tree_address(key))
    try:
        await _put(call, key, definition)
    except Refused as refused:
        return await _tree(call, key, refused)
    if what == "add":
        return SeeOther(f"/processes/{quote(key, safe='')}/node?{urlencode({'at': place})}")
    return SeeOther(_tree_address(key))


@pages.get("/processes/{key}/node")
async def show_node(call: PageCall, key: str) -> Answer:
    return await _node(call, key, call.query.get("at", ""))


@pages.post("/processes/{key}/node")
async def change_node(call: PageCall, key: str) -> Answer:
    services, place = call.session.services, call.query.get("at", "")
    definition: Definition = (await services.get("approval", _address(key)))["definition"]
    fields = await _fields(call, definition)
    try:
        node = _as_typed(call, find(definition, place), definition["subject"], fields)
        await _put(call, key, replaced(definition, place, node))
    except NoSuchPlace:
        return SeeOther(_tree_address(key))
    except Refused as refused:
        return await _node(call, key, place, RefusedForm("node", {"node": node}, refused))
    return SeeOther(f"{_tree_address(key)}#{quote(place)}")


def _address(key: str) -> str:
    return f"/v1/processes/{quote(key, safe='') or '-'}"


def _tree_address(key: str) -> str:
    return f"/processes/{quote(key, safe='')}/steps"


async def _put(call: PageCall, key: str, definition: Definition) -> None:
    await call.session.services.send(
        "approval", "PUT", _address(key), definition, version=call.text("version")
    )


async def _fields(call: PageCall, definition: Definition) -> Mapping[str, Any]:
    """Return the subject's fields and those of the process that approvers fill in."""
    address = f"/v1/subject-types/{quote(definition['subject'], safe='')}"
    declared = (await call.session.services.get("approval", address))["definition"]
    own = {name: {**each, "optional": True} for name, each in definition.get("fields", {}).items()}
    return {**declared["fields"], **own}


async def _own_fields(call: PageCall, definition: Definition, fields: Mapping[str, Any]) -> dict[str, str]:
    """Return the names of the process's own fields and of forms' fields."""
    own = {name: each.get("name") or name for name, each in definition.get("fields", {}).items()}
    return {**own, **(await form_labels(call) if "form" in fields else {})}


async def _tree(call: PageCall, key: str, refused: Refused | None = None) -> Answer:
    services = call.session.services
    answer, roles, units, people = await with_parts(
        services.answered("approval", _address(key)), *_directory(services)
    )
    if "define" not in answer.body["actions"]:
        return SeeOther(f"/processes/{quote(key, safe='')}")
    definition = answer.body["definition"]
    checked, fields = await with_parts(
        part(services.send("approval", "POST", f"{_address(key)}/check", definition)),
        _fields(call, definition),
    )
    terms = terms_of(definition["subject"], fields or {})
    context = {
        "process": answer.body,
        "version": answer.version,
        "flaws": flaws_by_place(definition, checked["flaws"] if checked else []),
        "checked": bool(checked),
        "names": {**_names(roles, units, people), "step": step_names(definition)},
        "said": {
            "rows": read_conditions(definition, terms),
            "terms": terms,
            "own_fields": await _own_fields(call, definition, fields or {}),
        },
        "refused": refused,
    }
    return TemplateAnswer("process_steps.html", context, refused.status if refused else 200)


async def _node(call: PageCall, key: str, place: str, sent: RefusedForm = NOTHING_SENT) -> Answer:
    services = call.session.services
    answer, roles, units, people = await with_parts(
        services.answered("approval", _address(key)), *_directory(services)
    )
    definition = answer.body["definition"]
    try:
        node = sent.values.get("node") or find(definition, place)
    except NoSuchPlace:
        return SeeOther(_tree_address(key))
    fields, own = await _fields(call, definition), definition.get("fields", {})
    other_steps = [
        (each["key"], each.get("name") or each["key"])
        for at, each in walk(definition)
        if "approvers" in each and at != place
    ]
    terms = terms_of(definition["subject"], fields)
    condition = node.get("when", "")
    rows = _shown_rows(call, sent, condition, terms)
    context = {
        "process": answer.body,
        "version": answer.version,
        "place": place,
        "node": node,
        "kind": _kind(node, place),
        "terms": terms,
        "optional": [name for name, each in fields.items() if each.get("optional")],
        "protected": [name for name, each in fields.items() if each.get("privilege")],
        "operators": OPERATORS,
        "condition": "" if sent.refused else condition,
        "expression": call.text("expression") if sent.refused else "" if rows is not None else condition,
        "rows": [*(rows or []), *[("", "==", "")] * (_ROWS - len(rows or []))],
        "as_rows": rows is not None,
        "whom": {
            **_whom(roles, units, people),
            "decided": [(f"decided:{key}", name) for key, name in other_steps],
        },
        "asked": _asked(node),
        "names": {**_names(roles, units, people), "step": step_names(definition)},
        "other_steps": other_steps,
        "endings": ENDINGS,
        "settable": {name: each.get("name") or name for name, each in own.items()},
        "sets": [
            *set_rows(node, {name: each["type"] for name, each in own.items()}, call.language, empty=1),
            *(unfinished_rows(_rows(call, *_SETS), needed=(1, 2)) if sent.refused else ()),
        ],
        "whole_of": whole_of,
        "notices": [
            *notice_rows(node, _plainly, call.language, empty=1),
            *(unfinished_rows(_rows(call, *_NOTICES), needed=(1, 3)) if sent.refused else ()),
        ],
        "own_fields": await _own_fields(call, definition, fields),
        "sent": sent,
    }
    return TemplateAnswer("process_node.html", context, sent.status)


def _directory(services: Any) -> Sequence[Any]:
    return [services.every("identity", f"/v1/{what}") for what in ("roles", "units", "people")]


def _items(found: Any) -> Sequence[Mapping[str, Any]]:
    return found["items"] if found else []


def _names(roles: Any, units: Any, people: Any) -> dict[str, dict[str, str]]:
    return {
        "role": {each["key"]: each["name"] for each in _items(roles)},
        "unit": {each["key"]: each["name"] for each in _items(units)},
        "person": {each[by]: each["name"] for each in _items(people) for by in ("id", "email")},
    }


def _whom(roles: Any, units: Any, people: Any) -> dict[str, list[tuple[str, str]]]:
    """Return the approvers that a step can ask, as grouped choices."""
    return {
        "role": [(f"role:{each['key']}", each["name"]) for each in _items(roles)],
        "unit_manager": [(f"unit_manager:{each['key']}", each["name"]) for each in _items(units)],
        "unit": [(f"unit:{each['key']}", each["name"]) for each in _items(units)],
        "person": [(f"person:{each['email']}", each["name"]) for each in _items(people) if each["active"]],
    }


def _kind(node: Node, place: str) -> str:
    if "parallel" in node:
        return "parallel"
    if "choose" in node:
        return "choice"
    if "approvers" in node:
        return "step"
    return "branch" if place.rpartition(".")[2].startswith("parallel[") else "case"


def _asked(node: Node) -> list[tuple[str, Any]]:
    """Return each approver as the value of a choice, and empty rows."""
    approvers = node.get("approvers", ())
    chosen = [(_plainly(approver) or whole(approver), approver) for approver in approvers]
    return chosen + [("", None)] * max(1, _ASKED - len(chosen))


def _plainly(approver: Mapping[str, Any]) -> str | None:
    (way, value), *more = approver.items()
    return f"{way}:{value}" if not more and way in _PLAIN else None


def _rows(call: PageCall, *columns: str) -> list[Row]:
    typed = [[str(each).strip() for each in call.form.getall(column, [])] for column in columns]
    return list(zip(*typed, strict=False))


def _as_typed(call: PageCall, node: Node, subject: str, fields: Mapping[str, Any]) -> Node:
    """Return the node with the values of the form. All its other parts stay as they are."""
    typed = {**node}
    _set(typed, "name", call.text("name"))
    _set(typed, "when", _condition(call, subject, fields))
    if "approvers" in node:
        typed["approvers"] = [
            approver for value in call.form.getall("asked", []) if (approver := _approver(value))
        ]
        _set(typed, "quorum", _quorum(call), usual="any")
        _set(typed, "on_rejection", _on_rejection(call), usual="stop")
        _set(typed, "self_approval", call.text("self_approval"), usual="forbidden")
        _set(typed, "same_person", call.text("same_person"), usual="asked_again")
        for name in ("requires", "fills", "shows"):
            _set(typed, name, call.form.getall(name, []))
        typed["allows"] = call.form.getall("allows", [])
        _set(typed, "due", _due(call, node))
        _set(typed, "evidence", _evidence(call, node))
        _set(typed, "by_email", call.text("by_email") == "yes")
        kinds = {name: each["type"] for name, each in fields.items()}
        sets = _rows(call, *_SETS)
        _set(typed, "sets", sets_of(sets, kinds, call.language))
        notices = _rows(call, *_NOTICES)
        _set(typed, "notices", notices_of(notices, _approver, call.language))
    if "parallel" in node:
        _set(typed, "join", call.text("join"), usual="all")
    return typed


def _set(node: Node, name: str, value: Any, usual: Any = None) -> None:
    """Set a value of the node; remove it from the document if it is empty or equals the default `usual`."""
    if not value or value == usual:
        node.pop(name, None)
    else:
        node[name] = value


def _shown_rows(
    call: PageCall, sent: RefusedForm, condition: str, terms: Mapping[str, Term]
) -> Sequence[Row] | None:
    """Return the comparisons as the form shows them: as they were typed after a refusal, otherwise those of
    the condition, or None if only an expression can say it."""
    if sent.refused:
        return _rows(call, "term", "operator", "value") if call.text("as_rows") == "yes" else None
    # The condition of a new case is always true until somebody changes it.
    rows = read_condition("" if condition == "true" else condition, terms)
    if rows is None:
        return None
    texts = {code for code, term in terms.items() if term.kind == "text"}
    return [
        (row.term, row.operator, row.value if row.term in texts else typed_number(row.value, call.language))
        for row in rows
    ]


def _condition(call: PageCall, subject: str, fields: Mapping[str, Any]) -> str:
    if call.text("expression") or call.text("as_rows") != "yes":
        return call.text("expression")
    rows = []
    names, operators, values = (call.form.getall(name, []) for name in ("term", "operator", "value"))
    terms = terms_of(subject, fields)
    for name, operator, value in zip(names, operators, values, strict=False):
        if name in terms and operator in OPERATORS and value:
            numeric = terms[name].kind != "text"
            rows.append(Comparison(name, operator, plain_number(value, call.language) if numeric else value))
    return write_condition(rows, terms)


def _approver(value: str) -> Any:
    """Return the approver that a choice means, or None if it means nobody."""
    if isinstance(approver := whole_of(value), dict):
        return approver
    way, _, whom = value.partition(":")
    if way == "manager":
        return {"manager": {}}
    return {way: whom} if way in _PLAIN and whom else None


def _quorum(call: PageCall) -> Any:
    chosen = call.text("quorum")
    if chosen in ("at_least", "percent"):
        number = call.text("quorum_number")
        return {chosen: int(number) if number.isdecimal() else number}
    return chosen


def _on_rejection(call: PageCall) -> Any:
    chosen = call.text("on_rejection")
    return {"back_to": chosen.removeprefix("back:")} if chosen.startswith("back:") else chosen


def _due(call: PageCall, node: Node) -> Any:
    hours = plain_number(call.text("due_hours"), call.language)
    if not hours:
        return None
    due = {**node.get("due", {}), "hours": hours}
    _set(due, "remind", [plain_number(each, call.language) for each in call.text("due_remind").split()])
    if call.text("due_then") != "keep":
        _set(due, "then", [then] if (then := call.text("due_then")) else [])
    return due


def _evidence(call: PageCall, node: Node) -> Any:
    chosen = call.text("evidence")
    if not chosen:
        return None
    return {**node.get("evidence", {"media_types": _PDF_AND_PICTURES}), "required": chosen == "needed"}
