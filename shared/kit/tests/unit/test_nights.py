"""By day a large matrix is tried in part, and every column and row of it is."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from optima_kit.testing.nights import sampled


@given(st.lists(st.text(max_size=5)), st.integers(1, 9))
def test_one_in_so_many_is_left_in_order_and_at_least_one(cases: list[str], one_in: int) -> None:
    chosen = sampled(cases, one_in, sampling=True)
    assert len(chosen) == -(-len(cases) // one_in)
    left = iter(cases)
    assert all(case in left for case in chosen)
    assert sampled(cases, one_in, sampling=False) == cases


def test_no_column_is_left_out_of_a_matrix_whose_rows_are_a_multiple() -> None:
    cells = sampled(product(range(12), range(4)), 4, sampling=True)
    assert {column for _, column in cells} == set(range(4))
