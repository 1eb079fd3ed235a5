"""A fact travels from one transaction to another: once, in order, with its cause."""

from __future__ import annotations

import asyncio

import pytest

from optima_contracts.envelope import Envelope
from optima_kit.ids import new_id
from optima_kit.testing import eventually

pytestmark = pytest.mark.servers


async def test_every_event_has_exactly_one_effect(stage):
    await stage.declare()
    await stage.relay()
    await stage.consumer()
    subjects = [new_id() for _ in range(20)]
    await asyncio.gather(
        *(stage.tally.count(stage.database, stage.tenant, subject) for subject in subjects for _ in range(10))
    )
    await stage.each_event_had_one_effect()
