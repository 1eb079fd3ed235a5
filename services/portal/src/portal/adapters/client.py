"""The other services, asked with the token of whoever looks at the page."""

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
    """A service refused what was asked of it. Its words are for the person."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(problem.get("code"))
        self.status = status
        self.code: str = problem.get("code", "")
        self.title: str = problem.get("title", "")
        self.detail: str = problem.get("detail", "")
        self.errors: list[Mapping[str, Any]] = problem.get("errors", [])


class ProofNeeded(Exception):
    """Identity does it only for who has lately shown a password or code: the person is asked for one."""


class Outdated(Refused):
    """The access token says no longer what its person may do: with a new one the request is answered."""


class Away(Exception):
    """A service did not answer in time, or could not."""


@dataclass(frozen=True, slots=True)
class Answered:
    body: Any
    """JSON as Python objects, or bytes of any other media type."""
    media_type: str
    disposition: str
    version: str | None = None
    """Of what was answered, as a change of it names the one that was seen."""


class _Gap:
    """Stands where a part of a page was not to be had: nothing, and known from an empty answer."""

    def __bool__(self) -> bool:
        return False


LISTED: Final = 200
"""What one answer of a list holds at most."""
_READ_ON: Final = 10
"""Answers of a list that are read for one page at most: 2,000 things, as many as a form can offer."""
_FILE_PAUSES: Final = 90.0
"""Seconds until the next bytes of a file at most: a printout is typeset before its first."""

_SOON: Final = 0.3
"""Seconds after which a service that has not answered is asked whether it lives."""
_LIVES: Final = 0.4
"""Seconds that it has to say so. One that is merely slow says it at once."""
_REMEMBERED: Final = 1.0
"""Seconds for which it is then not asked again: what a page needs of it in turn is away together."""

GAP: Final = _Gap()
HIDDEN: Final = None
"""Stands where the reader may not see a part of a page: it is left out."""


class Services:
    """Every other service's API, through one pool of connections."""

    def __init__(self, addresses: Mapping[str, str], patience: float) -> None:
        self._addresses = {name: address.rstrip("/") for name, address in addresses.items()}
        self._timeout = aiohttp.ClientTimeout(total=patience)
        self._stood_still: dict[str, float] = {}
        """Services that neither answered nor lived, and until when that is remembered."""
        self._client: aiohttp.ClientSession | None = None
        self._looking: aiohttp.ClientSession | None = None
        """Asks them whether they live: a pool that is full of slow answers says nothing of a service."""

    async def close(self) -> None:
        for each in (self._client, self._looking):
            if each is not None:
                await each.close()

    async def ask(
        self, service: str, method: str, path: str, headers: Mapping[str, str], **content: Any
    ) -> Answered:
        """Raises Refused for a refusal, ProofNeeded for one of them, and Away where there is no answer. What
        is only read is not waited for where the service stands still; what is sent may have been done."""
        if method == "GET" and self._is_known_still(service):
            raise Away(service)
        asked = self._answer(service, method, path, headers, **content)
        return await (self._unless_still(service, asked) if method == "GET" else asked)

    async def lives(self, service: str) -> bool:
        """Whether it says so at once, and did not stand still a moment ago."""
        return not self._is_known_still(service) and await self._look(service) == "lives"

    async def _look(self, service: str) -> Literal["lives", "stands still", "refuses"]:
        """An instance that is about to end refuses connections, and answers what it was asked before."""
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
    ) -> Answered:
        try:
            async with self._request(service, method, path, headers, **content) as response:
                self._stood_still.pop(service, None)
                raw = await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Away(service) from error
        return _answered(service, response, raw)

    async def _unless_still(self, service: str, asked: Coroutine[Any, Any, Answered]) -> Answered:
        answer = asyncio.ensure_future(asked)
        try:
            await asyncio.wait({answer}, timeout=_SOON)
            if not answer.done() and await self._stands_still(service, answer):
                raise Away(service)
            return await answer
        finally:
            answer.cancel()

    async def _stands_still(self, service: str, answer: asyncio.Future[Answered]) -> bool:
        look = asyncio.ensure_future(self._look(service))
        try:
            either: set[asyncio.Future[Any]] = {answer, look}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            return not answer.done() and await look == "stands still"
        finally:
            look.cancel()

    async def stream(
        self, service: str, path: str, headers: Mapping[str, str], params: Mapping[str, str]
    ) -> Answered:
        """A file of any size, passed on as it comes. Raises as `ask` does, before its first byte."""
        timeout = aiohttp.ClientTimeout(sock_read=_FILE_PAUSES)
        try:
            response = await self._request(service, "GET", path, headers, params=params, timeout=timeout)
            if response.status != 200:
                return _answered(service, response, await response.read())
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Away(service) from error
        return Answered(_chunks(response), response.content_type, _disposition(response))

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


