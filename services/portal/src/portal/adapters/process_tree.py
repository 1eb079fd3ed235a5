"""A process's document as a tree that forms change one node at a time, and its conditions as rows.

A place in the tree is written as in the approval service's refusals: `steps[0].parallel[1].steps[2]`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, Final

Definition = dict[str, Any]
Node = dict[str, Any]

_STEP: Final = re.compile(r"(\w+)\[(\d+)\]")
_PLACE: Final = re.compile(r"\w+\[\d+\](\.\w+\[\d+\])*")
_SEQUENCES: Final = ("steps", "parallel", "choose")
KINDS: Final = ("step", "parallel", "choice", "branch", "case")


class NoSuchPlace(Exception):
    """The document no longer has a node at this place."""


def find(definition: Mapping[str, Any], place: str) -> Node:
    nodes, index = _at(definition, place)
    return nodes[index]


def walk(definition: Mapping[str, Any]) -> Iterator[tuple[str, Node]]:
    """Yield every node, branch and case with its place, each before the nodes below it."""

    def below(node: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Node]]:
        for name in _SEQUENCES:
            for index, each in enumerate(node.get(name) or ()):
                place = f"{prefix}{name}[{index}]"
                yield place, each
                yield from below(each, f"{place}.")

    yield from below(definition, "")


def step_names(definition: Mapping[str, Any]) -> dict[str, str]:
    """Return the names of all nodes of a process, by key."""
    return {node["key"]: node.get("name") or node["key"] for _, node in walk(definition) if "key" in node}


def replaced(definition: Definition, place: str, node: Node) -> Definition:
    changed = deepcopy(definition)
    nodes, index = _at(changed, place)
    nodes[index] = node
    return changed


def removed(definition: Definition, place: str) -> Definition:
    changed = deepcopy(definition)
    nodes, index = _at(changed, place)
    del nodes[index]
    return changed


def moved(definition: Definition, place: str, by: int) -> Definition:
    """Return the document with a node moved among its siblings. The first can't move up, nor the last
    down."""
    changed = deepcopy(definition)
    nodes, index = _at(changed, place)
    nodes.insert(max(0, index + by), nodes.pop(index))
    return changed


def added(definition: Definition, sequence: str, kind: str, role: str) -> tuple[Definition, str]:
    """Return the document with a new node at the end of a sequence such as `steps` or `steps[0].choose`, and
    the node's place. Until somebody changes it, the node asks `role`."""
    changed = deepcopy(definition)
    above, _, name = sequence.rpartition(".")
    parent = find(changed, above) if above else changed
    if name not in _SEQUENCES or kind not in KINDS:
        raise NoSuchPlace(sequence)
    nodes = parent.setdefault(name, [])
    nodes.append(_new(kind, _Keys(changed), role))
    return changed, f"{sequence}[{len(nodes) - 1}]"


