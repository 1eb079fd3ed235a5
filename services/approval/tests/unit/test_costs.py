"""Whatever a condition goes through, what it takes is bounded before it runs."""

from __future__ import annotations

from typing import Any

import cel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from approval.adapters.cel import FUNCTIONS, CelConditions
from approval.domain.conditions import read_condition
from approval.domain.costs import MOST_WORK, declared_sizes, sizes_of, work_of
from approval.domain.subjects import MOST_VALUES, DatedContent, SubjectType

ROWS = SubjectType.model_validate(
    {
        "key": "o",
        "name": "O",
        "fields": {
            "righe": {
                "type": "list",
                "fields": {
                    "nome": {"type": "text"},
                    "costo": {"type": "money"},
                    "consegne": {"type": "list", "fields": {"pezzi": {"type": "number"}}},
                },
            },
            "note": {"type": "list", "of": "text"},
        },
    }
)


def subject(rows: int, inner: int, notes: int, number: type = str) -> dict[str, Any]:
    row = {"nome": "xyz", "costo": number(1), "consegne": [{"pezzi": number(2)}] * inner}
    return {"righe": [row] * rows, "note": ["abc"] * notes}


LISTS = {
    "o.righe": ("costo", "nome", "consegne"),
    "o.note": (),
}


@st.composite
def loops(draw: st.DrawFn, depth: int, rows_known: tuple[str, ...] = (), leaf: str = "{}") -> str:
    """A yes or no over rows, and rows of rows; `leaf` is put around what is asked of each."""
    name = "abcdef"[depth]
    over = draw(st.sampled_from((*LISTS, *(f"{each}.consegne" for each in rows_known))))
    inside = (*rows_known, name) if over == "o.righe" else rows_known
    leaves = [f'{name} == "z"' if over == "o.note" else f"size(o.note) + {depth} == 1", '"z" in o.note']
    if over == "o.righe":
        leaves += [f"sum({name}.consegne.map(n, n.pezzi)) > 5.0", f'lower({name}.nome) == "z"']
        leaves += [f"{name}.costo > 5.0", f'{name}.nome + {name}.nome == "z"', f'{name}.nome.matches("^z+$")']
    asked = st.sampled_from(leaves).map(leaf.format)
    body = draw(asked if depth >= 2 else asked | loops(depth + 1, inside, leaf))
    if depth < 2 and draw(st.booleans()):
        body = f"({body}) || ({draw(loops(depth + 1, inside, leaf))})"
    how = draw(st.sampled_from(("exists", "exists_one", "filter", "map")))
    found = f"{over}.{how}({name}, {body})"
    return f"size({found}) == 5000" if how in ("filter", "map") else found


@given(loops(0), st.integers(0, 12), st.integers(0, 6), st.integers(0, 30))
def test_what_is_declared_bounds_what_is_there(expression, rows, inner, notes):
    found = read_condition(expression, ROWS).loops
    assert work_of(found, sizes_of(subject(rows, inner, notes))) <= work_of(found, declared_sizes(ROWS))


@given(loops(0, leaf="looked_at({})"), st.integers(1, 40), st.integers(0, 30), st.integers(0, 40))
def test_work_bounds_what_is_evaluated(counted, rows, inner, notes):
    """Each look at a row is counted: there are never more than units of work."""
    content, looks = subject(rows, inner, notes, float), 0

    def looked_at(found: bool) -> bool:
        nonlocal looks
        looks += 1
        return found

    work = work_of(read_condition(counted.replace("looked_at", ""), ROWS).loops, sizes_of(content))
    if work <= MOST_WORK:
        context = cel.Context(variables={"o": content})
        context.add_function("looked_at", looked_at)
        for function, does in FUNCTIONS.items():
            context.add_function(function, does)
        cel.compile(counted).execute(context)
    assert looks <= work


def test_a_condition_of_before_ends_on_a_subject_of_today():
    """Published without bounds: what would take seconds is refused before it begins."""
    expression = "".join(f"o.righe.all({name}, " for name in "abcdef") + "true" + ")" * 6
    condition = CelConditions().compile(expression, ROWS)
    assert condition(DatedContent(subject(3, 1, 1), None)) is True
    with pytest.raises(ValueError, match="too much work"):
        condition(DatedContent(subject(18, 1, 1), None))


def test_the_largest_subject_is_read_once(calls):
    rows = 200
    content = DatedContent(subject(rows, MOST_VALUES // rows // 2 - 3, rows), None)
    condition = CelConditions().compile("o.righe.exists(r, r.consegne.exists(d, d.pezzi > 5.0))", ROWS)
    with calls() as called:
        assert condition(content) is False
    assert called.count < 30 * MOST_VALUES
    with calls() as called:
        assert condition(content) is False
    assert called.count < 100


@pytest.mark.parametrize(
    "start", ["!", "-", "(", "has(", "true ? ", "o.note.all(a, size(a) > ", "[", "o.note.size("]
)
def test_nesting_is_bounded(start):
    for count in (50, 1900):
        with pytest.raises(ValueError, match="condition_"):
            read_condition(start * count + "true", ROWS)
