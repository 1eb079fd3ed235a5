"""An HTTP client that acts as people: each has their own sign-in, and refusals become readable errors."""

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
"""How many seconds before a token's end a new one is requested."""
_TURN_SECONDS = 30.0
"""How long a request is repeated if the answer tells it to wait (429)."""
_FIRST_LOOK = 0.04
"""After how many seconds to look first for what follows from other services' events."""
_LONGEST_PAUSE = 0.3


class StepFailed(Exception):
    """Raised if a request was refused, or something that should have followed did not happen."""


class ChangedMeanwhile(StepFailed):
    """Raised if something was changed after the caller had read it."""


@dataclass(slots=True)
class Person:
    """A person who acts. `key` names them in the data files."""

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

    If a service does not answer, the request is repeated for `patience` seconds with the same
    Idempotency-Key, so that what it did the first time is not done again.
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
        """Get a token for `person`, unless they have one that is still valid for a while."""
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
        """Send a request without a token. Raises StepFailed if it is refused."""
        return await self._send(method, service, path, "", options)

    async def as_(self, person: Person, method: str, service: str, path: str, **options: Any) -> Answer:
        """Send a request as `person`. Raises StepFailed if it is refused."""
        await self.sign_in(person)
        return await self._send(method, service, path, person.token, options)

    async def with_token(self, token: str, method: str, service: str, path: str, **options: Any) -> Answer:
        """Send a request with a token that the caller has. Raises StepFailed if it is refused."""
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
                # 429 means that the service works but the request has to wait, so it is repeated without
                # patience too.
                waits = _TURN_SECONDS if answer.status == 429 else 0.0
                if time.monotonic() >= ends + waits or not _may_pass(answer):
                    failure = ChangedMeanwhile if answer.status == 412 else StepFailed
                    raise failure(f"{method} {url}: {answer.status} {_reason(answer.body)}")
            await asyncio.sleep(0.1)

    async def _try(self, method: str, url: str, headers: dict[str, str], options: dict[str, Any]) -> Answer:
        self.requests += 1
        async with self._session.request(method, url, headers=headers, **options) as response:
            is_json = response.content_type in ("application/json", "application/problem+json")
            body = await (response.json(content_type=None) if is_json else response.read())
            return Answer(response.status, body, response.headers.copy())


def _may_pass(answer: Answer) -> bool:
    """Tell whether the same request may succeed a moment later."""
    in_flight = isinstance(answer.body, dict) and answer.body.get("code") == "idempotency_in_flight"
    return answer.status in (429, 503) or in_flight


def _reason(body: Any) -> str:
    if not isinstance(body, dict):
        return ""
    errors = "; ".join(f"{e.get('field', '')}: {e['detail']}" for e in body.get("errors", []))
    return f"{body.get('detail', body)} {errors}".strip()


async def until(look: Callable[[], Awaitable[T | None]], what: str, *, within: float = 150.0) -> T:
    """Call `look` repeatedly until it returns something. Raises StepFailed after `within` seconds.

    What is looked for follows from events, which pass through two or three services. So the first look comes
    after the time that this takes, and each pause is longer than the one before: every look costs a service
    as much as other work does. The default of `within` is longer than a job waits whose worker was killed:
    45 s for the end of its lease, and 60 s until it is hinted at again.
    """
    deadline = time.monotonic() + within
    pause = _FIRST_LOOK
    while True:
        await asyncio.sleep(pause)
        found = await look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise StepFailed(f"not within {within:.0f} s: {what}")
        pause = min(pause * 1.5, _LONGEST_PAUSE)