def _answered(service: str, response: aiohttp.ClientResponse, raw: bytes) -> Answered:
    if response.status >= 500:
        raise Away(service)
    body = orjson.loads(raw) if raw and response.content_type.endswith("json") else raw
    if response.status >= 400:
        raise _refusal(response.status, body if isinstance(body, dict) else {})
    version = response.headers.get("ETag", "").strip('"') or None
    return Answered(body, response.content_type, _disposition(response), version)


def _refusal(status: int, problem: Mapping[str, Any]) -> Exception:
    match problem.get("code"):
        case "proof_needed":
            return ProofNeeded()
        case "token_outdated":
            return Outdated(status, problem)
    return Refused(status, problem)


def _disposition(response: aiohttp.ClientResponse) -> str:
    return response.headers.get("Content-Disposition", "inline")


async def _chunks(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    async with response:
        async for chunk in response.content.iter_any():
            yield chunk


@dataclass(slots=True)
class AsPerson:
    """The services as one person reaches them, with a new access token where theirs is outdated."""

    services: Services
    headers: Mapping[str, str]
    renewed: Callable[[], Awaitable[str | None]] | None = None
    """The access token after a renewal; None where identity has ended the session."""
    _renewing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def _ask(
        self,
        service: str,
        method: str,
        path: str,
        more: Mapping[str, str] = MappingProxyType({}),
        **content: Any,
    ) -> Answered:
        used = self.headers
        try:
            return await self.services.ask(service, method, path, {**used, **more}, **content)
        except Outdated as outdated:
            await self._renew(used, outdated)
            return await self.services.ask(service, method, path, {**self.headers, **more}, **content)

    async def _renew(self, used: Mapping[str, str], outdated: Outdated) -> None:
        """Once for all parts of a page that were asked for with the same token."""
        async with self._renewing:
            if self.headers is not used:
                return
            token = await self.renewed() if self.renewed else None
            if token is None:
                raise outdated
            self.headers = {**used, "Authorization": f"Bearer {token}"}

    async def get(self, service: str, path: str, **query: Any) -> Any:
        """What a GET answers. Parameters that are None or empty are left out."""
        return (await self._ask(service, "GET", path, params=_given(query))).body

    async def every(self, service: str, path: str, **query: Any) -> Any:
        """A whole list, read on until its end. It names a `next_cursor` only where it is longer than any
        page can show."""
        found = await self.get(service, path, **query, limit=LISTED)
        items = found["items"]
        for _ in range(_READ_ON - 1):
            if "next_cursor" not in found:
                break
            found = await self.get(service, path, **query, limit=LISTED, cursor=found["next_cursor"])
            items += found["items"]
        return {**found, "items": items}

    async def answered(self, service: str, path: str, **query: Any) -> Answered:
        """As `get`, with the version of what was answered."""
        return await self.services.ask(service, "GET", path, self.headers, params=_given(query))

    async def file(self, service: str, path: str) -> Answered:
        return await self._ask(service, "GET", path)

    async def stream(self, service: str, path: str, **query: Any) -> Answered:
        """A file that is made as it is read: it may be large, or long in coming."""
        used = self.headers
        try:
            return await self.services.stream(service, path, used, _given(query))
        except Outdated as outdated:
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
        """Sends a command. `key`: of the form that it came by, so that a form sent twice is done once;
        `version`: the one that the person saw; `patience`: seconds, for one that takes longer than others."""
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
    ) -> Answered:
        """Sends a document as a person wrote it."""
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
        """Sends a file; `key` as with `send`."""
        headers = {"Idempotency-Key": key or str(new_id()), "Content-Type": media_type}
        address = f"{path}?{urlencode(_given({'name': name, **query}), quote_via=quote)}"
        return (await self._ask(service, "POST", address, headers, data=data)).body


def _given(query: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in query.items() if value not in (None, "")}


async def part(asked: Awaitable[Any]) -> Any:
    """A part of a page: GAP where its service is away, HIDDEN where the reader may not see it."""
    try:
        return await asked
    except Away:
        return GAP
    except Refused as refused:
        if refused.status in (403, 404):
            return HIDDEN
        raise


async def with_parts(main: Awaitable[Any], *parts: Awaitable[Any]) -> list[Any]:
    """What a page is about, which must be there, and its `part`s, all asked at once."""
    found: list[Any] = await asyncio.gather(main, *(part(each) for each in parts))
    return found
