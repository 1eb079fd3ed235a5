"""The daily round of a tenant."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from identity.application.daily_maintenance import daily_maintenance
from optima_contracts.privileges import privileges_of

from ..conftest import Identity


async def test_what_has_expired_is_dropped(identity: Identity) -> None:
    admin = await identity.register()
    await identity.invite(admin, "elena@aurora.example", "marketing")
    old = await identity.sign_in("elena@aurora.example")
    await identity.sign_in("elena@aurora.example", password="somebody else's")
    identity.clock.advance(timedelta(days=59))
    await identity.sign_in("elena@aurora.example")
    await make_the_round(identity)
    assert await counts(identity) == {"links": 0, "sessions": 3, "refresh_tokens": 3, "sign_in_failures": 2}
    identity.clock.advance(timedelta(days=2))
    await make_the_round(identity)
    assert await counts(identity) == {"links": 0, "sessions": 1, "refresh_tokens": 1, "sign_in_failures": 0}
    refused, _ = await identity.anybody.post(
        "/v1/tokens", {"grant": "refresh_token", "refresh_token": old["refresh_token"]}
    )
    assert refused.status == 401


async def test_built_in_roles_follow_the_product(identity: Identity) -> None:
    await identity.register()
    await identity.database.fetch("UPDATE roles SET privileges = '{brief.read}' WHERE key = 'marketing'")
    await identity.database.fetch("DELETE FROM roles WHERE key = 'supplier'")
    before = len(await identity.database.published())
    await make_the_round(identity)
    told = (await identity.database.published())[before:]
    assert {event.data["key"]: set(event.data["privileges"]) for event in told} == {
        "marketing": privileges_of("marketing"),
        "supplier": privileges_of("supplier"),
    }
    await make_the_round(identity)
    assert len(await identity.database.published()) == before + 2


async def test_keys_are_rotated_after_a_defect_that_outlasts_all_attempts(
    identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_: object) -> None:
        raise RuntimeError("a defect")

    async def rotations(state: str) -> list[datetime]:
        found = await identity.database.fetch(
            "SELECT due_at FROM jobs WHERE kind = 'identity.rotate_signing_keys' AND state = $1", state
        )
        return [row["due_at"] for row in found]

    await identity.register()
    with monkeypatch.context() as patched:
        patched.setattr("identity.adapters.jobs.rotate_signing_keys", broken)
        while not await rotations("failed"):
            identity.clock.set(max(await rotations("due")))
            await identity.app.run_due_jobs()
    assert await rotations("due") == [identity.clock.now() + timedelta(days=1)]


async def test_the_round_is_made_each_day(identity: Identity) -> None:
    await identity.register()
    for _ in range(2):
        await identity.app.run_due_jobs()
        jobs = await identity.database.fetch(
            "SELECT due_at FROM jobs WHERE kind = 'identity.keep_house' AND state = 'due'"
        )
        assert [job["due_at"] for job in jobs] == [identity.clock.now() + timedelta(days=1)]
        identity.clock.advance(timedelta(days=1))


async def make_the_round(identity: Identity) -> None:
    (tenant,) = await identity.database.fetch("SELECT id FROM tenants")
    async with identity.app.database.transaction(tenant["id"]) as work:
        await daily_maintenance(identity.ports(work))


async def counts(identity: Identity) -> dict[str, int]:
    found = {}
    for table in ("links", "sessions", "refresh_tokens", "sign_in_failures"):
        (row,) = await identity.database.fetch(f"SELECT count(*) AS n FROM {table}")
        found[table] = row["n"]
    return found
