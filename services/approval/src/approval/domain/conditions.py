"""Conditions: parses and type-checks a CEL expression for a subject type before it ever runs.

An adapter runs expressions. Parsing them here, to refuse what could not run, is one of the checks of
publication. The language is CEL's subset for conditions: literals, fields, comparison, logic, arithmetic,
`in`, `has`, `size`, conversions, text methods and the macros `exists`, `all`, `exists_one`, `filter` and
`map`. In addition there are `sum` of a list's numbers, `count` of the true values in a list, `lower` of a
text, `days`, and `today`: the day, in the tenant's time zone, on which the content was submitted or last
amended. The figures of a brief's budget are read as `budget`.
"""

from __future__ import annotations

import re
import unicodedata
from ast import literal_eval
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from math import ceil
from typing import Any, Final, Protocol

from .costs import CollectedValues, Loop, declared_sizes
from .process import Predicate
from .reasoning import All, Formula, If, Not, Opaque, Property, Quantity, Sign, Some
from .subjects import MOST_VALUES, FieldType, SubjectType
from .values import value

TODAY: Final = "today"


class Conditions(Protocol):
    """Compiles CEL expressions."""

    def compile(
        self, expression: str, subject: SubjectType, known: Reading | None = None, *, exact: bool = True
    ) -> Predicate:
        """Compile an expression for evaluation over a subject's content, which it reads under the subject
        type's key. `known` is its reading, if it has been parsed already. It computes with decimals if
        `exact`, otherwise with doubles. Raises ValueError if the expression can't be run."""

    def accepts_pattern(self, pattern: str) -> bool:
        """Tell whether `matches` accepts the pattern."""


class IllTyped(ValueError):
    """Raised if an expression can't be run. `code` says why, `near` is the part at fault, and `column` is its
    position, counted from 1."""

    def __init__(self, code: str, near: str, column: int, **facts: object) -> None:
        super().__init__(f"{code} near {near!r} at {column}")
        self.code = code
        self.near = near
        self.column = column
        self.facts = facts


@dataclass(frozen=True, slots=True)
class Type:
    """A CEL type. A record type has `fields`, a list type has the type of its items."""

    name: str
    fields: Mapping[str, FieldType] | None = None
    item: Type | None = None
    mixed: bool = False
    """For a list: whether whole numbers and decimals are among its items, or lists of both. They can be
    compared, but not calculated with."""

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
    """Return the CEL type of a field. Amounts and numbers are doubles, dates are timestamps at midnight
    UTC."""
    if field_type.type != "list":
        return Type("record", field_type.parts) if field_type.parts else _SCALARS[field_type.type]
    item = Type("record", field_type.parts) if field_type.parts else _SCALARS[field_type.of or "text"]
    return Type("list", item=item)


@dataclass(slots=True)
class Reading:
    """The result of parsing an expression: what it reads of its subject, and what it means."""

    paths: set[str] = field(default_factory=set)
    unguarded: set[str] = field(default_factory=set)
    """The optional fields that the expression reads without `has(…)` before them."""
    formula: Formula = True
    """The expression as a formula, as far as `reasoning` understands it."""
    loops: list[Loop] = field(default_factory=list)
    """The loops in which the expression goes through rows."""
    patterns: list[tuple[str, int]] = field(default_factory=list)
    """The patterns given to `matches`, each with its column."""
    program: str = ""
    """The text that CEL runs: the expression with its arithmetic on numbers rewritten as calls of functions
    that compute with decimals."""
    faults: list[IllTyped] = field(default_factory=list)
    """Parts that can be run but that can't be decided for some or all subjects, such as a division by zero.
    Publication refuses them."""


def read_condition(expression: str, subject: SubjectType, *, exact: bool = True) -> Reading:
    """Parse and type-check a condition. Raises IllTyped if it could not run or its result is not a bool."""
    parser = _Parser(_tokens(expression), subject, exact=exact)
    found = parser.expression()
    parser.expect_end()
    if found.type is not BOOL:
        raise IllTyped("condition_not_boolean", expression.strip(), 1, found=str(found.type))
    parser.reading.formula = _formula(found)
    parser.reading.loops = parser.loops
    parser.reading.program = _in_decimals(parser) if parser.reckonings else expression
    return parser.reading


DECIMAL: Final = {"+": "_plus", "-": "_minus", "*": "_times", "/": "_over"}
"""The functions that compute with decimals, by operator. No name of a subject begins with an underscore."""


