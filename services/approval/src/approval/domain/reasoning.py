"""Reasons about conditions for all subjects at once: whether some subject gives them the wanted answers, or
none does.

A condition is a formula over properties of single quantities, such as a field or the size of a list. A
property compares its quantity with literals. No property distinguishes two values between the same literals,
so a few cells stand for all values, and trying all cells is a proof. Everything else in a condition is
opaque: it may be true or false, and has the same answer wherever the same text occurs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from math import floor
from typing import Any, Final, Literal

from .values import value


@dataclass(slots=True)
class Effort:
    """How many properties may still be evaluated. What would take more is not proven. The default takes about
    half a second, and one question takes no more than a tenth of that."""

    left: int = 200_000
    most: int = 20_000


@dataclass(frozen=True, slots=True)
class Quantity:
    """The quantity that a property is about. While it is absent, none of its properties but `has` can be
    decided."""

    path: str
    """The path of a field, or the text of an expression that is computed from several fields."""
    kind: Literal["number", "whole", "text", "date", "flag", "other"]
    of: Literal["value", "size", "days", "lower", "result"] = "value"
    """Which quantity of the field is meant: its value, its size, the days from today to it, or its text in
    lower case. `result` is the result of an expression."""
    optional: frozenset[str] = frozenset()
    """The paths, of the field itself or of what contains it, that may be absent."""
    least: int | None = None
    most: int | None = None

    @property
    def depends(self) -> bool:
        """Whether the quantity follows from other quantities. Its value can't be chosen freely for an
        example."""
        return self.of not in ("value", "size")

    def __str__(self) -> str:
        return self.path if self.of == "value" else f"size({self.path})"


Sign = Literal["==", "!=", "<", "<=", ">", ">=", "in", "startsWith", "has"]


@value
class Property:
    quantity: Quantity
    sign: Sign
    literal: Any = None
    """A Decimal, a text, a moment or a bool, or for `in` a tuple of them."""


@value
class Opaque:
    text: str


@value
class Not:
    part: Formula


@value
class All:
    parts: tuple[Formula, ...]


@value
class Some:
    parts: tuple[Formula, ...]


@value
class If:
    asked: Formula
    then: Formula
    otherwise: Formula


Formula = Property | Opaque | Not | All | Some | If | bool
Answer = bool | None
"""The result of a condition. None if it can't be decided, because a field is absent."""


@value
class Goal:
    """A formula, and the answers that a subject is wanted to give."""

    formula: Formula
    answers: frozenset[Answer]


@value
class Verdict:
    """Whether some subject gives all the wanted answers. `perhaps` means that neither could be proven."""

    possible: Literal["never", "perhaps", "surely"]
    example: Mapping[str, Any]
    """The values of such a subject, by quantity. None stands for an absent value."""


def is_possible(wanted: Sequence[Goal], present: frozenset[str], effort: Effort) -> Verdict:
    """Find out whether some subject gives every formula a wanted answer. The paths in `present` have a
    value."""
    search = _Search(wanted, present, min(effort.left, effort.most))
    given = search.left
    try:
        if search.found({}, free=True) is None:
            return Verdict("never", {})
        found = search.found({}, free=False)
    except _TooMuch:
        return Verdict("perhaps", {})
    finally:
        effort.left -= given - search.left
    return Verdict("perhaps", {}) if found is None else Verdict("surely", found)


# -- cells: sets of values that no property distinguishes


@value
class _Cell:
    """A set of values that no property distinguishes: one value if `low` equals `high`, otherwise all values
    between the two, without them. None means that there is no bound on that side."""

    low: Any
    high: Any

    @property
    def is_point(self) -> bool:
        return self.low is not None and self.low == self.high


_ABSENT: Final = _Cell(None, None)
"""The cell of an absent field whose containing record is present."""
_NOWHERE: Final = _Cell(None, None)
"""The cell of a field whose containing record is absent. Not even `has` can be decided then."""


def _cells(quantity: Quantity, properties: Sequence[Property], present: frozenset[str]) -> list[_Cell]:
    ends = sorted(
        set(_ends(properties)) | {Decimal(n) for n in (quantity.least, quantity.most) if n is not None}
    )
    cells: list[_Cell]
    if quantity.kind == "flag":
        cells = [_Cell(True, True), _Cell(False, False)]
    elif quantity.kind == "other" or not ends:
        cells = [_Cell(None, None)]
    else:
        cells = [_Cell(None, ends[0])]
        for index, end in enumerate(ends):
            cells += [_Cell(end, end), _Cell(end, ends[index + 1] if index + 1 < len(ends) else None)]
    cells = [cell for cell in cells if _is_inhabited(cell, quantity)]
    absent = quantity.optional - present
    if quantity.path in absent:
        cells.append(_ABSENT)
    return [*cells, _NOWHERE] if absent - {quantity.path} else cells


def _ends(properties: Sequence[Property]) -> Iterator[Any]:
    for one in properties:
        if one.sign == "in":
            yield from one.literal
        elif one.sign == "startsWith":
            yield one.literal
            if (following := _after_all_with(one.literal)) is not None:
                yield following
        elif one.sign != "has":
            yield one.literal


