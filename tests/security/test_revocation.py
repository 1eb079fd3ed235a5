"""What an access token of before still opens at identity: nothing that its bearer has lost since."""

from __future__ import annotations

import asyncio
import random
from uuid import UUID

import pytest

from optima_kit.actor import Actor
from optima_kit.testing.nights import SAMPLING

from .access import identity
from .access.table import PUBLIC, Row, World
from .conftest import Served
from .test_access import ask

pytestmark = pytest.mark.servers

ROUNDS = 20 if SAMPLING else 200

LOSSES = {
    "suspended": "UPDATE people SET suspended = true WHERE id = $1",
    "never joined": "UPDATE people SET joined_at = NULL WHERE id = $1",
    "demoted": "UPDATE people SET roles = '{supplier}' WHERE id = $1",
    "role emptied": "UPDATE roles SET built_in = false, privileges = '{}' WHERE $1::uuid <> id",
    "signed out": "UPDATE sessions SET revoked_at = now() WHERE person_id = $1",
}
ROWS = [row for row in identity.ROWS if row.needs != PUBLIC]
OWN_SECRETS = (
    Row(
        "PUT /v1/me/password", None, body={"current": identity.PASSWORD, "new": "sette nani nel bosco verde"}
    ),
    Row("DELETE /v1/me/sessions", None),
    Row("POST /v1/me/second-factor", None),
    Row("POST /v1/me/second-factor/confirmation", None, body={"code": "000000"}),
    Row("POST /v1/me/second-factor/removal", None, body={"code": "000000"}),
)


async def world_of(served: Served) -> tuple[World, Actor]:
    """A busy tenant, and its admin as the token of their sign-in says."""
    world = World(served, served.tenant_id, UUID(int=1), UUID(int=2))
    await identity.build(world)
    (session,) = await served.database.fetch("SELECT id FROM sessions WHERE person_id = $1", world.owner)
    return world, world.person("admin", session_id=session["id"])


@pytest.mark.parametrize("loss", LOSSES)
async def test_a_token_of_before_opens_nothing(serve, loss):
    served: Served = await serve("identity")
    world, admin = await world_of(served)
    await served.database.fetch(LOSSES[loss], world.owner)
    before = await served.rows()
    keeps_access = loss in ("demoted", "role emptied")
    for row in (*ROWS, *OWN_SECRETS):
        asked = await ask(world, row, admin, world.names)
        if row.needs is not None and keeps_access:
            assert (asked.status, asked.code) == (403, "missing_privilege"), asked
        elif not keeps_access:
            assert (asked.status, asked.code) == (401, "session_ended"), asked
    if not keeps_access:
        assert await served.rows() == before


async def test_a_closed_account_opens_nothing(serve):
    served: Served = await serve("identity")
    world, _ = await world_of(served)
    machine = world.person(
        kind="service", person_id=UUID(world.names["account_id"]), privileges={"brief.read", "directory.read"}
    )
    client = served.app.as_(machine)
    response, _ = await client.get("/v1/people")
    assert response.status == 403, "what the account was not given"
    await served.database.fetch("UPDATE service_accounts SET active = false")
    response, problem = await client.get("/v1/tenant")
    assert (response.status, problem["code"]) == (401, "session_ended")


async def test_of_a_suspension_and_its_undoing_at_once_one_waits_for_the_other(serve):
    """Whoever is suspended by a commit finds every later request of theirs refused, however close it came."""
    served: Served = await serve("identity")
    world, admin = await world_of(served)
    colleague = world.person("admin", person_id=world.colleague)
    for turn in range(ROUNDS):
        _, person = await served.app.as_(colleague).get(f"/v1/people/{world.owner}")
        suspend = served.app.as_(colleague).patch(
            f"/v1/people/{world.owner}", {"active": False}, headers={"If-Match": f'"{person["version"]}"'}
        )

        async def invite(turn: int = turn) -> int:
            await asyncio.sleep(random.random() * 0.02)
            body = identity.INVITATION | {"email": f"nuovo{turn}@example.it"}
            response, _ = await served.app.as_(admin).post("/v1/invitations", body)
            return response.status

        (suspended, _), status = await asyncio.gather(suspend, invite())
        assert suspended.status == 200
        assert status in (201, 401)
        positions = dict(
            await served.database.fetch(
                "SELECT envelope::jsonb -> 'data' ->> 'email' || (envelope::jsonb -> 'data' ->> 'active'),"
                " max(position) FROM outbox WHERE type = 'optima.identity.person_changed.v1' GROUP BY 1"
            )
        )
        invited = positions.get(f"nuovo{turn}@example.itfalse")
        assert (invited is not None) == (status == 201)
        if invited is not None:
            assert invited < positions[f"{identity.ADMIN['email']}false"], "admitted after the suspension"
        await served.database.fetch("UPDATE people SET suspended = false WHERE id = $1", world.owner)
        await served.database.fetch("UPDATE sessions SET revoked_at = NULL WHERE person_id = $1", world.owner)


async def test_nobody_but_the_platform_registers_tenants(serve):
    """Not even by a token that says so: no person and no account holds the privilege."""
    served: Served = await serve("identity")
    world, admin = await world_of(served)
    body = identity.TENANT | {"slug": "terzi", "admin": identity.ADMIN}
    for actor in (admin, served.mighty, world.person("admin", privileges={"tenant.register"})):
        response, problem = await served.app.as_(actor).post("/v1/tenants", body)
        assert (response.status, problem["code"]) == (403, "missing_privilege")
