"""The privilege matrix on what the trail hands on: the feed, the exports, the entries, one of each event."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pypdf import PdfReader

from optima_contracts.catalogue import every_event_type
from optima_contracts.envelope import Envelope
from optima_contracts.privileges import BUILT_IN_ROLES, privileges_of
from optima_kit.testing.nights import sampled
from optima_local.layout import ROOT

from .access.table import World
from .conftest import Served

pytestmark = pytest.mark.servers

SAMPLES: Path = ROOT / "shared" / "contracts" / "samples"
EVENTS = every_event_type()
PRICED = {type_ for type_ in EVENTS if type_.startswith("optima.economics.")}
READS = {"trail.read", "trail.read_all", "trail.export"}
HOLDERS: dict[str, set[str]] = {
    **{role: set(privileges_of(role)) for role in BUILT_IN_ROLES},
    "reader of all but prices": READS,
    "reader with briefs' prices": READS | {"brief.price.read"},
    "reader with economics": READS | {"job.economics.read"},
    "reader with budgets": READS | {"budget.read", "brief.price.read"},
    "exporter of nothing": {"trail.export"},
    "nobody": set(),
}


def visible(held: set[str], types: set[str]) -> set[str]:
    """What somebody may see who reads the whole trail: prices with their privileges alone."""

    def needed(type_: str) -> tuple[set[str], ...]:
        """Sets of privileges, of which one is enough."""
        if type_.startswith("optima.economics.budget_"):
            return ({"budget.read", "brief.price.read"},)
        if type_.startswith("optima.economics.brief_priced."):
            return {"brief.price.read"}, {"job.economics.read"}
        return ({"job.economics.read"},)

    return {type_ for type_ in types if type_ not in PRICED or any(each <= held for each in needed(type_))}


async def told(world: World) -> set[str]:
    """One event of each published type happens. Returns the types."""
    for type_, model in EVENTS.items():
        sample = Envelope.model_validate_json((SAMPLES / f"{type_}.json").read_bytes())
        await world.hear(model.model_validate(sample.data), uuid4(), actor=uuid4())
    return set(EVENTS)


@pytest.fixture
async def trail(serve) -> tuple[World, set[str]]:
    served: Served = await serve("trail")
    world = World(served, served.tenant_id, uuid4(), uuid4())
    types = await told(world)
    await told(World(served, uuid4(), uuid4(), uuid4()))
    return world, types


async def asked(world: World, held: set[str], path: str) -> tuple[int, Any]:
    response, body = await world.as_(privileges=held).get(path)
    return response.status, body


async def test_the_feed_shows_each_what_they_may_see(trail):
    world, types = trail
    for who, held in HOLDERS.items():
        status, feed = await asked(world, held, "/v1/events?limit=200")
        if "trail.read_all" not in held:
            assert status == 403, who
            continue
        assert [item["type"] for item in feed["items"]] == sorted(visible(held, types)), who
        assert {item["tenantid"] for item in feed["items"]} == {str(world.tenant_id)}, who
        _, priced = await asked(world, held, "/v1/events?type=optima.economics.")
        assert {item["type"] for item in priced["items"]} == visible(held, types) & PRICED, who


async def test_an_export_holds_what_its_reader_may_see(trail):
    world, types = trail
    for who, held in HOLDERS.items():
        for form in ("jsonl", "csv"):
            status, data = await asked(world, held, f"/v1/exports?format={form}")
            if not {"trail.read_all", "trail.export"} <= held:
                assert status == 403, who
                continue
            rows = exported(data, form)
            assert {row["type"] for row in rows} == visible(held, types), (who, form)
            assert len(rows) == len(visible(held, types)), (who, form)


async def test_a_printout_holds_what_its_reader_may_see(trail):
    world, types = trail
    for who in sampled(HOLDERS, 3):
        held = HOLDERS[who]
        status, data = await asked(world, held, "/v1/exports/pdf")
        if not {"trail.read_all", "trail.export"} <= held:
            assert status == 403, who
            continue
        pages = "".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)
        # Long names are broken, and pypdf reads something invisible after an f now and then.
        text = "".join(pages.replace("\u200b", "").split())
        printed = {type_ for type_ in types if type_.removeprefix("optima.") in text}
        assert printed == visible(held, types), who


async def test_entries_are_shown_to_whom_they_concern(trail):
    world, types = trail
    for who, held in HOLDERS.items():
        status, page = await asked(world, held, "/v1/entries?limit=200")
        if "trail.read" not in held:
            assert status == 403, who
            continue
        expected = visible(held, types) if "trail.read_all" in held else set()
        assert {item["type"] for item in page["items"]} == expected, who


def exported(data: bytes, form: str) -> list[dict[str, Any]]:
    if form == "jsonl":
        lines = [json.loads(line) for line in data.splitlines()]
        return [line for line in lines if "type" in line]  # not the anchors
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig")), delimiter=";"))
