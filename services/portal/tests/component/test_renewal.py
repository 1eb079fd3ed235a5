"""Tabs and replicas that ask for one session at the same time: its refresh token is used once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import uuid4

import pytest

from optima_kit.clock import SystemClock
from optima_kit.db import Database
from optima_kit.sealing import Sealer
from optima_kit.testing import ServiceDatabase
from portal.adapters.postgres import PostgresSessions
from portal.application.find_session import find_session
from portal.application.ports import IssuerAway
from portal.application.renew_session import renew_session
from portal.domain.sessions import Session, Tokens, cookie_of

LIVES = timedelta(minutes=10)
REPLICAS, TABS, ROUNDS = 2, 4, 60


class OneUseTokens:
    """An issuer as strict as identity: whoever uses a refresh token twice has lost the session."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.used: set[str] = set()
        self.alive = True

    async def lives(self) -> bool:
        return self.alive

    async def renew(self, refresh_token: str) -> Tokens | None:
        if refresh_token in self.used:
            return None
        self.used.add(refresh_token)
        await asyncio.sleep(0)
        number = len(self.used)
        return Tokens(
            f"access {number}", f"refresh {number}", self.now + LIVES, factor_needed=number % 2 == 0
        )


@pytest.fixture
async def stores(
    database_for: Callable[[str], Awaitable[ServiceDatabase]],
) -> AsyncIterator[list[PostgresSessions]]:
    """Those of several replicas, each with connections of its own."""
    stored = await database_for("portal")
    sealer = Sealer("a-secret-of-these-tests-0123456789abcdef", "portal sessions")
    async with AsyncExitStack() as stack:
        found = []
        for _ in range(REPLICAS):
            database = await Database.open(
                stored.rw_url, source="/optima/portal", size=TABS, clock=SystemClock()
            )
            stack.push_async_callback(database.close)
            found.append(PostgresSessions(database, sealer))
        yield found


async def begun(store: PostgresSessions, now: datetime) -> tuple[Session, str]:
    token, tenant_id = os.urandom(32), uuid4()
    tokens = Tokens("access 0", "refresh 0", now + LIVES)
    session = Session(tenant_id, sha256(token).digest(), uuid4(), "it", tokens, now + timedelta(days=30))
    await store.insert(session, now)
    return session, cookie_of(tenant_id, token)


@pytest.mark.parametrize("later", [timedelta(minutes=9), timedelta(minutes=11)], ids=["ahead", "too late"])
async def test_replicas_renew_a_session_once(stores: list[PostgresSessions], later: timedelta) -> None:
    now = datetime(2026, 11, 29, 8, tzinfo=UTC)
    issuer = OneUseTokens(now)
    _, cookie = await begun(stores[0], now)
    for number in range(1, ROUNDS + 1):
        issuer.now = now = now + later
        found = await asyncio.gather(
            *(find_session(store, issuer, cookie, now) for store in stores for _ in range(TABS))
        )
        assert all(session and session.tokens.access_ends_at > now for session in found)
        assert len(issuer.used) == number


async def test_a_token_that_works_is_used_on_while_the_issuer_stands_still(
    stores: list[PostgresSessions],
) -> None:
    now = datetime(2026, 11, 29, 8, tzinfo=UTC)
    issuer = OneUseTokens(now)
    session, cookie = await begun(stores[0], now)
    issuer.alive = False
    assert await find_session(stores[0], issuer, cookie, now + timedelta(minutes=9)) == session
    issuer.alive = True
    renewed = await find_session(stores[0], issuer, cookie, now + timedelta(minutes=9))
    assert renewed is not None
    assert renewed.tokens.access == "access 1"


async def test_nobody_who_stands_still_is_given_a_refresh_token(stores: list[PostgresSessions]) -> None:
    now = datetime(2026, 11, 29, 8, tzinfo=UTC)
    issuer = OneUseTokens(now)
    session, cookie = await begun(stores[0], now)
    issuer.alive = False
    with pytest.raises(IssuerAway):
        await find_session(stores[0], issuer, cookie, now + timedelta(minutes=11))
    with pytest.raises(IssuerAway):
        await renew_session(stores[0], issuer, session, now + timedelta(minutes=11))
    assert not issuer.used
    issuer.alive = True
    renewed = await find_session(stores[0], issuer, cookie, now + timedelta(minutes=11))
    assert renewed is not None
    assert renewed.tokens.access == "access 1", "and nobody waits for a renewal that was never begun"


async def test_a_renewal_at_once_waits_for_the_one_under_way(stores: list[PostgresSessions]) -> None:
    now = datetime(2026, 11, 29, 8, tzinfo=UTC)
    issuer = OneUseTokens(now)
    session, cookie = await begun(stores[0], now)
    await asyncio.gather(*(renew_session(store, issuer, session, now) for store in stores))
    assert len(issuer.used) == REPLICAS
    found = await find_session(stores[0], issuer, cookie, now)
    assert found is not None
    assert found.tokens == Tokens("access 2", "refresh 2", now + LIVES, factor_needed=True)
