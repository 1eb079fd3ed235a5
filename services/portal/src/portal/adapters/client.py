"""The client of the other services, which calls them with the token of the person who looks at the page."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal
from urllib.parse import quote, urlencode

import aiohttp
import orjson

from optima_kit.ids import new_id
from optima_kit.tracing import current_trace


class Refused(Exception):
    """A service refused a request. The service's text is shown to the person."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(problem.get("code"))
        self.status = status
        self.code: str = problem.get("code", "")
        self.title: str = problem.get("title", "")
        self.detail: str = problem.get("detail", "")
        self.errors: list[Mapping[str, Any]] = problem.get("errors", [])


class ProofNeeded(Exception):
    """Identity requires a recent proof, so the person is asked for a password or code."""


class TokenOutdated(Refused):
    """The access token no longer reflects the person's rights; the request succeeds with a new token."""


class ServiceAway(Exception):
    """A service did not answer in time, or could not."""


@dataclass(frozen=True, slots=True)
class ServiceResponse:
    body: Any
    """JSON as Python objects, or bytes of any other media type."""
    media_type: str
    disposition: str
    version: str | None = None
    """The version of the answered thing, which a later change names as the one that was seen."""


class _Gap:
    """The value of a page's part whose service was away. It is falsy, but distinct from an empty answer."""

    def __bool__(self) -> bool:
        return False


LISTED: Final = 200
"""How many items one answer of a list holds at most."""
_READ_ON: Final = 10
"""How many answers of a list are read for one page at most: 2,000 items, as many as a form can offer."""
_FILE_PAUSES: Final = 90.0
"""The longest wait in seconds for the next bytes of a file, because a printout is typeset before its
first."""

_SOON: Final = 0.3
"""Seconds after which the health of a service that has not answered is checked."""
_LIVES: Final = 0.4
"""Seconds that a service has to answer the health check. A service that is only slow answers it at once."""
_REMEMBERED: Final = 1.0
"""Seconds for which a service that failed the health check is not called again, so that several requests of a
page fail together instead of one after the other."""

GAP: Final = _Gap()
HIDDEN: Final = None
"""The value of a page's part that the reader may not see; the page leaves it out."""