def flaws_by_place(definition: Mapping[str, Any], flaws: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the texts of flaws by the place of the nearest node; flaws of the whole document by an empty
    place."""
    places = [place for place, _ in walk(definition)]
    found: dict[str, list[str]] = {}
    for flaw in flaws:
        at = flaw.get("field") or ""
        above = [place for place in places if at == place or at.startswith((f"{place}.", f"{place}["))]
        found.setdefault(max(above, key=len, default=""), []).append(str(flaw["detail"]))
    return found


def _at(definition: Mapping[str, Any], place: str) -> tuple[list[Node], int]:
    if not _PLACE.fullmatch(place):
        raise NoSuchPlace(place)
    node: Any = definition
    nodes: list[Node] = []
    number = 0
    for name, index in _STEP.findall(place):
        nodes, number = node.get(name) or [], int(index)
        if name not in _SEQUENCES or number >= len(nodes):
            raise NoSuchPlace(place)
        node = nodes[number]
    return nodes, number


class _Keys:
    """Finds free keys for nodes, which must be unique in the whole document."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        self._taken = {str(node.get("key")) for _, node in walk(definition)}

    def free(self, stem: str) -> str:
        number = next(n for n in range(1, len(self._taken) + 2) if f"{stem}-{n}" not in self._taken)
        self._taken.add(f"{stem}-{number}")
        return f"{stem}-{number}"


def _new(kind: str, keys: _Keys, role: str) -> Node:
    if kind == "parallel":
        return {"key": keys.free("parallel"), "parallel": [_new("branch", keys, role) for _ in range(2)]}
    if kind == "choice":
        otherwise = {"key": keys.free("case"), "steps": []}
        cases = [_new("case", keys, role), otherwise]
        return {"key": keys.free("choice"), "match": "first", "choose": cases}
    if kind == "branch":
        return {"key": keys.free("branch"), "steps": [_new("step", keys, role)]}
    if kind == "case":
        return {"key": keys.free("case"), "when": "true", "steps": [_new("step", keys, role)]}
    return {"key": keys.free("step"), "approvers": [{"role": role}]}


# -- conditions

OPERATORS: Final = (">", ">=", "<", "<=", "==", "!=", "like", "unlike")
"""The comparisons. `like` and `unlike` compare texts without regard to capital letters."""
_LIKE: Final = {"like": "==", "unlike": "!="}
_NUMBERS: Final = ("number", "money", "whole")


@dataclass(frozen=True, slots=True)
class Term:
    """The left side of a comparison: a field, the days until a date, the number of rows of a list, or the sum
    of a column."""

    expression: str
    kind: str
    """`days`, or the kind of the field."""
    path: tuple[str, ...]
    """The names of the fields that the term uses."""
    of: str = "value"
    """`value`, `days`, `size` or `sum`."""
    guarded: bool = False
    """Whether the field may be absent; an absent field fulfils no comparison."""


@dataclass(frozen=True, slots=True)
class Comparison:
    term: str
    operator: str
    value: str
    """A plain number, or a text as it is."""


def terms_of(subject: str, fields: Mapping[str, Any]) -> dict[str, Term]:
    """Return the terms that rows can compare, by code. All other conditions are written as expressions."""
    terms = {}
    for name, field in flat(fields).items():
        expression, kind = f"{subject}.{name}", field["type"]
        record, _, _ = name.rpartition(".")
        path, guarded = ((record, name), bool(field.get("optional"))) if record else ((name,), False)
        if kind in ("text", *_NUMBERS):
            terms[name] = Term(expression, kind, path, guarded=guarded)
        elif kind == "date":
            terms[f"days:{name}"] = Term(expression, "days", path, "days", guarded)
        elif kind == "list":
            terms[f"size:{name}"] = Term(f"size({expression})", "whole", (name,), "size")
            for column, each in (field.get("fields") or {}).items():
                if each["type"] in _NUMBERS and not each.get("optional"):
                    total = f"sum({expression}.map(row, row.{column}))"
                    terms[f"sum:{name}.{column}"] = Term(total, "number", (name, column), "sum")
    return terms


def flat(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return all fields, with the parts of records as `record.part`."""
    found: dict[str, Any] = {}
    for name, field in fields.items():
        if field["type"] == "record":
            found |= {f"{name}.{part}": each for part, each in field["fields"].items()}
        else:
            found[name] = field
    return found


def write_condition(rows: Sequence[Comparison], terms: Mapping[str, Term]) -> str:
    """Return the CEL expression that is true if all rows hold."""
    return " && ".join(_written(row, terms[row.term]) for row in rows)


def read_condition(text: str, terms: Mapping[str, Term]) -> list[Comparison] | None:
    """Return the rows of an expression that `write_condition` has written, or None for any other
    expression."""
    compared = {
        **{term.expression: (code, "") for code, term in terms.items()},
        **{f"lower({t.expression})": (code, "like") for code, t in terms.items() if t.kind == "text"},
    }
    left = "|".join(map(re.escape, sorted(compared, key=len, reverse=True)))
    pattern = re.compile(
        rf"(?:has\([a-z0-9_.]+\) && )?({left}) (>=|<=|==|!=|>|<) "
        r'(-?\d+(?:\.\d+)?|"(?:[^"\\]|\\.)*"|today [+-] days\(\d+\))(?: && |$)'
    )
    rows, at = [], 0
    while at < len(text):
        found = pattern.match(text, at)
        if found is None:
            return None
        code, like = compared[found[1]]
        operator = {"==": "like", "!=": "unlike"}.get(found[2], "") if like else found[2]
        rows.append(Comparison(code, operator, _plain(found[3])))
        at = found.end()
    if any(row.operator not in OPERATORS for row in rows):
        return None
    return rows if write_condition(rows, terms) == text else None


def read_conditions(definition: Mapping[str, Any], terms: Mapping[str, Term]) -> dict[str, list[Comparison]]:
    """Return the rows of all nodes' conditions that can be shown as rows, by condition."""
    conditions = {node["when"] for _, node in walk(definition) if node.get("when")}
    read = {condition: read_condition(condition, terms) for condition in conditions}
    return {condition: rows for condition, rows in read.items() if rows}


def _written(row: Comparison, term: Term) -> str:
    if term.guarded:
        return f"has({term.expression}) && {_written(row, replace(term, guarded=False))}"
    if row.operator in _LIKE:
        if term.kind != "text":
            return _written(replace(row, operator=_LIKE[row.operator]), term)
        letters = json.dumps(row.value.lower(), ensure_ascii=False)
        return f"lower({term.expression}) {_LIKE[row.operator]} {letters}"
    return f"{term.expression} {row.operator} {_literal(row.value, term.kind)}"


def _literal(value: str, kind: str) -> str:
    if kind == "text":
        return json.dumps(value, ensure_ascii=False)
    if kind == "days":
        return f"today - days({value[1:]})" if value.startswith("-") else f"today + days({value})"
    return value if kind == "whole" or "." in value else f"{value}.0"


def _plain(literal: str) -> str:
    if literal.startswith('"'):
        return str(json.loads(literal))
    if literal.startswith("today"):
        days = literal[len("today + days(") : -1]
        return f"-{days}" if "-" in literal else days
    return literal.removesuffix(".0")
