"""The directory told again: everybody of every tenant as they stand, as often as one likes."""

from __future__ import annotations

from typing import Any

import pytest

from identity.adapters.commands import COMMANDS
from identity.application import announce_directory

from ..conftest import Identity

CHANGED = ("tenant", "role", "unit", "person", "service_account")


async def announce(identity: Identity, *tenants: str) -> list[Any]:
    before = len(await identity.database.published())
    assert await COMMANDS["announce"].run(identity.app.service, list(tenants)) == 0
    return (await identity.database.published())[before:]


async def state(identity: Identity) -> dict[Any, Any]:
    """What the newest event of each subject says."""
    types = {f"optima.identity.{name}_changed.v1" for name in CHANGED}
    told = [event for event in await identity.database.published() if event.type in types]
    return {(event.tenantid, event.type, event.subject): event.data for event in told}


@pytest.fixture
async def tenants(identity: Identity, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(announce_directory, "_PEOPLE_AT_ONCE", 2)
    for slug in ("aurora", "brezza"):
        admin = await identity.register(slug)
        await admin.put("/v1/units/marketing", {"name": "Marketing"})
        for name in ("anna", "bea", "carlo"):
            await identity.invite(admin, f"{name}@{slug}.example", "marketing")
    return identity


async def test_whoever_missed_everything_is_told_everything(tenants: Any) -> None:
    known = await state(tenants)
    told = await announce(tenants)
    assert {(event.tenantid, event.type, event.subject) for event in told} == known.keys()
    assert len(told) == len(known)


async def test_whoever_knows_it_already_changes_nothing(tenants: Any) -> None:
    known = await state(tenants)
    for _ in range(2):
        await announce(tenants)
        assert await state(tenants) == known


async def test_one_tenant_is_told_of_alone(tenants: Any) -> None:
    told = await announce(tenants, "brezza")
    slugs = {event.data["slug"] for event in told if "slug" in event.data}
    assert (slugs, len({event.tenantid for event in told})) == ({"brezza"}, 1)
    assert len([event for event in told if event.type == "optima.identity.person_changed.v1"]) == 4


async def test_an_unknown_tenant_is_named(tenants: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert await COMMANDS["announce"].run(tenants.app.service, ["aurora", "nessuna"]) == 1
    assert "no tenant nessuna" in capsys.readouterr().err
