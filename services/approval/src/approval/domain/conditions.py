"""Conditions: what a CEL expression means for a subject type, found before it ever runs.

Running an expression is an adapter's work; reading it, to refuse what could not run, is a rule of
publication. The language here is CEL's subset for conditions: literals, fields, comparison, logic,
arithmetic, `in`, `has`, `size`, conversions, text methods and the macros `exists`, `all`, `exists_one`,
`filter` and `map`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from .process import Predicate
from .subjects import FieldType, SubjectType
from .values import value


class Conditions(Protocol):
    """Runs CEL."""

    def compile(self, expression: str, subject: SubjectType, known: Reading | None = None) -> Predicate:
        """The expression, ready to be evaluated over a subject's content, which it reads under the subject
        type's key; `known` is its reading, where it has been read. Raises ValueError for one that can't be
        run."""


class IllTyped(ValueError):
    """The expression can't be run: `code` says why, `near` names the part, `column` counts from 1."""

    def __init__(self, code: str, near: str, column: int, **facts: object) -> None:
        super().__init__(f"{code} near {near!r} at {column}")
        self.code = code
        self.near = near
        self.column = column
        self.facts = facts


@dataclass(frozen=True, slots=True)
class Type:
    """A CEL type. Records carry their fields, lists what they hold."""

    name: str
    fields: Mapping[str, FieldType] | None = None
    item: Type | None = None

    def __str__(self) -> str:
        return f"list({self.item})" if self.item else self.name


BOOL, INT, DOUBLE, STRING = Type("bool"), Type("int"), Type("double"), Type("string")
TIMESTAMP, DURATION, UNKNOWN = Type("timestamp"), Type("duration"), Type("unknown")
_SCALARS: Final = {
    "text": STRING,
    "flag": BOOL,
    "whole": INT,
    "number": DOUBLE,
    "money": DOUBLE,
    "date": TIMESTAMP,
}


def type_of(field_type: FieldType) -> Type:
    """How CEL sees a field: amounts and numbers are doubles, dates timestamps at midnight UTC."""
    if field_type.type != "list":
        return Type("record", field_type.parts) if field_type.parts else _SCALARS[field_type.type]
    item = Type("record", field_type.parts) if field_type.parts else _SCALARS[field_type.of or "text"]
    return Type("list", item=item)


@dataclass(slots=True)
class Reading:
    """What an expression reads of its subject."""

    paths: set[str] = field(default_factory=set)
    unguarded: set[str] = field(default_factory=set)
    """Optional fields read without `has(…)` before them."""
    compared: dict[str, set[object]] = field(default_factory=dict)
    """The literals that each scalar path is compared with."""
    exact: bool = True
    """Whether it is made of comparisons of single fields with literals alone: then it is constant between
    those literals, and a finite set of subjects tries it out completely."""


def read_condition(expression: str, subject: SubjectType) -> Reading:
    """Reads and type-checks a condition. Raises IllTyped for what could not run or is not a yes or no."""
    parser = _Parser(_tokens(expression), subject)
    found = parser.expression()
    parser.expect_end()
    if found.type is not BOOL:
        raise IllTyped("condition_not_boolean", expression.strip(), 1, found=str(found.type))
    return parser.reading


@value
class _Token:
    kind: str
    text: str
    column: int


_TOKEN: Final = re.compile(
    r"""(?P<space>\s+)
      | (?P<double>\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)
      | (?P<int>\d+)
      | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<sign>&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()\[\]])""",
    re.VERBOSE,
)


def _tokens(expression: str) -> list[_Token]:
    tokens, at = [], 0
    while at < len(expression):
        match = _TOKEN.match(expression, at)
        if match is None:
            raise IllTyped("condition_unreadable", expression[at : at + 10], at + 1)
        kind = match.lastgroup or ""
        if kind != "space":
            tokens.append(_Token(kind, match.group(), at + 1))
        at = match.end()
    tokens.append(_Token("end", "", len(expression) + 1))
    return tokens


@value
class _Found:
    """What a part of the expression is: its type, the path or literal that it is, and which optional
    paths are known to be there when it is true, and when it is false."""

    type: Type
    token: _Token
    path: str | None = None
    literal: object = None
    if_true: frozenset[str] = frozenset()
    if_false: frozenset[str] = frozenset()

    @property
    def is_literal(self) -> bool:
        return self.literal is not None


