"""HTTP as people use it: each with their own sign-in, refused with words that can be read."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import aiohttp

T = TypeVar("T")

_RENEW_BEFORE = 60.0
"""Seconds before a token's end at which a new one is asked for."""
_TURN_SECONDS = 30.0
"""So long a request that is told to wait for its turn is repeated."""


class StepFailed(Exception):
    """A request was refused, or something that should have followed did not."""


@dataclass(slots=True)
class Person:
    """Somebody who acts. `key` is what the data files call them."""

    key: str
    name: str
    email: str
    password: str
    person_id: str = ""
    token: str = ""
    token_ends: float = 0.0
    signing_in: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def etag(self) -> str:
        return self.headers["ETag"]


class Api:
    """The services at `addresses` (name → base URL), as seen by the people of one tenant.

    A service that does not answer is asked again for `patience` seconds, under the same Idempotency-Key:
    what was done at the first time is not done again.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        addresses: Mapping[str, str],
        tenant: str,
        patience: float = 0.0,
    ) -> None:
        self._session = session
        self._addresses = addresses
        self._tenant = tenant
        self._patience = patience
        self.requests = 0

    async def sign_in(self, person: Person) -> None:
        """Gets `person` a token, unless they hold one that lasts."""
        async with person.signing_in:
            if time.time() < person.token_ends - _RENEW_BEFORE:
                return
            body = {
                "grant": "password",
                "tenant": self._tenant,
                "email": person.email,
                "password": person.password,
            }
            answer = await self.anonymous("POST", "identity", "/v1/tokens", json=body)
            person.token = answer.body["access_token"]
            person.token_ends = time.time() + answer.body["expires_in"]

    async def anonymous(self, method: str, service: str, path: str, **options: Any) -> Answer:
        """A request without a token. Raises StepFailed when it is refused."""
        return await self._send(method, service, path, "", options)

    async def as_(self, person: Person, method: str, service: str, path: str, **options: Any) -> Answer:
        """A request as `person`. Raises StepFailed when it is refused."""
        await self.sign_in(person)
        return await self._send(method, service, path, person.token, options)

    async def with_token(self, token: str, method: str, service: str, path: str, **options: Any) -> Answer:
        """A request with a token that somebody else got. Raises StepFailed when it is refused."""
        return await self._send(method, service, path, token, options)

    async def _send(
        self, method: str, service: str, path: str, token: str, options: dict[str, Any]
    ) -> Answer:
        headers = {"Accept-Language": "en", **options.pop("headers", {})}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if method != "GET":
            headers.setdefault("Idempotency-Key", uuid.uuid4().hex)
        url = self._addresses[service] + path
        ends = time.monotonic() + self._patience
        while True:
            try:
                answer = await self._try(method, url, headers, options)
            except (aiohttp.ClientError, TimeoutError) as error:
                if time.monotonic() >= ends:
                    raise StepFailed(f"{method} {url}: {error!r}") from error
            else:
                if answer.status < 400:
                    return answer
                # Its turn has not come yet: a service that answers so works, which patience is not about.
                waits = _TURN_SECONDS if answer.status == 429 else 0.0
                if time.monotonic() >= ends + waits or not _may_pass(answer):
                    raise StepFailed(f"{method} {url}: {answer.status} {_reason(answer.body)}")
            await asyncio.sleep(0.1)

    async def _try(self, method: str, url: str, headers: dict[str, str], options: dict[str, Any]) -> Answer:
        self.requests += 1
        async with self._session.request(method, url, headers=headers, **options) as response:
            is_json = response.content_type in ("application/json", "application/problem+json")
            body = await (response.json(content_type=None) if is_json else response.read())
            return Answer(response.status, body, response.headers.copy())


def _may_pass(answer: Answer) -> bool:
    """Whether the same request may succeed a moment later."""
    in_flight = isinstance(answer.body, dict) and answer.body.get("code") == "idempotency_in_flight"
    return answer.status in (429, 503) or in_flight


def _reason(body: Any) -> str:
    if not isinstance(body, dict):
        return ""
    errors = "; ".join(f"{e.get('field', '')}: {e['detail']}" for e in body.get("errors", []))
    return f"{body.get('detail', body)} {errors}".strip()


async def until(look: Callable[[], Awaitable[T | None]], what: str, *, within: float = 30.0) -> T:
    """Asks again and again until there is an answer. Raises StepFailed after `within` seconds."""
    deadline = time.monotonic() + within
    pause = 0.004
    while True:
        found = await look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise StepFailed(f"not within {within:.0f} s: {what}")
        await asyncio.sleep(pause)
        pause = min(pause * 1.6, 0.1)