class Services:
    """Every other service's API, through one pool of connections."""

    def __init__(self, addresses: Mapping[str, str], patience: float) -> None:
        self._addresses = {name: address.rstrip("/") for name, address in addresses.items()}
        self._timeout = aiohttp.ClientTimeout(total=patience)
        self._stood_still: dict[str, float] = {}
        """Services that failed the health check, and until when that is remembered."""
        self._client: aiohttp.ClientSession | None = None
        self._looking: aiohttp.ClientSession | None = None
        """A separate pool for health checks, because a pool full of slow answers would delay them."""

    async def close(self) -> None:
        for each in (self._client, self._looking):
            if each is not None:
                await each.close()

    async def ask(
        self, service: str, method: str, path: str, headers: Mapping[str, str], **content: Any
    ) -> ServiceResponse:
        """Call a service. Raises Refused for a refusal, its subclasses for particular ones, ProofNeeded if a
        proof is required, and Away if there is no answer. A read is given up as soon as the service fails its
        health check; a command is not, because the service may have executed it."""
        if method == "GET" and self._is_known_still(service):
            raise ServiceAway(service)
        asked = self._answer(service, method, path, headers, **content)
        return await (self._unless_still(service, asked) if method == "GET" else asked)

    async def lives(self, service: str) -> bool:
        """Tell whether the service passes the health check now, and did not fail it a moment ago."""
        return not self._is_known_still(service) and await self._look(service) == "lives"

    async def _look(self, service: str) -> Literal["lives", "stands still", "refuses"]:
        """Check a service's health. An instance that is shutting down refuses new connections, but still
        answers earlier requests."""
        if self._looking is None:
            self._looking = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=_LIVES),
            )
        try:
            async with self._looking.get(self._addresses[service] + "/livez", allow_redirects=False):
                self._stood_still.pop(service, None)
                return "lives"
        except TimeoutError:
            self._stood_still[service] = time.monotonic() + _REMEMBERED
            return "stands still"
        except aiohttp.ClientError:
            return "refuses"

    def _is_known_still(self, service: str) -> bool:
        return time.monotonic() < self._stood_still.get(service, 0)

    async def _answer(
        self, service: str, method: str, path: str, headers: Mapping[str, str], **content: Any
    ) -> ServiceResponse:
        try:
            async with self._request(service, method, path, headers, **content) as response:
                self._stood_still.pop(service, None)
                raw = await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ServiceAway(service) from error
        return _answered(service, response, raw)

    async def _unless_still(
        self, service: str, asked: Coroutine[Any, Any, ServiceResponse]
    ) -> ServiceResponse:
        answer = asyncio.ensure_future(asked)
        try:
            await asyncio.wait({answer}, timeout=_SOON)
            if not answer.done() and await self._stands_still(service, answer):
                raise ServiceAway(service)
            return await answer
        finally:
            answer.cancel()

    async def _stands_still(self, service: str, answer: asyncio.Future[ServiceResponse]) -> bool:
        look = asyncio.ensure_future(self._look(service))
        try:
            either: set[asyncio.Future[Any]] = {answer, look}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            return not answer.done() and await look == "stands still"
        finally:
            look.cancel()

    async def stream(
        self, service: str, path: str, headers: Mapping[str, str], params: Mapping[str, str]
    ) -> ServiceResponse:
        """Return a file of any size, passed on as it arrives. Raises as `ask` does, before the first byte."""
        timeout = aiohttp.ClientTimeout(sock_read=_FILE_PAUSES)
        try:
            response = await self._request(service, "GET", path, headers, params=params, timeout=timeout)
            if response.status != 200:
                return _answered(service, response, await response.read())
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ServiceAway(service) from error
        return ServiceResponse(_chunks(response), response.content_type, _disposition(response))

    def _request(
        self, service: str, method: str, path: str, headers: Mapping[str, str], **content: Any
    ) -> Any:
        if self._client is None:
            self._client = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), timeout=self._timeout)
        trace = {"traceparent": carried} if (carried := current_trace()) else {}
        return self._client.request(
            method,
            self._addresses[service] + path,
            headers={**headers, **trace},
            allow_redirects=False,
            **content,
        )


def _answered(service: str, response: aiohttp.ClientResponse, raw: bytes) -> ServiceResponse:
    if response.status >= 500:
        raise ServiceAway(service)
    body = orjson.loads(raw) if raw and response.content_type.endswith("json") else raw
    if response.status >= 400:
        raise _refusal(response.status, body if isinstance(body, dict) else {})
    version = response.headers.get("ETag", "").strip('"') or None
    return ServiceResponse(body, response.content_type, _disposition(response), version)


def _refusal(status: int, problem: Mapping[str, Any]) -> Exception:
    match problem.get("code"):
        case "proof_needed":
            return ProofNeeded()
        case "token_outdated":
            return TokenOutdated(status, problem)
    return Refused(status, problem)


def _disposition(response: aiohttp.ClientResponse) -> str:
    return response.headers.get("Content-Disposition", "inline")


