"""The chain names the first entry that was tampered with, whatever the tampering."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trail.domain.chain import BEGINNING, ChainBreak, Head, SealedEntry, Verification, extend
from trail.domain.entry import Entry, Occurrence, canonical_json

TENANT = UUID(int=1)
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def occurrence(n: int, *, data: str = "{}", actor: UUID | None = None) -> Occurrence:
    return Occurrence(
        event_id=UUID(int=n),
        source="/optima/brief",
        type="optima.brief.drafted.v1",
        subject=UUID(int=7),
        sequence=n,
        correlation_id=UUID(int=7),
        causation_id=None,
        actor_id=actor,
        on_behalf_of=None,
        occurred_at=NOW,
        data=data,
    )


def chain(length: int) -> list[SealedEntry]:
    return extend(BEGINNING, [occurrence(n) for n in range(1, length + 1)], tenant_id=TENANT, recorded_at=NOW)


def verify(entries: list[SealedEntry], head: Head | None = None) -> Verification:
    verification = Verification()
    for each in entries:
        if not verification.check(each.entry.number, each.entry.canonical(), each.hash):
            return verification
    if head:
        verification.ends_at(head)
    return verification


def test_numbers_run_from_one_and_continue_in_the_next_batch() -> None:
    first = chain(3)
    head = Head(3, first[-1].hash)
    second = extend(head, [occurrence(4), occurrence(5)], tenant_id=TENANT, recorded_at=NOW)
    assert [each.entry.number for each in [*first, *second]] == [1, 2, 3, 4, 5]
    assert verify([*first, *second], Head(5, second[-1].hash)).broken is None


def test_an_altered_entry_is_named() -> None:
    entries = chain(5)
    tampered = replace(entries[2].entry, occurrence=occurrence(3, actor=UUID(int=99)))
    entries[2] = replace(entries[2], entry=tampered)
    assert verify(entries).broken == ChainBreak(3, "altered")


def test_an_entry_rehashed_by_itself_betrays_itself_at_the_next() -> None:
    entries = chain(5)
    forged = extend(
        Head(2, entries[1].hash), [occurrence(3, actor=UUID(int=99))], tenant_id=TENANT, recorded_at=NOW
    )
    entries[2] = forged[0]
    assert verify(entries).broken == ChainBreak(4, "altered")


def test_a_removed_entry_is_missing() -> None:
    entries = chain(5)
    del entries[1]
    assert verify(entries).broken == ChainBreak(2, "missing")


def test_entries_cut_off_at_the_end_are_missing() -> None:
    entries = chain(5)
    assert verify(entries[:3], Head(5, entries[-1].hash)).broken == ChainBreak(4, "missing")


def test_an_entry_twice_is_out_of_order() -> None:
    entries = chain(3)
    assert verify([entries[0], entries[1], entries[1]]).broken == ChainBreak(2, "out_of_order")


def test_an_added_entry_disagrees_with_the_head() -> None:
    entries = chain(3)
    assert verify(entries, Head(2, entries[1].hash)).broken == ChainBreak(2, "altered")


def test_a_chain_of_another_tenant_does_not_verify_as_ones_own() -> None:
    entries = [replace(each, entry=replace(each.entry, tenant_id=UUID(int=2))) for each in chain(2)]
    assert verify(entries).broken == ChainBreak(1, "altered")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), json_values), st.none() | st.uuids(), st.none() | st.uuids())
def test_the_text_written_by_hand_is_canonical(
    data: dict, actor: UUID | None, principal: UUID | None
) -> None:
    entry = Entry(
        TENANT,
        12,
        NOW,
        replace(occurrence(4, data=canonical_json(data), actor=actor), on_behalf_of=principal),
    )
    assert canonical_json(json.loads(entry.canonical())) == entry.canonical()


def test_what_json_cannot_say_is_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"amount": float("nan")})
