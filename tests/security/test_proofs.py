"""What a stolen access token must not do asks its bearer to show again who they are."""

from __future__ import annotations

import pytest

from .access import identity
from .access.table import PUBLIC
from .conftest import Served
from .test_access import ask
from .test_revocation import OWN_SECRETS, world_of

pytestmark = pytest.mark.servers

OLD = "UPDATE sessions SET began_at = now() - interval '10 minutes', proven_at = NULL"
LASTING = {
    "POST /v1/me/second-factor",
    "POST /v1/me/second-factor/confirmation",
    "POST /v1/people/{person_id}/password-reset",
    "DELETE /v1/people/{person_id}/second-factor",
    "DELETE /v1/people/{person_id}/sessions",
    "DELETE /v1/people/{person_id}/sessions/{session_id}",
    "DELETE /v1/me/sessions",
    "PUT /v1/roles/{key}",
    "PUT /v1/tenant",
    "PUT /v1/sign-in-provider",
    "DELETE /v1/sign-in-provider",
    "POST /v1/service-accounts",
    "POST /v1/service-accounts/{account_id}/secret",
}
"""What would outlast the token: another way in, more that a way in opens, or others locked out."""


async def test_what_outlasts_a_token_asks_for_a_proof(serve):
    served: Served = await serve("identity")
    assert {f"{route.method} {route.path}" for route in served.service.routes.items if route.proof} == LASTING
    world, admin = await world_of(served)
    rows = [row for row in (*identity.ROWS, *OWN_SECRETS) if row.needs != PUBLIC and row.endpoint in LASTING]
    assert {row.endpoint for row in rows} == LASTING
    await served.database.fetch(OLD)
    before = await served.rows()
    for row in rows:
        asked = await ask(world, row, admin, world.names)
        assert (asked.status, asked.code) == (403, "proof_needed"), asked
    assert await served.rows() == before

    client = served.app.as_(admin)
    for wrong in (
        {"password": "not this one"},
        {"code": "000000"},
        {},
        {"password": identity.PASSWORD, "code": "1" * 6},
    ):
        response, problem = await client.post("/v1/me/proof", wrong)
        assert (response.status, problem["code"]) == (422, "proof_not_valid"), wrong
    response, _ = await client.post("/v1/me/proof", {"password": identity.PASSWORD})
    assert response.status == 204
    for row in rows:
        asked = await ask(world, row, admin, world.names)
        assert asked.code != "proof_needed", asked


async def test_a_proof_is_one_sessions_own(serve):
    served: Served = await serve("identity")
    world, admin = await world_of(served)
    await served.database.fetch(OLD)
    elsewhere = served.app.people.person(
        "admin", tenant_id=world.tenant_id, person_id=world.owner, session_id=world.sessions[world.colleague]
    )
    response, problem = await served.app.as_(elsewhere).post("/v1/me/proof", {"password": identity.PASSWORD})
    assert (response.status, problem["code"]) == (401, "session_ended"), "another person's"
    without = served.app.people.person("admin", tenant_id=world.tenant_id, person_id=world.owner)
    await served.app.as_(without).post("/v1/me/proof", {"password": identity.PASSWORD})
    for actor in (without, admin):
        asked = await served.app.as_(actor).put("/v1/roles/nuovo", {"name": "Nuovo", "privileges": []})
        assert (asked[0].status, asked[1]["code"]) == (403, "proof_needed")