def _is_inhabited(cell: _Cell, quantity: Quantity) -> bool:
    """Tell whether the quantity can have a value in the cell."""
    low, high = cell.low, cell.high
    if quantity.least is not None and high is not None and (high < quantity.least):
        return False
    if quantity.most is not None and low is not None and low > quantity.most:
        return False
    if cell.is_point:
        if quantity.kind == "whole":
            return bool(low == floor(low))
        return quantity.kind != "date" or low == _midnight(low)
    if quantity.least is not None and high is not None and high <= quantity.least:
        return False
    if quantity.most is not None and low is not None and low >= quantity.most:
        return False
    if low is None or high is None:
        return not (quantity.kind == "text" and high == "")
    match quantity.kind:
        case "whole":
            return bool(floor(low) + 1 < high)
        case "date":
            return bool(_midnight(low) + timedelta(days=1) < high)
        case "text":
            return bool(high != low + "\x00")
    return True


def _midnight(moment: datetime) -> datetime:
    return datetime.combine(moment.astimezone(UTC).date(), time(), UTC)


def _after_all_with(start: str) -> str | None:
    """Return the first text that comes after all texts beginning with `start`, or None if there is none."""
    head = start.rstrip("\U0010ffff")
    if not head:
        return None
    following = ord(head[-1]) + 1
    return head[:-1] + chr(0xE000 if following == 0xD800 else following)


def _sample(cell: _Cell, quantity: Quantity) -> Any:
    """Return a value in the cell that is as simple as possible."""
    low, high = cell.low, cell.high
    if cell is _ABSENT:
        return None
    if cell.is_point:
        return low
    match quantity.kind:
        case "text":
            texts = ["A", "", *(low + more for more in ("z", " ", "\x01") if low is not None)]
            return next(
                text for text in texts if (low is None or text > low) and (high is None or text < high)
            )
        case "date":
            if low is None:
                return _midnight(high - timedelta(days=1)) if high is not None else _midnight(_SOME_DAY)
            return _midnight(low) + timedelta(days=1)
        case "number" | "whole":
            if low is None:
                return Decimal(0) if high is None else Decimal(floor(high) - 1)
            if high is None or floor(low) + 1 < high:
                return Decimal(floor(low) + 1)
            return (low + high) / 2
    return "…"


_SOME_DAY: Final = datetime(2026, 1, 1, tzinfo=UTC)


def _answer_of(one: Property, cell: _Cell) -> Answer:
    """Return the property's answer for the cell. It is the same for every value of the cell, since the
    property's literals are bounds of cells."""
    if _is_missing(cell):
        return False if one.sign == "has" and cell is _ABSENT else None
    literal = one.literal
    match one.sign:
        case "has":
            return True
        case "in":
            return any(_side(cell, each) == 0 for each in literal)
        case "startsWith":
            following = _after_all_with(literal)
            return _side(cell, literal) >= 0 and (following is None or _side(cell, following) < 0)
        case "==":
            return _side(cell, literal) == 0
        case "!=":
            return _side(cell, literal) != 0
        case "<":
            return _side(cell, literal) < 0
        case "<=":
            return _side(cell, literal) <= 0
        case ">":
            return _side(cell, literal) > 0
        case ">=":
            return _side(cell, literal) >= 0


def _side(cell: _Cell, literal: Any) -> int:
    """Return -1, 0 or 1: whether the cell lies before, at or after the literal."""
    if cell.is_point:
        return int(cell.low > literal) - int(cell.low < literal)
    return -1 if cell.high is not None and cell.high <= literal else 1


# -- looking for a subject


class _TooMuch(Exception):
    pass


