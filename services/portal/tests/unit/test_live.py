"""Hints reach the streams that they concern, and those alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from portal.adapters.live import Change, LiveStreams
from portal.adapters.messages import reactions

OWN, OTHER, BRIEF, ORDER, ANNA, PAOLO = (str(uuid4()) for _ in range(6))


@given(
    area=st.sampled_from(["approval", "brief", "logistics", "production"]),
    tenant=st.sampled_from([OWN, OTHER]),
    subject=st.sampled_from([BRIEF, ORDER]),
    about=st.sets(st.sampled_from([BRIEF, ORDER])),
)
def test_a_change_is_hinted_at_in_its_own_company_alone(
    area: str, tenant: str, subject: str, about: set[str]
) -> None:
    streams = LiveStreams()
    with streams.open(OWN, ANNA, frozenset(about)) as stream:
        streams.heard(Change(tenant, area, subject, BRIEF).text)
        own = tenant == OWN
        assert ("inbox" in stream.hints) == (own and area == "approval")
        assert ("page" in stream.hints) == (own and bool(about & {subject, BRIEF}))
    streams.heard("")
    assert not stream.hints - {"inbox", "notices", "page"}


@given(tenant=st.sampled_from([OWN, OTHER]), told=st.sampled_from([ANNA, PAOLO]))
def test_who_is_told_of_something_is_hinted_at_alone(tenant: str, told: str) -> None:
    streams = LiveStreams()
    with streams.open(OWN, ANNA, frozenset({ANNA})) as stream:
        streams.heard(Change(tenant, "notice", told, told).text)
        assert stream.hints == ({"notices"} if (tenant, told) == (OWN, ANNA) else set())


async def test_a_stream_tells_each_hint_once_and_ends_with_its_process() -> None:
    streams, draining = LiveStreams(), asyncio.Event()
    frames: AsyncIterator[bytes] = streams.frames(OWN, ANNA, frozenset({BRIEF}), draining)
    assert b"retry" in await anext(frames)
    for _ in range(3):
        streams.heard(Change(OWN, "brief", BRIEF, BRIEF).text)
    assert await anext(frames) == b"event: page\ndata:\n\n"
    streams.heard("")
    assert await anext(frames) == b"".join(
        b"event: %b\ndata:\n\n" % hint for hint in (b"inbox", b"notices", b"page")
    )
    draining.set()
    assert [frame async for frame in frames] == []


def test_nothing_with_prices_is_heard() -> None:
    assert not [type_ for type_ in reactions.bindings() if type_.startswith("optima.economics.")]
