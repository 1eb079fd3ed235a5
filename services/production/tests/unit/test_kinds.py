"""A kind's phases form a graph that work can pass through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optima_kit.refusals import Invalid
from production.domain.kinds import PhaseDefinition, kind_key_is_well_formed, phases_must_form_a_graph


def phase(key: str, *after: str) -> PhaseDefinition:
    return PhaseDefinition(key, key.capitalize(), after)


def test_branches_that_join_are_a_graph() -> None:
    phases_must_form_a_graph(
        (
            phase("prestampa"),
            phase("stampa", "prestampa"),
            phase("taglio", "prestampa"),
            phase("confezione", "stampa", "taglio"),
        )
    )


@pytest.mark.parametrize(
    ("phases", "code", "field"),
    [
        ((phase("stampa"), phase("stampa")), "phase_key_repeated", "phases[1].key"),
        ((phase("stampa"), phase("taglio", "piega")), "predecessor_unknown", "phases[1].after[0]"),
        (
            (phase("stampa"), phase("taglio", "stampa", "stampa")),
            "predecessor_repeated",
            "phases[1].after[1]",
        ),
        ((phase("stampa", "stampa"),), "phases_wait_in_a_circle", "phases[0].after[0]"),
        (
            (phase("stampa"), phase("taglio", "stampa", "piega"), phase("piega", "taglio")),
            "phases_wait_in_a_circle",
            "phases[1].after[1]",
        ),
    ],
)
def test_what_is_no_graph_is_refused_with_its_place(
    phases: tuple[PhaseDefinition, ...], code: str, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        phases_must_form_a_graph(phases)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_a_circle_is_named_without_those_who_only_wait_for_it() -> None:
    with pytest.raises(Invalid) as refused:
        phases_must_form_a_graph(
            (phase("spedizione", "taglio"), phase("taglio", "piega"), phase("piega", "taglio"))
        )
    assert refused.value.facts["circle"] == "taglio → piega → taglio"


@given(st.integers(1, 8).flatmap(lambda n: st.lists(st.sets(st.integers(0, n - 1)), min_size=n, max_size=n)))
def test_a_graph_is_accepted_if_and_only_if_it_can_be_worked_off(after: list[set[int]]) -> None:
    phases = tuple(phase(f"f{i}", *(f"f{j}" for j in sorted(js))) for i, js in enumerate(after))
    over: set[int] = set()
    while more := {i for i, js in enumerate(after) if js <= over} - over:
        over |= more
    if len(over) == len(after):
        phases_must_form_a_graph(phases)
    else:
        with pytest.raises(Invalid) as refused:
            phases_must_form_a_graph(phases)
        assert refused.value.code == "phases_wait_in_a_circle"


@pytest.mark.parametrize("key", ["", " roll-up", "roll\x00up", "x" * 65])
def test_a_kind_key_is_printable_text(key: str) -> None:
    kind_key_is_well_formed("roll up 85×200")
    with pytest.raises(Invalid):
        kind_key_is_well_formed(key)