def _in_decimals(parser: _Parser) -> str:
    """Rewrite the expression so that its arithmetic on numbers calls the functions in `DECIMAL`. This relies
    on inner operations being parsed before those that contain them."""
    texts = [token.text for token in parser.tokens]
    calls, ends = [""] * len(texts), [""] * len(texts)
    for start, sign, end in parser.reckonings:
        calls[start] = f"{DECIMAL[texts[sign]]}({calls[start]}"
        ends[end - 1] += ")"
    for _, sign, _ in parser.reckonings:
        texts[sign] = ","
    return " ".join(map("".join, zip(calls, texts, ends, strict=True)))


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
        if match is None or expression[at : at + 2] in _SIGNS:
            raise _no_token(expression, at)
        kind = match.lastgroup or ""
        if kind != "space":
            tokens.append(_Token(kind, match.group(), at + 1))
        at = match.end()
    tokens.append(_Token("end", "", len(expression) + 1))
    return tokens


_SIGNS: Final = {"&": "&&", "|": "||", "=": "==", "<>": "!=", "=>": ">=", "=<": "<="}
_WORDS: Final = {
    **dict.fromkeys(("e", "ed", "and"), "&&"),
    **dict.fromkeys(("o", "oppure", "or"), "||"),
    **dict.fromkeys(("non", "not"), "!"),
    **dict.fromkeys(("vero", "true"), "true"),
    **dict.fromkeys(("falso", "false"), "false"),
    **dict.fromkeys(("null", "nullo", "is"), "has(…)"),
    **dict.fromkeys(("oggi", "now"), TODAY),
}
"""Words that people write from habit, and what to write instead."""
_WORD: Final = re.compile(r"\w+")


def _no_token(expression: str, at: int) -> IllTyped:
    for near in (expression[at : at + 2], expression[at]):
        if near in _SIGNS:
            return IllTyped("condition_write", near, at + 1, write=_SIGNS[near])
    if expression[at] in "“”„«»‘’":
        return IllTyped("condition_quotes", expression[at], at + 1)
    if expression[at].isalpha():
        begins = re.search(r"\w*$", expression[:at])
        start = begins.start() if begins else at
        word = _WORD.match(expression, start)
        near = word.group() if word else expression[at]
        return IllTyped("condition_accent", near, start + 1, write=without_accents(near))
    return IllTyped("condition_unreadable", expression[at : at + 10], at + 1)


