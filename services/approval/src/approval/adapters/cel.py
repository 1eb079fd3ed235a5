"""Runs conditions with `common-expression-language`."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache
from types import ModuleType
from typing import Any

# The library would load its command line too: a tenth of a second and nine megabytes for nothing.
sys.modules.setdefault("cel.cli", ModuleType("cel.cli"))
import cel  # noqa: E402

from ..domain.conditions import Reading, read_condition  # noqa: E402
from ..domain.process import Predicate  # noqa: E402
from ..domain.subjects import Content, SubjectType  # noqa: E402


class CelConditions:
    """Implements `domain.conditions.Conditions`. Compiled expressions are kept, as processes share them."""

    def compile(self, expression: str, subject: SubjectType, known: Reading | None = None) -> Predicate:
        program = _program(expression)
        root = subject.key
        reading = known or read_condition(expression, subject)
        names = frozenset(path.partition(".")[0] for path in reading.paths)

        def holds(content: Content) -> bool:
            try:
                return program.execute({root: _native(subject.values(content, names))}) is True
            except (KeyError, TypeError, RuntimeError, OverflowError) as error:
                raise ValueError(f"{expression}: {error}") from error

        return holds


@lru_cache(maxsize=10_000)
def _program(expression: str) -> cel.Program:
    return cel.compile(expression)


def _native(value: Any) -> Any:
    """CEL has no decimals: amounts become doubles, which keep every cent up to 10¹³ euro apart."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {key: _native(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_native(inner) for inner in value]
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time(), UTC)
    return value
