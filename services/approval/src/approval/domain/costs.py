"""What evaluating a condition may cost: known from the condition and the sizes that its subject may have.

One unit of work takes at most a fifth of a microsecond: a value that CEL copies on going through rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from .subjects import MOST_VALUES, Content, FieldType, SubjectType
from .values import value

MOST_WORK: Final = 500_000
"""What all conditions of a process may take together for the largest subject: a tenth of a second."""


@value
class Size:
    """Of a list: how many rows it has at most, and how many values one of them holds."""

    rows: int
    weight: int


Sizes = Mapping[str, Size]
"""By the place in a subject, such as `righe.consegne`. What is no list has one row."""


@value
class Collected:
    place: str | None
    """Where in a subject it stands; None: it is made of something else."""
    is_list: bool


@value
class Loop:
    """Something done for each row of a list."""

    rows: str | int | None
    """The path of a list of the subject, or the number of rows; None where that isn't known."""
    work: int
    """What is done for one row, inner loops aside."""
    inner: tuple[Loop, ...] = ()
    collects: Collected | None = None
    """What a row adds to a list that is made anew: CEL copies all that it has so far each time."""


def declared_sizes(subject: SubjectType) -> Sizes:
    """The largest that a subject of the type may have."""
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
    """Those of one subject, whatever is declared."""
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
    """What the loops take at most, one after the other."""
    return sum(_works(loops, sizes, 1, None))


def _works(loops: Sequence[Loop], sizes: Sizes, times: int, within: str | None) -> Iterator[int]:
    """`within`: the list whose rows are gone through, each once."""
    for loop in loops:
        path = loop.rows if isinstance(loop.rows, str) else None
        size = _size_of(loop, sizes)
        rows = times * size.rows
        each_once = path is not None and (
            times == 1 or (within is not None and path.startswith(f"{within}."))
        )
        if each_once:
            # However the rows lie in lists, a subject holds no more values.
            rows = min(rows, max(1, MOST_VALUES // size.weight))
        yield rows * (loop.work + size.weight)
        if loop.collects is not None:
            yield times * _collected(loop.collects, path, size, sizes) * size.rows // 2
        yield from _works(loop.inner, sizes, rows, path if each_once else None)


def _collected(what: Collected, path: str | None, size: Size, sizes: Sizes) -> int:
    """The values of all rows together."""
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
