"""The person who is signed in at a browser, and calls to the services as that person."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from optima_kit.actor import Actor
from optima_kit.auth import KeysUnavailable, TokenVerifier
from optima_kit.clock import Clock
from optima_kit.db import Database
from optima_kit.http.html import PageCall
from optima_kit.refusals import Unauthenticated
from optima_kit.sealing import Sealer

from ..application.find_session import find_session
from ..application.ports import IssuerAway
from ..application.renew_session import renew_session
from ..domain.sessions import SESSION_LASTS, Session, Tokens, cookie_of
from .client import AsPerson, Refused, ServiceAway, Services
from .postgres import PostgresSessions


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A signed-in person at a browser, as pages know them."""

    session: Session
    actor: Actor
    services: AsPerson

    @property
    def language(self) -> str:
        return self.session.language


class BrowserSessions:
    """Implements `optima_kit.http.html.Sessions`."""

    def __init__(
        self, database: Database, sealer: Sealer, services: Services, verifier: TokenVerifier, clock: Clock
    ) -> None:
        self.store = PostgresSessions(database, sealer)
        self._services = services
        self._verifier = verifier
        self._clock = clock

    async def find(self, cookie: str, request: web.BaseRequest) -> SignedIn | None:
        identity = _Identity(self._services, self._clock)
        try:
            session = await find_session(self.store, identity, cookie, self._clock.now())
        except (ServiceAway, IssuerAway) as error:
            raise KeysUnavailable from error
        if session is None:
            return None
        try:
            actor = await self._verifier.actor(session.tokens.access)
        except Unauthenticated:
            return None
        headers = {
            "Authorization": f"Bearer {session.tokens.access}",
            "Accept-Language": session.language,
            **forwarded(request),
        }

        async def renewed() -> str | None:
            tokens = await self._renewed(session)
            return tokens.access if tokens else None

        return SignedIn(session, actor, AsPerson(self._services, headers, renewed))

    async def renew(self, signed_in: SignedIn) -> None:
        """Renew the tokens after an action that changed the person's rights, so that the next page uses new
        ones.

        While identity is away, the renewal stays due and no error is raised, because the page that is shown
        now may be shown only once, such as one with recovery codes."""
        with suppress(ServiceAway):
            await self._renewed(signed_in.session)

    async def _renewed(self, session: Session) -> Tokens | None:
        identity = _Identity(self._services, self._clock)
        try:
            return await renew_session(self.store, identity, session, self._clock.now())
        except IssuerAway as error:
            raise ServiceAway("identity") from error

    async def begin(self, granted: Mapping[str, Any], language: str) -> str:
        """Store the tokens that identity granted, as a new session. Return its cookie."""
        now = self._clock.now()
        tokens = read_tokens(granted, now)
        actor = await self._verifier.actor(tokens.access)
        token = os.urandom(32)
        session = Session(
            tenant_id=actor.tenant_id,
            token_hash=hashlib.sha256(token).digest(),
            person_id=actor.person_id,
            language=language,
            tokens=tokens,
            ends_at=now + SESSION_LASTS,
        )
        await self.store.insert(session, now)
        return cookie_of(actor.tenant_id, token)


def forwarded(request: web.BaseRequest) -> dict[str, str]:
    """Return headers about the browser for the services: identity names sessions by the browser, and limits
    requests by its address."""
    passed = (*request.headers.getall("X-Forwarded-For", ()), request.remote or "")
    headers = {"X-Forwarded-For": ", ".join(passed)}
    if agent := request.headers.get("User-Agent"):
        headers["User-Agent"] = agent
    return headers


def as_stranger(call: PageCall) -> AsPerson:
    """Return the services for a person who has not signed in."""
    return AsPerson(call.resources.services, {"Accept-Language": call.language, **forwarded(call.request)})


def read_tokens(granted: Mapping[str, Any], now: datetime) -> Tokens:
    ends = now + timedelta(seconds=granted["expires_in"])
    needed = granted.get("second_factor_needed", False)
    return Tokens(granted["access_token"], granted["refresh_token"], ends, needed)


class _Identity:
    """Implements `application.ports.Issuer`."""

    def __init__(self, services: Services, clock: Clock) -> None:
        self._services = services
        self._clock = clock

    async def lives(self) -> bool:
        return await self._services.lives("identity")

    async def renew(self, refresh_token: str) -> Tokens | None:
        body = {"grant": "refresh_token", "refresh_token": refresh_token}
        try:
            answered = await self._services.ask("identity", "POST", "/v1/tokens", {}, json=body)
        except Refused:
            return None
        return read_tokens(answered.body, self._clock.now())