class _Search:
    def __init__(self, wanted: Sequence[Goal], present: frozenset[str], effort: int) -> None:
        self.left = effort
        self.wanted = [(each.formula, _mask(each.answers)) for each in wanted]
        self.leaves = [list(dict.fromkeys(_leaves(each.formula))) for each in wanted]
        self.size = sum(1 for each in wanted for _ in _leaves(each.formula))
        properties: dict[Quantity, list[Property]] = {}
        for each in wanted:
            for one in _properties(each.formula):
                properties.setdefault(one.quantity, []).append(one)
        self.cells = {quantity: _cells(quantity, ones, present) for quantity, ones in properties.items()}
        self.open = {
            id(one): _mask(_answer_of(one, cell) for cell in self.cells[quantity])
            for quantity, ones in properties.items()
            for one in ones
        }
        """The answers that each property can have, over all cells of its quantity."""

    def found(self, chosen: dict[Quantity | str, _Cell], *, free: bool) -> dict[str, Any] | None:
        """Return a subject that gives every wanted answer, or None if there is none. If `free`, the search
        also chooses the answers of opaque texts and the values of quantities that depend on others. Otherwise
        no answer may depend on these."""
        if self.left < self.size:
            raise _TooMuch
        self.left -= self.size
        left: list[Quantity | str] = []
        for (formula, wanted), leaves in zip(self.wanted, self.leaves, strict=True):
            answers = self.answers(formula, chosen)
            if not answers & wanted:
                return None
            if answers & ~wanted:
                left += [leaf for leaf in leaves if leaf not in chosen]
        if not left:
            quantities = ((q, cell) for q, cell in chosen.items() if isinstance(q, Quantity))
            return {str(q): _sample(cell, q) for q, cell in quantities if cell is not _NOWHERE}
        # Choose fields first: opaque texts and dependent quantities matter only if fields leave a question.
        following = min(left, key=_binds)
        if _binds(following) and not free:
            return None
        for cell in _YES_OR_NO if isinstance(following, str) else self.cells[following]:
            if isinstance(following, str) or _fits(following, cell, chosen):
                found = self.found({**chosen, following: cell}, free=free)
                if found is not None:
                    return found
        return None

    def answers(self, formula: Formula, chosen: Mapping[Quantity | str, _Cell]) -> int:
        """Return, as bits, the answers that are still possible after the choices made so far, or a few too
        many. As in CEL, a part that can't be decided leaves the whole undecided unless the other parts decide
        it."""
        match formula:
            case bool():
                return _TRUE if formula else _FALSE
            case Property():
                cell = chosen.get(formula.quantity)
                return self.open[id(formula)] if cell is None else _mask((_answer_of(formula, cell),))
            case Opaque():
                cell = chosen.get(formula.text)
                return _TRUE | _FALSE if cell is None else _TRUE if cell.low else _FALSE
            case Not():
                return _opposite(self.answers(formula.part, chosen))
            case All():
                return _of_all([self.answers(part, chosen) for part in formula.parts])
            case If():
                asked = self.answers(formula.asked, chosen)
                then = self.answers(formula.then, chosen) if asked & _TRUE else 0
                otherwise = self.answers(formula.otherwise, chosen) if asked & _FALSE else 0
                return asked & _UNKNOWN | then | otherwise
            case Some():
                parts = [_opposite(self.answers(part, chosen)) for part in formula.parts]
                return _opposite(_of_all(parts))


def _binds(leaf: Quantity | str) -> int:
    """Return the rank in which the search chooses a leaf of a formula, which is a quantity or an opaque text:
    0 for a field, 1 for a quantity that depends on others, 2 for an opaque text. A search that is not free
    chooses only leaves of rank 0."""
    return 2 if isinstance(leaf, str) else int(leaf.depends)


_TRUE, _FALSE, _UNKNOWN = 1, 2, 4
"""The bits of a set of answers."""
_YES_OR_NO: Final = (_Cell(True, True), _Cell(False, False))


def _mask(answers: Iterable[Answer]) -> int:
    mask = 0
    for answer in answers:
        mask |= _UNKNOWN if answer is None else _TRUE if answer else _FALSE
    return mask


def _opposite(answers: int) -> int:
    return answers & _UNKNOWN | (answers & _TRUE) << 1 | (answers & _FALSE) >> 1


def _of_all(parts: Sequence[int]) -> int:
    answers, can_hold, can_be_unknown = 0, True, True
    some_unknown = False
    for part in parts:
        answers |= part & _FALSE
        can_hold = can_hold and bool(part & _TRUE)
        can_be_unknown = can_be_unknown and bool(part & (_TRUE | _UNKNOWN))
        some_unknown = some_unknown or bool(part & _UNKNOWN)
    return answers | (_TRUE if can_hold else 0) | (_UNKNOWN if can_be_unknown and some_unknown else 0)


def _fits(quantity: Quantity, cell: _Cell, chosen: Mapping[Quantity | str, _Cell]) -> bool:
    """Tell whether the cell agrees with the cells chosen so far: a field inside an absent record is absent
    too."""
    for other, its in chosen.items():
        if isinstance(other, str):
            continue
        if quantity.path == other.path:
            if (_is_missing(cell) or _is_missing(its)) and cell is not its:
                return False
        elif not (_may_hold(other, its, quantity, cell) and _may_hold(quantity, cell, other, its)):
            return False
    return True


def _may_hold(outer: Quantity, its: _Cell, inner: Quantity, cell: _Cell) -> bool:
    if not inner.path.startswith(f"{outer.path}."):
        return True
    if _is_missing(its):
        return cell is _NOWHERE
    between = [part for part in inner.optional if part.startswith(f"{outer.path}.") and part != inner.path]
    return cell is not _NOWHERE or bool(between)


def _is_missing(cell: _Cell) -> bool:
    return cell is _ABSENT or cell is _NOWHERE


def _leaves(formula: Formula) -> Iterator[Quantity | str]:
    match formula:
        case Property():
            yield formula.quantity
        case Opaque():
            yield formula.text
        case _:
            for part in _parts(formula):
                yield from _leaves(part)


def _properties(formula: Formula) -> Iterator[Property]:
    match formula:
        case Property():
            yield formula
        case _:
            for part in _parts(formula):
                yield from _properties(part)


def _parts(formula: Formula) -> Sequence[Formula]:
    match formula:
        case Not():
            return (formula.part,)
        case All() | Some():
            return formula.parts
        case If():
            return (formula.asked, formula.then, formula.otherwise)
    return ()
