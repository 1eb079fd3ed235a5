"""Runs conditions with `common-expression-language`."""

from __future__ import annotations

import operator
import sys
from collections import deque
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from types import ModuleType
from typing import Any, Final

# Keep the library from loading its command line, which costs a tenth of a second and nine megabytes.
sys.modules.setdefault("cel.cli", ModuleType("cel.cli"))
import cel  # noqa: E402

from ..domain.conditions import DECIMAL, TODAY, Reading, read_condition  # noqa: E402
from ..domain.costs import MOST_WORK, sizes_of, work_of  # noqa: E402
from ..domain.process import Predicate  # noqa: E402
from ..domain.subjects import DatedContent, SubjectType  # noqa: E402


class CelConditions:
    """Implements `domain.conditions.Conditions`. Compiled expressions are cached, since processes share them.
    The last contents are cached too, in CEL's types, since many conditions are evaluated for one content, and
    other contents come in between. Not thread-safe."""

    def __init__(self) -> None:
        self._seen: deque[tuple[SubjectType, DatedContent, dict[frozenset[str], _Values]]] = deque(
            maxlen=_CONTENTS
        )

    def compile(
        self, expression: str, subject: SubjectType, known: Reading | None = None, *, exact: bool = True
    ) -> Predicate:
        reading = known or read_condition(expression, subject, exact=exact)
        program = _program(reading.program)
        names = frozenset(path.partition(".")[0] for path in reading.paths)
        large = frozenset(name for name in names if subject.fields[name].type in _LARGE)

        def holds(dated: DatedContent) -> bool:
            values = self._values(subject, dated, names, large)
            if reading.loops and work_of(reading.loops, values.sizes) > MOST_WORK:
                raise ValueError(f"{expression}: too much work for this subject")
            if not names.isdisjoint(values.mistyped):
                raise ValueError(f"{expression}: mistyped {sorted(names & values.mistyped)}")
            try:
                answer = program.execute(values.context)
            except Exception as error:
                # The library raises the same errors as Python: ZeroDivisionError, KeyError, RuntimeError …
                raise ValueError(f"{expression}: {error}") from error
            if not isinstance(answer, bool):
                raise ValueError(f"{expression}: {answer!r} is no yes or no")
            return answer

        return holds

    def accepts_pattern(self, pattern: str) -> bool:
        try:
            _PATTERN.execute(cel.Context(variables={"pattern": pattern}))
        except RuntimeError:
            return False
        return True

    def _values(
        self, subject: SubjectType, dated: DatedContent, names: frozenset[str], large: frozenset[str]
    ) -> _Values:
        """Return the values of the given fields in CEL's types, from the cache if possible. Small fields that
        were converted before are included. Together with a large field all small fields are converted, so
        that the large one need not be converted again for them."""
        kept = next(
            (
                values
                for of, known, values in self._seen
                if of is subject and known.content is dated.content and known.today == dated.today
            ),
            None,
        )
        if kept is None:
            kept = {}
            self._seen.appendleft((subject, dated, kept))
        values = kept.get(large)
        if values is None or not names <= values.names:
            before = frozenset[str]() if values is None else values.names
            small = (name for name, field in subject.fields.items() if field.type not in _LARGE)
            taken = large.union(small) if large else names | before
            values = kept[large] = _Values(subject, dated, taken, large)
        return values


_CONTENTS: Final = 8
"""How many contents are cached: about as many as are judged at the same time, one for each tenant. They take
a few megabytes at most."""


_LARGE: Final = ("list", "record")
"""The types of fields that take long to convert."""

_PATTERN: Final = cel.compile("''.matches(pattern)")


class _Values:
    __slots__ = ("context", "mistyped", "names", "sizes")

    def __init__(
        self, subject: SubjectType, dated: DatedContent, names: frozenset[str], large: frozenset[str]
    ) -> None:
        native: dict[str, Any] = {}
        content = dated.content
        self.names = names
        self.mistyped: set[str] = set()
        for name in names:
            if content.get(name) is None:
                continue
            try:
                native[name] = _native(subject.value_of(name, content[name]))
            except ValueError:
                self.mistyped.add(name)
        self.sizes = sizes_of({name: content[name] for name in large if name in content})
        # A subject type may be called `today` too, as was possible before the language had the day.
        today = {} if dated.today is None else {TODAY: _native(dated.today)}
        beside = {name: native.get(field, {}) for name, field in subject.beside.items()}
        self.context = cel.Context(variables=today | beside | {subject.key: native})
        for name, function in FUNCTIONS.items():
            self.context.add_function(name, function)


@lru_cache(maxsize=10_000)
def _program(expression: str) -> cel.Program:
    return cel.compile(expression)


def _sum(numbers: list[int] | list[float]) -> float:
    """Add numbers as decimals, so that cents add up exactly."""
    return float(sum(Decimal(repr(number)) for number in numbers))


def _in_decimals(reckon: Callable[[Decimal, Decimal], Decimal]) -> Callable[[float, float], float]:
    """Return a function that computes with the decimal digits of two doubles, so that 0.3 - 0.1 is 0.2."""
    return lambda left, right: float(reckon(Decimal(repr(left)), Decimal(repr(right))))


FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "sum": _sum,
    "count": lambda answers: answers.count(True),
    "lower": str.lower,
    "days": lambda count: timedelta(days=count),
    DECIMAL["+"]: _in_decimals(operator.add),
    DECIMAL["-"]: _in_decimals(operator.sub),
    DECIMAL["*"]: _in_decimals(operator.mul),
    DECIMAL["/"]: _in_decimals(operator.truediv),
}
"""The functions that the language has in addition to the library's, as `domain.conditions` reads them."""


def _native(value: Any) -> Any:
    """Convert a value to a type that CEL has. CEL has no decimals, so amounts become doubles, which are exact
    to the cent up to 10¹³ euro. Arithmetic on them is done with decimals."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {key: _native(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_native(inner) for inner in value]
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time(), UTC)
    return value