def without_accents(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


_REACH_OF_FIELD: Final = 10**12


@value
class _Found:
    """What is known about a part of the expression: its type, its path or literal value, and which optional
    paths are known to have a value if it is true, and if it is false."""

    type: Type
    token: _Token
    path: str | None = None
    literal: object = None
    if_true: frozenset[str] = frozenset()
    if_false: frozenset[str] = frozenset()
    place: str | None = None
    """Its place in the subject, which may be inside of rows: `righe.consegne`."""
    rows: str | int | None = None
    """For a list: its number of rows, or the place of a list in the subject that has as many."""
    quantity: Quantity | None = None
    formula: Formula | None = None
    """For a bool: what it says."""
    least: int | None = None
    """For a number or a list of numbers: a lower bound."""
    span: timedelta | None = None
    """For a duration: its length, if it is written as a literal."""
    after_today: timedelta | None = None
    """For a moment: how long after today it is, if this is known."""
    is_lower: bool = False
    """For a text: whether it has no capital letters."""
    reach: int = _REACH_OF_FIELD
    """For a number or a list of numbers: how far from zero it may be. Counts and sizes are no further from
    zero than a field's value."""

    @property
    def is_literal(self) -> bool:
        return self.literal is not None


def _formula(found: _Found) -> Formula:
    assert found.formula is not None, "a yes or no"
    return found.formula


_COMPARISONS: Final = ("==", "!=", "<=", ">=", "<", ">")
_NUMBERS: Final = (INT, DOUBLE)
_WRITTEN: Final = (INT, DOUBLE, STRING)
"""What people write for a date."""
_ORDERED: Final = (INT, DOUBLE, STRING, TIMESTAMP, DURATION, BOOL)
_TEXT_METHODS: Final = ("startsWith", "endsWith", "contains", "matches")
_MACROS: Final = ("exists", "all", "exists_one", "filter", "map")
_MOST_NESTED: Final = 40
_LONGEST_SPAN: Final = timedelta(days=3_660_000)
"""Ten thousand years. Even the sum of as many such durations as fit into a condition is still a valid
time."""
_LARGEST: Final = 2**63 - 1
_WORK_OF_ROW: Final = 10
_WORK_OF_TEXT: Final = 400
"""The work of joining two texts of the greatest length."""
_WORK_OF_PATTERN: Final = 40
_WORK_OF_NUMBER: Final = 10
"""The work of one operation on numbers."""
_MOST_DAYS: Final = 3660
_MOST_RECKONINGS: Final = 40
"""The most operations with decimals in an expression. Each may contain the next one, and CEL allows 96
levels, including parentheses."""


class _Parser:
    """A recursive-descent parser of CEL that computes types while it parses."""

    def __init__(self, tokens: list[_Token], subject: SubjectType, *, exact: bool) -> None:
        self.exact = exact
        self.reckonings: list[tuple[int, int, int]] = []
        """The operations on numbers: the token at which each begins, that of its operator, and that after its
        end."""
        self.tokens = [*tokens, tokens[-1]]
        self.at = 0
        self.next = tokens[0]
        self.depth = 0
        self.reading = Reading()
        self.names: dict[str, Type] = {TODAY: TIMESTAMP, subject.key: Type("record", subject.fields)}
        self.places: dict[str, str | None] = {TODAY: None, subject.key: ""}
        self.reaches: dict[str, int] = {}
        """How far from zero the numbers may be for which the variables of macros stand."""
        self.sizes = partial(declared_sizes, subject)
        self.knows_today = subject.key != TODAY
        """Whether `today` means the day. A subject type or a macro's variable may have this name instead, as
        was possible before the language had the day."""
        self.loops: list[Loop] = []
        self.heavy = 0
        """Work in addition to what the number of tokens shows."""
        self.root = subject.key
        self.roots = {subject.key: "", **subject.beside}
        """The names under which the subject or a part of it is read, each with its path."""
        for name, path in subject.beside.items():
            self.names[name], self.places[name] = type_of(subject.fields[path]), path
        self.fields = subject.fields
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
        token, before = self.next, self.tokens[self.at - 1]
        if token.text.lower() in _WORDS:
            return IllTyped("condition_write", token.text, token.column, write=_WORDS[token.text.lower()])
        if token.text == "," and before.kind in ("int", "double"):
            write = f"{before.text.replace('.', '')}.{self.tokens[self.at + 1].text or '0'}"
            return IllTyped("condition_italian_number", f"{before.text},", before.column, write=write)
        return IllTyped("condition_unreadable", token.text or "…", token.column)

    def name(self) -> _Token:
        if self.next.kind != "name":
            raise self.unreadable()
        return self.take()

    # -- the grammar, loosest binding first

    def nested(self, parse: Callable[[], _Found]) -> _Found:
        self.depth += 1
        if self.depth > _MOST_NESTED:
            raise IllTyped("condition_too_nested", self.next.text, self.next.column)
        found = parse()
        self.depth -= 1
        return found

    def expression(self) -> _Found:
        return self.nested(self.conditional)

    def conditional(self) -> _Found:
        condition = self.either()
        if self.taken("?") is None:
            return condition
        self.demand(condition, BOOL)
        yes = self.knowing(condition.if_true, self.either)
        self.expect(":")
        no = self.knowing(condition.if_false, self.expression)
        self.same(yes, no)
        self.is_of_one_type((yes, no))
        formula: Formula | None = None
        if yes.formula is not None and no.formula is not None:
            formula = If(_formula(condition), yes.formula, no.formula)
        least = 0 if _is_not_below_zero(yes) and _is_not_below_zero(no) else None
        reach = max(_reach(yes), _reach(no))
        kind = _either((yes.type, no.type))
        return _Found(kind, condition.token, formula=formula, least=least, reach=reach)

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
                formula=Some((_formula(left), _formula(right))),
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
                formula=All((_formula(left), _formula(right))),
            )
        return left

    def comparison(self) -> _Found:
        start = self.at
        left = self.sum()
        sign = self.taken(*_COMPARISONS, "in")
        if sign is None:
            return left
        right = self.sum()
        if sign.text == "in":
            return self.membership(left, right, sign, start)
        self.same(left, right)
        if sign.text not in ("==", "!=") and left.type not in _ORDERED:
            raise IllTyped("condition_not_ordered", sign.text, sign.column, type=str(left.type))
        if left.type.item is not None:
            self.loops.append(Loop(left.rows, 0))
        self.must_be_lower(left, right)
        self.must_be_lower(right, left)
        formula = _comparison(left, right, sign.text) or self.opaque(start)
        return _Found(BOOL, left.token, formula=formula)

    def membership(self, left: _Found, right: _Found, sign: _Token, start: int) -> _Found:
        if right.type.item is None:
            raise IllTyped("condition_not_a_list", "in", sign.column, found=str(right.type))
        if right.type.item is not UNKNOWN and not _comparable(left.type, right.type.item):
            raise IllTyped(
                "condition_types_differ", "in", sign.column, left=str(left.type), right=str(right.type.item)
            )
        self.loops.append(Loop(right.rows, 0))
        self.must_be_lower(left, right)
        formula: Formula = self.opaque(start)
        if (quantity := _compared(left)) is not None and isinstance(right.literal, tuple):
            formula = Property(quantity, "in", tuple(map(_exact, right.literal)))
        return _Found(BOOL, left.token, formula=formula)

    def sum(self) -> _Found:
        start = self.at
        left = self.product()
        while sign := self.taken("+", "-"):
            at = self.at - 1
            left = self.arithmetic(left, self.product(), sign)
            self.reckons(left, start, at)
        return left

    def product(self) -> _Found:
        start = self.at
        left = self.unary()
        while sign := self.taken("*", "/", "%"):
            at = self.at - 1
            left = self.arithmetic(left, self.unary(), sign)
            self.reckons(left, start, at)
        return left

    def reckons(self, found: _Found, start: int, sign: int) -> None:
        """Note an operation on doubles, which is to be computed with decimals."""
        if not self.exact or found.type is not DOUBLE:
            return
        self.heavy += _WORK_OF_NUMBER
        self.reckonings.append((start, sign, self.at))
        if len(self.reckonings) > _MOST_RECKONINGS:
            raise IllTyped("condition_too_nested", self.tokens[sign].text, self.tokens[sign].column)

    def arithmetic(self, left: _Found, right: _Found, sign: _Token) -> _Found:
        pair = (left.type, right.type)
        if left.type is right.type and (
            left.type in _NUMBERS or (left.type in (STRING, DURATION) and sign.text in "+-")
        ):
            if (left.type, sign.text) in ((STRING, "-"), (DOUBLE, "%")):
                raise IllTyped("condition_bad_operation", sign.text, sign.column, type=str(left.type))
            self.heavy += _WORK_OF_TEXT if left.type is STRING else 0
            reach = self.can_be_reckoned(left, right, sign)
            return _Found(left.type, left.token, reach=reach)
        if pair == (TIMESTAMP, DURATION) and sign.text in "+-":
            moved = left.after_today
            if moved is not None and right.span is not None:
                moved = moved + right.span if sign.text == "+" else moved - right.span
            return _Found(TIMESTAMP, left.token, after_today=moved if right.span is not None else None)
        if pair == (TIMESTAMP, TIMESTAMP) and sign.text == "-":
            days = _days_to(left) if right.after_today == _NO_TIME else None
            return _Found(DURATION, left.token, quantity=days)
        raise IllTyped(
            "condition_types_differ", sign.text, sign.column, left=str(left.type), right=str(right.type)
        )

    def can_be_reckoned(self, left: _Found, right: _Found, sign: _Token) -> int:
        """Note a fault if an operation could fail for some values: by a division by zero or an overflow.
        Return how far from zero its result may be."""
        if sign.text in "/%" and not right.literal:
            code = "condition_divides_by_zero" if right.is_literal else "condition_may_divide_by_zero"
            self.reading.faults.append(IllTyped(code, sign.text, sign.column))
        far, further = _reach(left), _reach(right)
        reach = far * further if sign.text == "*" else far + further if sign.text in "+-" else far
        if sign.text == "/" and isinstance(right.literal, float) and right.literal:
            reach = far * _far(1 / right.literal)
        return self.is_whole(reach, sign) if left.type is INT else reach

    def is_whole(self, reach: int, near: _Token) -> int:
        """Note a fault if a whole number could be too large for CEL. Return how far from zero it may be."""
        if reach > _LARGEST:
            self.reading.faults.append(IllTyped("condition_may_overflow", near.text, near.column))
        return min(reach, _LARGEST)

    def unary(self) -> _Found:
        if sign := self.taken("!"):
            inner = self.nested(self.unary)
            self.demand(inner, BOOL)
            return _Found(
                BOOL, sign, if_true=inner.if_false, if_false=inner.if_true, formula=Not(_formula(inner))
            )
        if sign := self.taken("-"):
            inner = self.nested(self.unary)
            if inner.type not in _NUMBERS:
                raise IllTyped("condition_bad_operation", "-", sign.column, type=str(inner.type))
            if isinstance(inner.literal, int | float):
                return _Found(inner.type, sign, literal=-inner.literal)
            return _Found(inner.type, sign, reach=inner.reach)
        return self.member()

    def member(self) -> _Found:
        start = self.at
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
                if found.path:
                    self.reading.paths.add(found.path)
                if found.type is BOOL and found.formula is None:
                    known = found.quantity is not None
                    found = replace(found, formula=_yes(found) if known else self.opaque(start))
                return found

    def primary(self) -> _Found:
        token = self.next
        if token.kind == "int":
            self.take()
            return _Found(INT, token, literal=int(token.text))
        if token.kind == "double":
            self.take()
            if _THOUSANDS.fullmatch(token.text):
                write = f"{token.text.replace('.', '')}.0 / {token.text}0"
                fault = IllTyped("condition_italian_number", token.text, token.column, write=write)
                self.reading.faults.append(fault)
            return _Found(DOUBLE, token, literal=float(token.text))
        if token.kind == "string":
            self.take()
            return _Found(STRING, token, literal=_text_of(token))
        if self.taken("("):
            follows_in = self.tokens[self.at - 2].text == "in"
            found = self.expression()
            if follows_in and self.next.text == ",":
                raise IllTyped("condition_write", token.text, token.column, write="[…]")
            self.expect(")")
            return found
        if self.taken("["):
            return self.list_literal(token)
        name = self.name()
        if name.text in ("true", "false"):
            return _Found(BOOL, name, literal=name.text == "true", formula=name.text == "true")
        if name.text not in self.names and name.text.lower() in _WORDS:
            write = _WORDS[name.text.lower()]
            raise IllTyped("condition_write", name.text, name.column, write=write)
        if self.taken("("):
            return self.function(name)
        if name.text not in self.names:
            raise IllTyped("condition_unknown_name", name.text, name.column, known=self.root)
        known = self.names[name.text]
        place = self.places[name.text]
        if name.text == TODAY and self.knows_today:
            day = Quantity(TODAY, "date", "result")
            return _Found(known, name, quantity=day, after_today=_NO_TIME)
        path = self.roots.get(name.text)
        rows = place if known.item is not None else None
        reach = self.reaches.get(name.text, _REACH_OF_FIELD)
        return _Found(known, name, path=path, place=place, rows=rows, reach=reach)

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
        if not constant:
            self.is_of_one_type(items)
        literal = tuple(item.literal for item in items) if constant else None
        kinds = [item.type for item in items] or [UNKNOWN]
        mixed = constant and not all(_alike(_first_known(kinds), kind) for kind in kinds)
        kind = Type("list", item=_either(kinds), mixed=mixed)
        return _Found(kind, token, literal=literal, rows=len(items), reach=max(map(_reach, items), default=0))

    # -- fields, functions, methods and macros

    def select(self, found: _Found, name: _Token) -> _Found:
        if found.type.fields is None:
            raise IllTyped("condition_no_fields", name.text, name.column, type=str(found.type))
        chosen = found.type.fields.get(name.text)
        if chosen is None:
            known = ", ".join(sorted(found.type.fields))
            raise IllTyped("condition_unknown_field", name.text, name.column, known=known)
        least = _KINDS[kind][1] if (kind := chosen.of or chosen.type) in _KINDS else None
        if found.path is None:
            if chosen.optional:
                raise IllTyped("condition_optional_inside_list", name.text, name.column)
            place = f"{found.place}.{name.text}" if found.place is not None else None
            rows = place if chosen.type == "list" else None
            return _Found(type_of(chosen), name, place=place, rows=rows, least=least)
        path = f"{found.path}.{name.text}" if found.path else name.text
        if chosen.optional and path not in self.present:
            self.reading.unguarded.add(path)
        rows = path if chosen.type == "list" else None
        quantity = self.quantity(path, chosen)
        return _Found(type_of(chosen), name, path=path, place=path, rows=rows, quantity=quantity, least=least)

    def quantity(self, path: str, chosen: FieldType) -> Quantity:
        """Return the quantity of a field for reasoning. For a field that consists of parts, only its presence
        matters."""
        optional = self.optional(path)
        if chosen.type == "list":
            return Quantity(path, "other", optional=optional, most=chosen.at_most)
        if chosen.parts:
            return Quantity(path, "other", optional=optional)
        kind, least = _KINDS[chosen.type]
        return Quantity(path, kind, optional=optional, least=least)

    def optional(self, path: str) -> frozenset[str]:
        fields: Mapping[str, FieldType] = self.fields
        found, here = [], ""
        for name in path.split("."):
            here = f"{here}.{name}" if here else name
            if fields[name].optional:
                found.append(here)
            fields = fields[name].parts
        return frozenset(found)

    def index(self, found: _Found, index: _Found, sign: _Token) -> _Found:
        if found.type.item is None or index.type is not INT:
            raise IllTyped("condition_bad_operation", "[", sign.column, type=str(found.type))
        raise IllTyped("condition_index_may_miss", "[", sign.column)

    def function(self, name: _Token) -> _Found:
        if name.text == "has":
            return self.has(name)
        if name.text == TODAY:
            raise IllTyped("condition_write", f"{TODAY}()", name.column, write=TODAY)
        start = self.at - 2
        argument = self.expression()
        self.expect(")")
        match name.text:
            case "size" if argument.type.item is not None or argument.type is STRING:
                return self.size(argument, name, start)
            case "sum" if argument.type.item in _NUMBERS:
                self.loops.append(Loop(argument.rows, _WORK_OF_NUMBER))
                number = Quantity(self.written(start), "number", "result", least=argument.least)
                reach = argument.reach * self.rows_of(argument)
                return _Found(DOUBLE, name, quantity=number, least=argument.least, reach=reach)
            case "count" if argument.type.item is BOOL:
                self.loops.append(Loop(argument.rows, _WORK_OF_NUMBER))
                return _Found(
                    INT, name, quantity=Quantity(self.written(start), "whole", "result", least=0), least=0
                )
            case "lower" if argument.type is STRING:
                self.heavy += _WORK_OF_TEXT
                whole = argument.quantity
                letters = Quantity(whole.path, "text", "lower", whole.optional) if whole else None
                return _Found(STRING, name, quantity=letters, is_lower=True)
            case "days" if type(argument.literal) is int and abs(argument.literal) <= _MOST_DAYS:
                return _Found(DURATION, name, span=timedelta(days=argument.literal))
            case "double" if argument.type in _NUMBERS:
                return _Found(DOUBLE, name, reach=_reach(argument))
            case "int" if argument.type in _NUMBERS:
                return _Found(INT, name, reach=self.is_whole(_rounded(argument), name))
            case "string" if argument.type in _ORDERED:
                result = STRING
            case "timestamp" | "duration" if argument.type is STRING and isinstance(argument.literal, str):
                result = TIMESTAMP if name.text == "timestamp" else DURATION
                if not _MOMENTS[name.text].fullmatch(argument.literal):
                    raise IllTyped("condition_bad_literal", argument.literal, argument.token.column)
                moment = _moment(argument.literal) if result is TIMESTAMP else None
                span = _span(argument.literal) if result is DURATION else None
                if moment is None and span is None:
                    code = "condition_no_such_moment"
                    self.reading.faults.append(IllTyped(code, argument.literal, argument.token.column))
                return _Found(result, name, literal=moment, span=span)
            case "days" if argument.type is INT:
                raise IllTyped("condition_days", argument.token.text, argument.token.column, most=_MOST_DAYS)
            case (
                "size"
                | "sum"
                | "count"
                | "lower"
                | "days"
                | "double"
                | "int"
                | "string"
                | "timestamp"
                | "duration"
            ):
                raise IllTyped("condition_bad_operation", name.text, name.column, type=str(argument.type))
            case _:
                raise IllTyped("condition_unknown_function", name.text, name.column)
        return _Found(result, name)

    def rows_of(self, found: _Found) -> int:
        """Return how many rows a list has at most."""
        if not isinstance(found.rows, str):
            return MOST_VALUES if found.rows is None else found.rows
        return self.sizes()[found.rows].rows

    def size(self, of: _Found, name: _Token, start: int) -> _Found:
        """Parse the size of a text, of a list of the subject, or of a list that a macro made."""
        quantity = _size_of(of)
        if quantity is None and of.type.item is not None:
            quantity = Quantity(self.written(start), "whole", "result", least=0)
        return _Found(INT, name, quantity=quantity, least=0)

    def has(self, name: _Token) -> _Found:
        unguarded = set(self.reading.unguarded)
        argument = self.nested(self.member)
        self.expect(")")
        if not argument.path or argument.quantity is None:
            raise IllTyped("condition_bad_operation", "has", name.column, type=str(argument.type))
        # has() itself guards the field, but the records that contain the field must be present.
        if argument.path not in unguarded:
            self.reading.unguarded.discard(argument.path)
        formula = Property(argument.quantity, "has")
        return _Found(BOOL, name, if_true=frozenset({argument.path}), formula=formula)

    def method(self, found: _Found, name: _Token) -> _Found:
        if found.path:
            self.reading.paths.add(found.path)
        start = self.tokens.index(found.token)
        if name.text in _MACROS and found.type.item is not None:
            return self.macro(found, name)
        if name.text == "size" and (found.type.item is not None or found.type is STRING):
            self.expect(")")
            return self.size(found, name, start)
        if name.text in _TEXT_METHODS and found.type is STRING:
            argument = self.expression()
            self.expect(")")
            self.demand(argument, STRING)
            if name.text == "matches":
                self.heavy += _WORK_OF_PATTERN
                if not isinstance(argument.literal, str):
                    raise IllTyped("condition_bad_literal", argument.token.text, argument.token.column)
                self.reading.patterns.append((argument.literal, argument.token.column))
            else:
                self.must_be_lower(found, argument)
            quantity = _compared(found)
            if name.text == "startsWith" and quantity is not None and argument.is_literal:
                return _Found(BOOL, name, formula=Property(quantity, "startsWith", argument.literal))
            return _Found(BOOL, name)
        raise IllTyped("condition_unknown_function", name.text, name.column)

    def macro(self, found: _Found, name: _Token) -> _Found:
        item = self.name()
        beside = self.roots.pop(item.text, None) if item.text != self.root else None
        if item.text in self.names and item.text != TODAY and beside is None:
            raise IllTyped("condition_name_taken", item.text, item.column)
        self.expect(",")
        assert found.type.item is not None
        if found.type.mixed:
            self.differ(found, INT, DOUBLE)
        outside = (self.names.get(item.text), self.places.get(item.text), self.knows_today)
        outside_reach = self.reaches.get(item.text, _REACH_OF_FIELD)
        self.names[item.text], self.places[item.text] = found.type.item, found.place
        self.reaches[item.text] = found.reach
        self.knows_today = self.knows_today and item.text != TODAY
        around, self.loops, start, self.heavy = (self.loops, self.heavy), [], self.at, 0
        body = self.expression()
        work, inner = _WORK_OF_ROW + self.at - start + self.heavy, tuple(self.loops)
        self.loops, self.heavy = around
        self.expect(")")
        del self.names[item.text], self.places[item.text]
        self.reaches[item.text] = outside_reach
        if outside[0] is not None:
            self.names[item.text], self.places[item.text], self.knows_today = outside[0], *outside[1:]
        if beside is not None:
            self.roots[item.text] = beside
        if name.text == "map":
            self.loops.append(
                Loop(found.rows, work, inner, CollectedValues(body.place, body.type.item is not None))
            )
            kind = Type("list", item=body.type)
            reach = _reach(body)
            return _Found(kind, found.token, place=body.place, rows=found.rows, least=body.least, reach=reach)
        self.demand(body, BOOL)
        if name.text != "filter":
            self.loops.append(Loop(found.rows, work, inner))
            return _Found(BOOL, name)
        self.loops.append(Loop(found.rows, work, inner, CollectedValues(found.place, is_list=False)))
        return _Found(
            found.type,
            found.token,
            place=found.place,
            rows=found.rows,
            least=found.least,
            reach=found.reach,
        )

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
            kinds = (left.type, right.type)
            is_of_date = TIMESTAMP in kinds and any(kind in _WRITTEN for kind in kinds)
            raise IllTyped(
                "condition_date" if is_of_date else "condition_types_differ",
                right.token.text,
                right.token.column,
                left=str(left.type),
                right=str(right.type),
            )

    def is_of_one_type(self, found: Sequence[_Found]) -> None:
        """Note a fault if alternatives differ in type: a whole number and a decimal can be compared, but not
        calculated with."""
        first = next((one for one in found if not _is_of_unknown(one.type)), None)
        for other in found:
            if first is not None and not _is_of_unknown(other.type) and not _alike(first.type, other.type):
                self.differ(other, first.type, other.type)

    def differ(self, near: _Found, left: Type, right: Type) -> None:
        text, at = near.token.text, near.token.column
        if _holds_records(left):
            fault = IllTyped("condition_records_differ", text, at)
        else:
            fault = IllTyped("condition_types_differ", text, at, left=str(left), right=str(right))
        self.reading.faults.append(fault)

    def must_be_lower(self, text: _Found, written: _Found) -> None:
        """Note a fault if a text in lower case is compared with a literal that has capital letters, since the
        two can never be equal."""
        literals = written.literal if isinstance(written.literal, tuple) else (written.literal,)
        for literal in literals if text.is_lower else ():
            if isinstance(literal, str) and literal != literal.lower():
                at, code = written.token.column, "condition_wants_lower_case"
                self.reading.faults.append(IllTyped(code, literal, at, write=literal.lower()))

    def opaque(self, start: int) -> Opaque:
        """Return what has been parsed since the token `start`, as an opaque part of a formula."""
        return Opaque(self.written(start))

    def written(self, start: int) -> str:
        """Return the text of what has been parsed since the token `start`, with normalised spaces."""
        return " ".join(token.text for token in self.tokens[start : self.at])


