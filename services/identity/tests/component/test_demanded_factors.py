"""Roles that grant nothing without a second factor."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from identity.domain.second_factor import code_at, step_of

from ..conftest import Identity


async def test_a_role_that_demands_a_factor_grants_nothing_without_one(identity: Identity) -> None:
    admin = await identity.register()
    role = {"name": "Capo", "privileges": ["directory.read", "brief.read"], "second_factor": True}
    response, view = await admin.put("/v1/roles/capo", role)
    assert (response.status, view["second_factor"]) == (200, True)
    await identity.invite(admin, "elena@aurora.example", "capo")
    session = await identity.sign_in("elena@aurora.example")
    assert session["second_factor_needed"] is True
    actor = await identity.verifier.actor(session["access_token"])
    assert (actor.privileges, actor.roles) == (frozenset(), frozenset())

    elena = identity.app.with_token(session["access_token"])
    setup, _ = await _set_up(identity, elena)
    refreshed = await _refresh(identity, session)
    assert "second_factor_needed" not in refreshed
    actor = await identity.verifier.actor(refreshed["access_token"])
    assert actor.privileges == {"directory.read", "brief.read"}

    identity.clock.advance(timedelta(seconds=30))
    again = await identity.sign_in("elena@aurora.example", code=_code(identity, setup))
    assert (await identity.verifier.actor(again["access_token"])).roles == {"capo"}


async def test_a_role_that_begins_to_demand_a_factor_grants_nothing_at_once(identity: Identity) -> None:
    admin = await identity.register()
    role: dict[str, Any] = {"name": "Capo", "privileges": ["directory.read"]}
    await admin.put("/v1/roles/capo", role)
    await identity.invite(admin, "elena@aurora.example", "capo")
    elena = await identity.client("elena@aurora.example")
    assert (await elena.get("/v1/people"))[0].status == 200
    changed, _ = await admin.put(
        "/v1/roles/capo", role | {"second_factor": True}, headers={"If-Match": '"1"'}
    )
    assert changed.status == 200
    refused, problem = await elena.get("/v1/people")
    assert (refused.status, problem["code"]) == (403, "missing_privilege")


async def test_a_session_without_the_factor_that_its_person_has_opens_nothing(identity: Identity) -> None:
    """As one that began at the tenant's provider."""
    setup, codes = await _set_up(identity, await identity.register())
    identity.clock.advance(timedelta(seconds=30))
    session = await identity.sign_in("paola@aurora.example", code=_code(identity, setup))
    await identity.database.fetch("UPDATE sessions SET factor_shown = false")
    admin = identity.app.with_token(session["access_token"])
    assert (await admin.get("/v1/people"))[0].status == 403
    weaker = await _refresh(identity, session)
    assert (await identity.verifier.actor(weaker["access_token"])).privileges == frozenset()
    proven, _ = await admin.post("/v1/me/proof", {"code": codes[0]})
    assert proven.status == 204
    assert (await admin.get("/v1/people"))[0].status == 200


async def test_the_operator_demands_it_of_admins(serve: Callable[..., Awaitable[Any]]) -> None:
    identity = await serve(second_factor_roles=("admin",))
    admin = await identity.register()
    response, problem = await admin.get("/v1/people")
    assert (response.status, problem["code"]) == (403, "missing_privilege")
    await _set_up(identity, admin)
    response, _ = await admin.get("/v1/people")
    assert response.status == 403, "the token that was given before says nothing of a role"


async def _refresh(identity: Identity, session: Any) -> Any:
    grant = {"grant": "refresh_token", "refresh_token": session["refresh_token"]}
    response, body = await identity.anybody.post("/v1/tokens", grant)
    assert response.status == 200, body
    return body


async def _set_up(identity: Identity, client: Any) -> tuple[Any, list[str]]:
    """What the telephone read, and the recovery codes."""
    _, setup = await client.post("/v1/me/second-factor")
    response, body = await client.post("/v1/me/second-factor/confirmation", {"code": _code(identity, setup)})
    assert response.status == 201, body
    return setup, body["recovery_codes"]


def _code(identity: Identity, setup: Any) -> str:
    return code_at(base64.b32decode(setup["secret"]), step_of(identity.clock.now()))
