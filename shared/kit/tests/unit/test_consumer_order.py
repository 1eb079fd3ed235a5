"""In a batch, what one source tells of a subject is handled in its sequence, wherever else others stand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from optima_kit.inbox import in_sequence

told = st.lists(st.tuples(st.sampled_from(["/a", "/b"]), st.integers(1, 3), st.integers(1, 9)), unique=True)


def item(source: str, subject: int, sequence: int) -> Any:
    received = SimpleNamespace(source=source, subject=UUID(int=subject), sequence=sequence)
    return SimpleNamespace(received=received)


@given(told)
def test_sequences_are_compared_within_a_source_and_subject_alone(events: list[tuple[str, int, int]]) -> None:
    ordered = [
        (each.received.source, each.received.subject.int, each.received.sequence)
        for each in in_sequence([item(*event) for event in events])
    ]
    # Each pair keeps the places that it had …
    assert [event[:2] for event in ordered] == [event[:2] for event in events]
    # … and stands in them by its own count.
    for pair in {event[:2] for event in events}:
        counts = [event[2] for event in ordered if event[:2] == pair]
        assert counts == sorted(event[2] for event in events if event[:2] == pair)
