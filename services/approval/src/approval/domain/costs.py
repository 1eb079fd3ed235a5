"""Estimates the most that evaluating a condition may cost, from the condition and the sizes of its subject.

A unit of work is one value that CEL copies while it goes through rows. It takes at most a fifth of a
microsecond.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from .subjects import MOST_VALUES, Content, FieldType, SubjectType
from .values import value

MOST_WORK: Final = 500_000
"""The most work that all conditions of a process together may take for the largest subject: a tenth of a
second."""


@value
class Size:
    """The size of a list: the most rows that it has, and how many values one row holds."""

    rows: int
    weight: int


Sizes = Mapping[str, Size]
"""Sizes by the place in a subject, such as `righe.consegne`. A place that is not a list has one row."""


@value
class CollectedValues:
    """The values that a loop adds to a new list, one for each row."""

    place: str | None
    """The place of these values in the subject, or None if they are computed from something else."""
    is_list: bool


@value
class Loop:
    """Work that a condition does for each row of a list."""

    rows: str | int | None
    """The path of a list of the subject, or the number of rows, or None if this is not known."""
    work: int
    """The work for one row, without inner loops."""
    inner: tuple[Loop, ...] = ()
    collects: CollectedValues | None = None
    """What each row adds to a new list, if the loop builds one. For each row CEL copies all that the list
    holds so far."""


def declared_sizes(subject: SubjectType) -> Sizes:
    """Return the largest sizes that a subject of the type may have."""
    sizes: dict[str, Size] = {}
    for name, field in subject.fields.items():
        _weight(field, name, sizes)
    return sizes


def _weight(field: FieldType, path: str, sizes: dict[str, Size]) -> int:
    row = 1 + sum(_weight(part, f"{path}.{name}", sizes) for name, part in field.parts.items())
    rows = field.at_most if field.type == "list" else 1
    sizes[path] = Size(rows, row)
    return 1 + rows * row if field.type == "list" else row


def sizes_of(content: Content) -> Sizes:
    """Return the sizes of one subject's content, whatever its type declares."""
    sizes: dict[str, Size] = {}
    for name, raw in content.items():
        _measure(raw, name, sizes)
    return sizes


def _measure(raw: Any, path: str, sizes: dict[str, Size]) -> int:
    rows = raw if isinstance(raw, list) else [raw]
    weights = [
        1 + sum(_measure(part, f"{path}.{name}", sizes) for name, part in row.items())
        if isinstance(row, Mapping)
        else 1
        for row in rows
    ]
    known = sizes.get(path, Size(0, 1))
    sizes[path] = Size(max(known.rows, len(rows)), max(known.weight, *weights, 1))
    return 1 + sum(weights)


def work_of(loops: Sequence[Loop], sizes: Sizes) -> int:
    """Return the most work that the loops may take, one after the other."""
    return sum(_works(loops, sizes, 1, None))


def _works(loops: Sequence[Loop], sizes: Sizes, times: int, within: str | None) -> Iterator[int]:
    """Yield the work of each loop. The loops are carried out `times` times. `within` is the path of the list
    around them, if each of its rows is visited once."""
    for loop in loops:
        path = loop.rows if isinstance(loop.rows, str) else None
        size = _size_of(loop, sizes)
        rows = times * size.rows
        each_once = path is not None and (
            times == 1 or (within is not None and path.startswith(f"{within}."))
        )
        if each_once:
            # A subject holds no more than `MOST_VALUES` values, however they are spread over lists.
            rows = min(rows, max(1, MOST_VALUES // size.weight))
        yield rows * (loop.work + size.weight)
        if loop.collects is not None:
            yield times * _collected(loop.collects, path, size, sizes) * size.rows // 2
        yield from _works(loop.inner, sizes, rows, path if each_once else None)


def _collected(what: CollectedValues, path: str | None, size: Size, sizes: Sizes) -> int:
    """Return how many values all rows together add to the new list."""
    place = sizes.get(what.place) if what.place is not None else None
    if place is None:
        return size.rows * (_UNKNOWN if what.is_list else 1)
    values = size.rows * place.weight * (place.rows if what.is_list else 1)
    of_rows = path is not None and f"{what.place}.".startswith(f"{path}.")
    return min(values, MOST_VALUES) if of_rows else values


_UNKNOWN: Final = 1000


def _size_of(loop: Loop, sizes: Sizes) -> Size:
    if isinstance(loop.rows, int):
        return Size(loop.rows, 1)
    return sizes.get(loop.rows, Size(0, 1)) if loop.rows is not None else Size(MOST_VALUES, 1)
