"""Signing keys rotate under load, and no service wrongly refuses or believes anybody for a moment.

What else can be wrong with a token is tried on every endpoint in test_bad_input.py; a replayed refresh token
ends its session in the tests of services/identity.
"""

from __future__ import annotations

import asyncio
import types
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from identity.application.access_tokens import PLATFORM_TENANT
from identity.application.rotate_signing_keys import rotate_signing_keys
from identity.domain.sessions import ACCESS_TOKEN_LIVES
from identity.domain.signing import SHOWN_AFTER, SHOWN_BEFORE
from optima_kit import auth
from optima_kit.auth import JwksKeys, TokenVerifier
from optima_kit.cause import Cause
from optima_kit.refusals import Unauthenticated
from optima_kit.testing import ISSUER, FixedClock, People, ServiceHarness
from optima_kit.testing.nights import SAMPLING

from .conftest import build

pytestmark = [pytest.mark.servers, pytest.mark.timeout(180)]

KEYS = 2 if SAMPLING else 4
"""The first, and one a rotation."""
MINUTE = timedelta(minutes=1)
GRANT = {
    "grant": "client_credentials",
    "client_id": "platform",
    "client_secret": "a-secret-of-this-test-0123456789abcdef",
}


@dataclass(slots=True)
class Issued(People):
    """Believes what the issuer's published keys verify, as a service does that runs."""

    keys: Callable[[], str] = field(default=lambda: "")

    def verifier(self) -> TokenVerifier:
        return TokenVerifier(JwksKeys(self.keys()), ISSUER, "optima", self.clock)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FixedClock:
    """One time for all, the verifiers' pauses between two looks at the keys included."""
    clock = FixedClock(datetime(2026, 11, 24, 9, 0, tzinfo=UTC))
    passing = types.SimpleNamespace(monotonic=lambda: clock.now().timestamp())
    monkeypatch.setattr(auth, "time", passing)
    return clock


async def test_nobody_is_wrongly_refused_while_keys_rotate(database_for, monkeypatch, tmp_path, clock):
    async with AsyncExitStack() as stack:

        async def start(module: str, people: People, database: Any = None) -> tuple[Any, ServiceHarness]:
            database = database or await database_for(module)
            service = build(module, database, monkeypatch, tmp_path)
            stack.callback(service.close_resources)
            app = await stack.enter_async_context(
                ServiceHarness.serve(service, database, clock=clock, people=people)
            )
            return service, app

        directory = await database_for("identity")
        issuer, identity = await start("identity", People(clock=clock), directory)
        _, replica = await start("identity", People(clock=clock), directory)
        jwks = str(identity.http.make_url("/.well-known/jwks.json"))
        services = [
            (await start(module, Issued(clock=clock, keys=lambda: jwks)))[1]
            for module in ("brief", "production", "trail")
        ]

        async def look_after_keys(*, at_once: bool) -> None:
            async with identity.database.transaction(PLATFORM_TENANT, Cause(clock.now())) as work:
                await rotate_signing_keys(issuer.ports(work), at_once=at_once)

        async def issue() -> str:
            """By the replica that does not show its keys to the verifiers."""
            response, body = await replica.as_(None).post("/v1/tokens", GRANT)
            assert response.status == 200, body
            return str(body["access_token"])

        async def status(app: ServiceHarness, token: str) -> int:
            return (await app.with_token(token).get("/v1/parked-messages"))[0].status

        async def new_process_believes(token: str) -> bool:
            verifier = TokenVerifier(JwksKeys(jwks), ISSUER, "optima", clock)
            try:
                await verifier.actor(token)
            except Unauthenticated:
                return False
            return True

        nobody = People(clock=clock)  # signs with a key of its own, under a name that nobody knows
        forged = nobody.token(nobody.person(privileges={"tenant.register"}, tenant_id=PLATFORM_TENANT))
        valid: list[tuple[datetime, str]] = []
        signed_by: set[str] = set()
        for minute in range(KEYS * _minutes(SHOWN_BEFORE + SHOWN_AFTER)):
            valid = [(at, token) for at, token in valid if clock.now() < at + ACCESS_TOKEN_LIVES]
            due = minute % _minutes(SHOWN_BEFORE + SHOWN_AFTER) == 0
            tokens = [token for _, token in valid]
            oldest_and_newest = tokens[:1] + tokens[-1:]
            answers = await asyncio.gather(
                *(status(app, token) for app in services for token in tokens),
                *(status(app, forged) for app in services),
                *(new_process_believes(token) for token in oldest_and_newest),
                look_after_keys(at_once=due),
            )
            believed = answers[: len(tokens) * len(services)]
            assert set(believed) <= {403}, f"minute {minute}: {believed}"
            assert set(answers[len(believed) : len(believed) + len(services)]) == {401}, f"minute {minute}"
            assert all(answers[len(believed) + len(services) :][: len(oldest_and_newest)]), f"minute {minute}"
            token = await issue()
            signed_by.add(token.partition(".")[0])
            valid.append((clock.now(), token))
            assert [await status(app, token) for app in services] == [403] * len(services), minute
            clock.advance(MINUTE)
        assert len(signed_by) == KEYS, "each has signed"
        ended = [token for at, token in valid if clock.now() >= at + ACCESS_TOKEN_LIVES + MINUTE]
        assert all([await status(app, token) == 401 for app in services for token in ended])


def _minutes(span: timedelta) -> int:
    return int(span / MINUTE) + 1