_KINDS: Final[dict[str, tuple[Any, int | None]]] = {
    "text": ("text", None),
    "flag": ("flag", None),
    "whole": ("whole", None),
    "number": ("number", None),
    "money": ("number", 0),
    "date": ("date", None),
}
"""For each type of field, the kind of its quantity for reasoning, and its least value."""


def _compared(found: _Found) -> Quantity | None:
    """Return the quantity, if it has values that can be compared."""
    return found.quantity if found.quantity is not None and found.quantity.kind != "other" else None


def _is_not_below_zero(found: _Found) -> bool:
    literal = found.literal
    return found.least == 0 or (isinstance(literal, int | float) and literal >= 0)


_NO_TIME: Final = timedelta()


def _days_to(found: _Found) -> Quantity | None:
    """Return the number of days from today to a date field, as a quantity, or None for anything else."""
    whole = found.quantity
    if whole is None or whole.kind != "date" or whole.of != "value":
        return None
    return Quantity(whole.path, "whole", "days", whole.optional)


def _in_days(span: timedelta) -> Decimal:
    return Decimal(span // _SMALLEST) / (timedelta(days=1) // _SMALLEST)


_SMALLEST: Final = timedelta(microseconds=1)


def _size_of(found: _Found) -> Quantity | None:
    """Return the number of rows in a list of the subject, as a quantity, or None for anything else."""
    whole = found.quantity
    if whole is None or found.type.item is None:
        return None
    return Quantity(whole.path, "whole", "size", whole.optional, least=0, most=whole.most)


def _yes(found: _Found) -> Formula:
    assert found.quantity is not None
    return Property(found.quantity, "==", True)


_FLIPPED: Final[dict[str, Sign]] = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def _comparison(left: _Found, right: _Found, sign: str) -> Formula | None:
    """Return a comparison as a formula if it compares a quantity with a literal, or two bools. Return None
    for any other comparison."""
    seen_from_left, seen_from_right = _FLIPPED[_FLIPPED[sign]], _FLIPPED[sign]
    for some, fixed, seen in ((left, right, seen_from_left), (right, left, seen_from_right)):
        if (days := _days_to(some)) is not None and fixed.after_today is not None:
            return Property(days, seen, _in_days(fixed.after_today))
        if some.type is DURATION and some.quantity is not None and fixed.span is not None:
            return Property(some.quantity, seen, _in_days(fixed.span))
        if (quantity := _compared(some)) is not None and fixed.is_literal:
            return Property(quantity, seen, _exact(fixed.literal))
    if left.formula is not None and right.formula is not None and sign in ("==", "!="):
        one, other = left.formula, right.formula
        same = Some((All((one, other)), All((Not(one), Not(other)))))
        return same if sign == "==" else Not(same)
    return None


def _exact(literal: object) -> object:
    """Return a number as the Decimal that is written, rather than as the nearest double."""
    is_number = isinstance(literal, int | float) and not isinstance(literal, bool)
    return Decimal(str(literal)) if is_number else literal


_THOUSANDS: Final = re.compile(r"[1-9]\d{0,2}\.\d{3}")
"""A number with three digits after the point, which an Italian reader takes for thousands."""
_ESCAPES: Final = re.compile(
    r"""(?:[^\\]|\\(?:[\\"'abfnrtv]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[0-3][0-7]{2}))*"""
)


def _text_of(token: _Token) -> str:
    """Return the text of a string literal. The escapes of CEL have the same meaning in Python, and an escape
    that CEL does not have fails when it is compiled."""
    if "\\" in token.text and _ESCAPES.fullmatch(token.text):
        return str(literal_eval(token.text))
    return token.text[1:-1]


def _moment(text: str) -> datetime | None:
    """Read a timestamp. Return None if it is not in the calendar, or so far away that it must be a
    mistake."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if 1900 <= moment.year <= 2999 else None


_MOMENTS: Final = {
    "timestamp": re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})"),
    "duration": re.compile(r"-?(\d+(\.\d+)?(h|m|s|ms))+"),
}


_LENGTHS: Final = {"h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}


def _span(text: str) -> timedelta | None:
    """Read a duration as described by `_MOMENTS`. Return None if it is so long that it must be a mistake."""
    lengths = re.findall(r"(\d+(?:\.\d+)?)(h|ms|m|s)", text)
    whole = sum(Decimal(count) * _LENGTHS[unit] for count, unit in lengths)
    if whole > _LONGEST_SPAN // timedelta(milliseconds=1):
        return None
    return timedelta(milliseconds=float(whole)) * (-1 if text.startswith("-") else 1)


def _reach(found: _Found) -> int:
    literal = found.literal
    return found.reach if not isinstance(literal, int | float) else _far(literal)


def _far(number: float) -> int:
    """Return how far a number, which may be infinite, is from zero."""
    return abs(number) if isinstance(number, int) else ceil(min(abs(number), _FURTHEST))


_FURTHEST: Final = 1e300


def _rounded(found: _Found) -> int:
    """Return how far from zero a number may be once it is computed: doubles lose the last of seventeen
    digits."""
    reach = _reach(found)
    return reach + reach // 10**12 if found.type is DOUBLE else reach


def _is_of_unknown(kind: Type) -> bool:
    """Tell whether this is the unknown item of an empty list, or a list of such."""
    return kind is UNKNOWN or (kind.item is not None and _is_of_unknown(kind.item))


def _alike(left: Type, right: Type) -> bool:
    """Tell whether a condition may use values of both types in the same way: their fields have the same names
    and types, and may be absent in both or in neither. Amounts and numbers are different types, because only
    numbers may be below zero. What else is declared for a field, such as a privilege, does not matter."""
    if UNKNOWN in (left, right):
        return True
    if left.item is not None and right.item is not None:
        return _alike(left.item, right.item)
    if left.fields is None or right.fields is None:
        return left.name == right.name
    return left.fields.keys() == right.fields.keys() and all(
        one.optional == other.optional
        and (one.of or one.type) == (other.of or other.type)
        and _alike(type_of(one), type_of(other))
        for one, other in ((field, right.fields[name]) for name, field in left.fields.items())
    )


def _holds_records(kind: Type) -> bool:
    return kind.fields is not None or (kind.item is not None and _holds_records(kind.item))


def _first_known(kinds: Sequence[Type]) -> Type:
    """Return the first type that is not that of an empty list, or the first of all if there is none."""
    return next((kind for kind in kinds if not _is_of_unknown(kind)), kinds[0])


def _either(kinds: Sequence[Type]) -> Type:
    """Return the type of a value that may be of any of these types: the first that is known, mixed where one
    of them is."""
    first = _first_known(kinds)
    if first.item is None:
        return first
    item = _either([kind.item for kind in kinds if kind.item is not None])
    return replace(first, item=item, mixed=any(kind.mixed for kind in kinds))


def _comparable(left: Type, right: Type) -> bool:
    if left.item is not None and right.item is not None:
        return UNKNOWN in (left.item, right.item) or _comparable(left.item, right.item)
    return left.name == right.name or (left in _NUMBERS and right in _NUMBERS)
