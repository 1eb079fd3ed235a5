"""What drafting costs: a statement is a round trip, and commands of a group share what they write."""

from __future__ import annotations

from collections import Counter

import pytest

from brief.adapters.postgres import ports_on
from brief.application.draft_brief import draft_brief
from brief.application.read.briefs import show_brief
from brief.domain.content import Content
from optima_kit.cause import Cause
from optima_kit.testing import round_trips

from ..conftest import Desk

pytestmark = pytest.mark.servers

GROUP = 16


async def test_drafts_of_a_group_are_written_together(desk: Desk) -> None:
    with round_trips(desk.app.database) as asked:
        async with desk.app.database.begin(desk.tenant_id) as transaction:
            for number in range(GROUP):
                ports = ports_on(transaction.unit(Cause(desk.app.clock.now(), actor_id=desk.anna.person_id)))
                brief = await draft_brief(ports, desk.anna, Content(title=f"Lancio {number}"))
                await show_brief(ports, desk.anna, brief)
    told = {"next_brief_number": "number", "directory_units": "unit's name", "INTO briefs": "briefs"}
    found = Counter(name for query in asked for part, name in told.items() if part in query)
    assert found == {"number": GROUP, "unit's name": GROUP, "briefs": 1}
    assert len(asked) == 2 * GROUP + 4, "begin, briefs, events, commit"