_COMPARISONS: Final = ("==", "!=", "<=", ">=", "<", ">")
_NUMBERS: Final = (INT, DOUBLE)
_ORDERED: Final = (INT, DOUBLE, STRING, TIMESTAMP, DURATION, BOOL)
_TEXT_METHODS: Final = ("startsWith", "endsWith", "contains", "matches")
_MACROS: Final = ("exists", "all", "exists_one", "filter", "map")
_MOST_NESTED: Final = 40


class _Parser:
    """Recursive descent over CEL's grammar, computing types as it goes."""

    def __init__(self, tokens: list[_Token], subject: SubjectType) -> None:
        self.tokens = [*tokens, tokens[-1]]
        self.at = 0
        self.next = tokens[0]
        self.depth = 0
        self.reading = Reading()
        self.names: dict[str, Type] = {subject.key: Type("record", subject.fields)}
        self.root = subject.key
        self.present: frozenset[str] = frozenset()

    # -- the token stream

    def take(self) -> _Token:
        token = self.next
        self.at += 1
        self.next = self.tokens[self.at]
        return token

    def taken(self, *signs: str) -> _Token | None:
        token = self.next
        if token.text in signs and (token.kind == "sign" or token.text == "in"):
            return self.take()
        return None

    def expect(self, sign: str) -> None:
        if self.taken(sign) is None:
            raise self.unreadable()

    def expect_end(self) -> None:
        if self.next.kind != "end":
            raise self.unreadable()

    def unreadable(self) -> IllTyped:
        return IllTyped("condition_unreadable", self.next.text or "…", self.next.column)

    def name(self) -> _Token:
        if self.next.kind != "name":
            raise self.unreadable()
        return self.take()

    # -- the grammar, loosest binding first

    def nested_unary(self) -> _Found:
        self.depth += 1
        if self.depth > _MOST_NESTED:
            raise IllTyped("condition_too_nested", self.next.text, self.next.column)
        try:
            return self.unary()
        finally:
            self.depth -= 1

    def expression(self) -> _Found:
        self.depth += 1
        if self.depth > _MOST_NESTED:
            raise IllTyped("condition_too_nested", self.next.text, self.next.column)
        try:
            condition = self.either()
            if self.taken("?") is None:
                return condition
            self.demand(condition, BOOL)
            self.reading.exact = False
            yes = self.knowing(condition.if_true, self.either)
            self.expect(":")
            no = self.knowing(condition.if_false, self.expression)
            self.same(yes, no)
            return _Found(yes.type, condition.token)
        finally:
            self.depth -= 1

    def either(self) -> _Found:
        left = self.both()
        while self.taken("||"):
            right = self.knowing(left.if_false, self.both)
            self.demand(left, BOOL)
            self.demand(right, BOOL)
            left = _Found(
                BOOL,
                left.token,
                if_true=left.if_true & right.if_true,
                if_false=left.if_false | right.if_false,
            )
        return left

    def both(self) -> _Found:
        left = self.comparison()
        while self.taken("&&"):
            right = self.knowing(left.if_true, self.comparison)
            self.demand(left, BOOL)
            self.demand(right, BOOL)
            left = _Found(
                BOOL,
                left.token,
                if_true=left.if_true | right.if_true,
                if_false=left.if_false & right.if_false,
            )
        return left

    def comparison(self) -> _Found:
        left = self.sum()
        sign = self.taken(*_COMPARISONS, "in")
        if sign is None:
            return left
        right = self.sum()
        if sign.text == "in":
            return self.membership(left, right, sign)
        self.same(left, right)
        if sign.text not in ("==", "!=") and left.type not in _ORDERED:
            raise IllTyped("condition_not_ordered", sign.text, sign.column, type=str(left.type))
        self.note_comparison(left, right)
        return _Found(BOOL, left.token)

    def membership(self, left: _Found, right: _Found, sign: _Token) -> _Found:
        if right.type.item is None:
            raise IllTyped("condition_not_a_list", "in", sign.column, found=str(right.type))
        if right.type.item is not UNKNOWN and not _comparable(left.type, right.type.item):
            raise IllTyped(
                "condition_types_differ", "in", sign.column, left=str(left.type), right=str(right.type.item)
            )
        if left.path is not None and isinstance(right.literal, tuple):
            self.reading.compared.setdefault(left.path, set()).update(right.literal)
        elif not (left.is_literal and right.is_literal):
            self.reading.exact = False
        return _Found(BOOL, left.token)

    def sum(self) -> _Found:
        left = self.product()
        while sign := self.taken("+", "-"):
            left = self.arithmetic(left, self.product(), sign)
        return left

    def product(self) -> _Found:
        left = self.unary()
        while sign := self.taken("*", "/", "%"):
            left = self.arithmetic(left, self.unary(), sign)
        return left

    def arithmetic(self, left: _Found, right: _Found, sign: _Token) -> _Found:
        self.reading.exact = False
        pair = (left.type, right.type)
        if left.type is right.type and (
            left.type in _NUMBERS or (left.type in (STRING, DURATION) and sign.text in "+-")
        ):
            if (left.type, sign.text) in ((STRING, "-"), (DOUBLE, "%")):
                raise IllTyped("condition_bad_operation", sign.text, sign.column, type=str(left.type))
            return _Found(left.type, left.token)
        if pair == (TIMESTAMP, DURATION) and sign.text in "+-":
            return _Found(TIMESTAMP, left.token)
        if pair == (TIMESTAMP, TIMESTAMP) and sign.text == "-":
            return _Found(DURATION, left.token)
        raise IllTyped(
            "condition_types_differ", sign.text, sign.column, left=str(left.type), right=str(right.type)
        )

    def unary(self) -> _Found:
        if sign := self.taken("!"):
            inner = self.nested_unary()
            self.demand(inner, BOOL)
            return _Found(BOOL, sign, if_true=inner.if_false, if_false=inner.if_true)
        if sign := self.taken("-"):
            inner = self.nested_unary()
            if inner.type not in _NUMBERS:
                raise IllTyped("condition_bad_operation", "-", sign.column, type=str(inner.type))
            if isinstance(inner.literal, int | float):
                return _Found(inner.type, sign, literal=-inner.literal)
            self.reading.exact = False
            return _Found(inner.type, sign)
        return self.member()

    def member(self) -> _Found:
        found = self.primary()
        while True:
            if self.taken("."):
                name = self.name()
                found = self.method(found, name) if self.taken("(") else self.select(found, name)
            elif sign := self.taken("["):
                index = self.expression()
                self.expect("]")
                found = self.index(found, index, sign)
            else:
                if found.path is not None:
                    self.note_read(found)
                return found

    def primary(self) -> _Found:
        token = self.next
        if token.kind == "int":
            self.take()
            return _Found(INT, token, literal=int(token.text))
        if token.kind == "double":
            self.take()
            return _Found(DOUBLE, token, literal=float(token.text))
        if token.kind == "string":
            self.take()
            if "\\" in token.text:
                self.reading.exact = False
            return _Found(STRING, token, literal=token.text[1:-1])
        if self.taken("("):
            found = self.expression()
            self.expect(")")
            return found
        if self.taken("["):
            return self.list_literal(token)
        name = self.name()
        if name.text in ("true", "false"):
            return _Found(BOOL, name, literal=name.text == "true")
        if self.taken("("):
            return self.function(name)
        if name.text not in self.names:
            raise IllTyped("condition_unknown_name", name.text, name.column, known=self.root)
        known = self.names[name.text]
        return _Found(known, name, path="" if name.text == self.root else None)

    def list_literal(self, token: _Token) -> _Found:
        items: list[_Found] = []
        while not self.taken("]"):
            items.append(self.expression())
            if self.taken(",") is None:
                self.expect("]")
                break
        for item in items[1:]:
            self.same(items[0], item)
        constant = all(item.is_literal for item in items)
        literal = tuple(item.literal for item in items) if constant else None
        return _Found(Type("list", item=items[0].type if items else UNKNOWN), token, literal=literal)

    # -- fields, functions, methods and macros

    def select(self, found: _Found, name: _Token) -> _Found:
        if found.type.fields is None:
            raise IllTyped("condition_no_fields", name.text, name.column, type=str(found.type))
        chosen = found.type.fields.get(name.text)
        if chosen is None:
            known = ", ".join(sorted(found.type.fields))
            raise IllTyped("condition_unknown_field", name.text, name.column, known=known)
        if found.path is None:
            if chosen.optional:
                raise IllTyped("condition_optional_inside_list", name.text, name.column)
            return _Found(type_of(chosen), name)
        path = f"{found.path}.{name.text}" if found.path else name.text
        if chosen.optional and path not in self.present:
            self.reading.unguarded.add(path)
        return _Found(type_of(chosen), name, path=path)

    def index(self, found: _Found, index: _Found, sign: _Token) -> _Found:
        if found.type.item is None or index.type is not INT:
            raise IllTyped("condition_bad_operation", "[", sign.column, type=str(found.type))
        raise IllTyped("condition_index_may_miss", "[", sign.column)

    def function(self, name: _Token) -> _Found:
        if name.text == "has":
            return self.has(name)
        argument = self.expression()
        self.expect(")")
        match name.text:
            case "size" if argument.type.item is not None or argument.type is STRING:
                result = INT
            case "double" | "int" if argument.type in _NUMBERS:
                result = DOUBLE if name.text == "double" else INT
            case "string" if argument.type in _ORDERED:
                result = STRING
            case "timestamp" | "duration" if argument.type is STRING and isinstance(argument.literal, str):
                result = TIMESTAMP if name.text == "timestamp" else DURATION
                if not _MOMENTS[name.text].fullmatch(argument.literal):
                    raise IllTyped("condition_bad_literal", argument.literal, argument.token.column)
            case "size" | "double" | "int" | "string" | "timestamp" | "duration":
                raise IllTyped("condition_bad_operation", name.text, name.column, type=str(argument.type))
            case _:
                raise IllTyped("condition_unknown_function", name.text, name.column)
        self.reading.exact = False
        return _Found(result, name)

    def has(self, name: _Token) -> _Found:
        unguarded = set(self.reading.unguarded)
        argument = self.member()
        self.expect(")")
        if not argument.path:
            raise IllTyped("condition_bad_operation", "has", name.column, type=str(argument.type))
        # Of the field itself it asks whether it is there; what it is in must be there.
        if argument.path not in unguarded:
            self.reading.unguarded.discard(argument.path)
        self.reading.compared.setdefault(argument.path, set())
        return _Found(BOOL, name, if_true=frozenset({argument.path}))

    def method(self, found: _Found, name: _Token) -> _Found:
        self.reading.exact = False
        if found.path is not None:
            self.note_read(found)
        if name.text in _MACROS and found.type.item is not None:
            return self.macro(found, name)
        if name.text == "size" and (found.type.item is not None or found.type is STRING):
            self.expect(")")
            return _Found(INT, name)
        if name.text in _TEXT_METHODS and found.type is STRING:
            argument = self.expression()
            self.expect(")")
            self.demand(argument, STRING)
            if name.text == "matches" and not _is_pattern(argument.literal):
                raise IllTyped("condition_bad_literal", str(argument.literal), argument.token.column)
            return _Found(BOOL, name)
        raise IllTyped("condition_unknown_function", name.text, name.column)

    def macro(self, found: _Found, name: _Token) -> _Found:
        item = self.name()
        if item.text in self.names:
            raise IllTyped("condition_name_taken", item.text, item.column)
        self.expect(",")
        assert found.type.item is not None
        self.names[item.text] = found.type.item
        body = self.expression()
        self.expect(")")
        del self.names[item.text]
        if name.text == "map":
            return _Found(Type("list", item=body.type), name)
        self.demand(body, BOOL)
        return _Found(found.type if name.text == "filter" else BOOL, name)

    # -- rules shared by the above

    def knowing(self, paths: frozenset[str], parse: Callable[[], _Found]) -> _Found:
        before, self.present = self.present, self.present | paths
        try:
            return parse()
        finally:
            self.present = before

    def demand(self, found: _Found, wanted: Type) -> None:
        if found.type is not wanted:
            raise IllTyped(
                "condition_wrong_type",
                found.token.text,
                found.token.column,
                found=str(found.type),
                wanted=str(wanted),
            )

    def same(self, left: _Found, right: _Found) -> None:
        if not _comparable(left.type, right.type):
            raise IllTyped(
                "condition_types_differ",
                right.token.text,
                right.token.column,
                left=str(left.type),
                right=str(right.type),
            )

    def note_read(self, found: _Found) -> None:
        if found.path:
            self.reading.paths.add(found.path)
            if found.type is BOOL:
                self.reading.compared.setdefault(found.path, set())

    def note_comparison(self, left: _Found, right: _Found) -> None:
        for one, other in ((left, right), (right, left)):
            if one.path is not None and other.is_literal:
                self.reading.compared.setdefault(one.path, set()).add(other.literal)
                return
        if not (left.is_literal and right.is_literal):
            self.reading.exact = False


_MOMENTS: Final = {
    "timestamp": re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})"),
    "duration": re.compile(r"-?(\d+(\.\d+)?(h|m|s|ms))+"),
}


def _comparable(left: Type, right: Type) -> bool:
    if left.item is not None and right.item is not None:
        return UNKNOWN in (left.item, right.item) or _comparable(left.item, right.item)
    return left.name == right.name or (left in _NUMBERS and right in _NUMBERS)


def _is_pattern(literal: object) -> bool:
    try:
        re.compile(literal if isinstance(literal, str) else "[")
    except re.error:
        return False
    return True