async def _chunks(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    async with response:
        async for chunk in response.content.iter_any():
            yield chunk


@dataclass(slots=True)
class AsPerson:
    """The services, called as one person. The access token is renewed if it is outdated."""

    services: Services
    headers: Mapping[str, str]
    renewed: Callable[[], Awaitable[str | None]] | None = None
    """Renews the access token and returns the new one, or None if identity has ended the session."""
    _renewing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def _ask(
        self,
        service: str,
        method: str,
        path: str,
        more: Mapping[str, str] = MappingProxyType({}),
        **content: Any,
    ) -> ServiceResponse:
        used = self.headers
        try:
            return await self.services.ask(service, method, path, {**used, **more}, **content)
        except TokenOutdated as outdated:
            await self._renew(used, outdated)
            return await self.services.ask(service, method, path, {**self.headers, **more}, **content)

    async def _renew(self, used: Mapping[str, str], outdated: TokenOutdated) -> None:
        """Renew the token once for all parts of a page that were requested with the same token."""
        async with self._renewing:
            if self.headers is not used:
                return
            token = await self.renewed() if self.renewed else None
            if token is None:
                raise outdated
            self.headers = {**used, "Authorization": f"Bearer {token}"}

    async def get(self, service: str, path: str, **query: Any) -> Any:
        """Return the answer of a GET request. Parameters that are None or empty are left out."""
        return (await self._ask(service, "GET", path, params=_given(query))).body

    async def every(self, service: str, path: str, **query: Any) -> Any:
        """Return a whole list, read page by page. It has a `next_cursor` only if it is longer than the portal
        shows."""
        found = await self.get(service, path, **query, limit=LISTED)
        return await self.read_on(service, path, found, **query)

    async def read_on(self, service: str, path: str, found: Any, **query: Any) -> Any:
        """As `every`, of a list whose first `LISTED` were answered together with other things."""
        items = found["items"]
        for _ in range(_READ_ON - 1):
            if "next_cursor" not in found:
                break
            found = await self.get(service, path, **query, limit=LISTED, cursor=found["next_cursor"])
            items += found["items"]
        return {**found, "items": items}

    async def answered(self, service: str, path: str, **query: Any) -> ServiceResponse:
        """Do as `get`, and return the version of the answer, too."""
        return await self.services.ask(service, "GET", path, self.headers, params=_given(query))

    async def file(self, service: str, path: str) -> ServiceResponse:
        return await self._ask(service, "GET", path)

    async def stream(self, service: str, path: str, **query: Any) -> ServiceResponse:
        """Return a file that is created while it is read. It may be large or take long."""
        used = self.headers
        try:
            return await self.services.stream(service, path, used, _given(query))
        except TokenOutdated as outdated:
            await self._renew(used, outdated)
            return await self.services.stream(service, path, self.headers, _given(query))

    async def send(
        self,
        service: str,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        version: int | str | None = None,
        key: str | None = None,
        patience: float | None = None,
    ) -> Any:
        """Send a command. `key` is the key of its form, so that a form sent twice is executed once. `version`
        is the version that the person saw. `patience` is the timeout in seconds of a command that takes
        longer than others."""
        headers = {}
        if method == "POST":
            headers["Idempotency-Key"] = key or str(new_id())
        if version not in (None, ""):
            headers["If-Match"] = f'"{version}"'
        longer = {} if patience is None else {"timeout": aiohttp.ClientTimeout(total=patience)}
        return (await self._ask(service, method, path, headers, json=body or {}, **longer)).body

    async def send_document(
        self,
        service: str,
        method: str,
        path: str,
        media_type: str,
        text: str,
        *,
        version: str | None = None,
    ) -> ServiceResponse:
        """Send a document as a person wrote it."""
        headers = {"Content-Type": media_type}
        if version:
            headers["If-Match"] = f'"{version}"'
        return await self._ask(service, method, path, headers, data=text.encode())

    async def upload(
        self,
        service: str,
        path: str,
        name: str,
        media_type: str,
        data: bytes,
        *,
        key: str | None = None,
        **query: str,
    ) -> Any:
        """Send a file; `key` as in `send`."""
        headers = {"Idempotency-Key": key or str(new_id()), "Content-Type": media_type}
        address = f"{path}?{urlencode(_given({'name': name, **query}), quote_via=quote)}"
        return (await self._ask(service, "POST", address, headers, data=data)).body


def _given(query: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in query.items() if value not in (None, "")}


async def part(asked: Awaitable[Any]) -> Any:
    """Return a part of a page: GAP if its service is away, HIDDEN if the reader may not see it."""
    try:
        return await asked
    except ServiceAway:
        return GAP
    except Refused as refused:
        if refused.status in (403, 404):
            return HIDDEN
        raise


async def with_parts(main: Awaitable[Any], *parts: Awaitable[Any]) -> list[Any]:
    """Return a page's main content, which is required, and its optional `part`s, all requested at once."""
    found: list[Any] = await asyncio.gather(main, *(part(each) for each in parts))
    return found
