"""Calls of an ERP over HTTP with JSON: sign-in and its end, pace, limits, and what a status means."""

from __future__ import annotations

import hashlib
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import wraps
from inspect import isasyncgenfunction
from traceback import extract_tb
from typing import Any, Final, Generic, Protocol, TypeVar

import aiohttp
import orjson
from yarl import URL

from ..application.ports import (
    Conflict,
    Endpoint,
    Fault,
    Pace,
    Rejected,
    Session,
    Throttled,
    Unauthorised,
    Unreachable,
)
from .capabilities import PAGE, Declared
from .egress import EgressGuard

_log = logging.getLogger(__name__)

TIMEOUT: Final = aiohttp.ClientTimeout(total=60, sock_connect=10)
MOST_BYTES: Final = 50 << 20
WAIT_UNLESS_TOLD: Final = timedelta(minutes=1)
LONGEST_WAIT: Final = timedelta(days=1)
"""Who asks for more has made a mistake."""

T = TypeVar("T")

Headers = Mapping[str, str]
"""What a request is signed with: a bearer's token or a session's cookies."""


class NotFound(Fault):
    """There is nothing at that address."""

    def __init__(self) -> None:
        super().__init__("remote_unreachable", error="HTTP 404")


class SessionEnded(Exception):
    """The remote system does not know the session any more, and did nothing."""


class SignIns(Generic[T]):
    """As what remote systems signed us in, kept from run to run: signing in costs them, and is counted."""

    def __init__(self) -> None:
        self._known: dict[str, T] = {}

    def of(self, endpoint: Endpoint) -> T | None:
        return self._known.get(_fingerprint(endpoint))

    def keep(self, endpoint: Endpoint, signed_in: T | None) -> None:
        if signed_in is not None:
            self._known[_fingerprint(endpoint)] = signed_in


class Client(Protocol):
    """Calls one ERP as one user."""

    signed_in: Any
    """As what the ERP knows us; None: it does not yet."""


class HttpConnector(Declared, ABC):
    """What connectors to ERPs at an address have alike."""

    def __init__(self, guard: EgressGuard, *, page: int = PAGE) -> None:
        self._guard = guard
        self._page = page
        self._sign_ins: SignIns[Any] = SignIns()

    def check(self, settings: Mapping[str, str]) -> Mapping[str, str]:
        return {**settings, "url": self._guard.check(settings["url"])}

    @asynccontextmanager
    async def open(self, endpoint: Endpoint) -> AsyncIterator[Session]:
        """As `ports.Connector` says. It stays signed in from run to run, and an answer that is not what the
        interface promises, such as a page of a proxy in between, is the ERP's fault (Unreachable). What an
        ERP complains of does not repeat our credentials."""
        async with http_session(self._guard, endpoint.settings["url"]) as http:
            client, session = self._begin(http, endpoint)
            client.signed_in = self._sign_ins.of(endpoint)
            try:
                yield _wary(
                    session, [each for each in endpoint.secrets.values() if len(each) >= _SHORTEST_SECRET]
                )
            finally:
                self._sign_ins.keep(endpoint, client.signed_in)

    @abstractmethod
    def _begin(self, http: aiohttp.ClientSession, endpoint: Endpoint) -> tuple[Client, Session]:
        """Calls nobody yet."""


class Rest:
    """One ERP's interface: addresses below a base, JSON both ways."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        base: str,
        *,
        sign_in: Callable[[], Awaitable[Headers]],
        pace: Pace | None = None,
    ) -> None:
        self._http = http
        self._base = base
        self._sign_in = sign_in
        self.signed_in: Headers | None = None
        self._pace = pace
        self.server_time = datetime.now(UTC)
        """Of the last answer, whole seconds."""

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Headers | None = None,
    ) -> Any:
        """What is answered; None for an empty answer. Signs in where that is needed, also when a session has
        ended. Raises Fault; NotFound where nothing is at the address."""
        for renewed in (False, True):
            if self.signed_in is None or renewed:
                self.signed_in = await self._sign_in()
            try:
                return await self._send(method, path, body, query, {**self.signed_in, **(headers or {})})
            except SessionEnded:
                self.signed_in = None
                if renewed:
                    break
        raise Unauthorised("credentials_refused")

    async def _send(
        self, method: str, path: str, body: Any, query: Mapping[str, str] | None, headers: Headers
    ) -> Any:
        if self._pace is not None:
            await self._pace.turn()
        answer = await exchange(
            self._http,
            method,
            URL(self._base + path, encoded=True).update_query(query or {}),
            content=None if body is None else orjson.dumps(body),
            headers={"Content-Type": "application/json", "Accept": "application/json", **headers},
        )
        self.server_time = told_at(answer) or self.server_time
        match answer.status:
            case 401:
                raise SessionEnded
            case 404:
                raise NotFound
            case _:
                return judged(answer)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    content: bytes


async def exchange(
    http: aiohttp.ClientSession, method: str, url: URL, *, content: bytes | None, headers: Headers
) -> Answer:
    """One request and its whole answer. No redirect is followed. Raises Unreachable."""
    try:
        async with http.request(
            method, url, data=content, headers=headers, allow_redirects=False, timeout=TIMEOUT
        ) as response:
            return Answer(response.status, response.headers, await _whole(response))
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise Unreachable("remote_unreachable", error=type(error).__name__) from error


def judged(answer: Answer) -> Any:
    """The answer's JSON, or its text where it is none; None where it is empty. Raises Fault where its status
    says so."""
    match answer.status:
        case 200 | 201 | 202 | 204:
            return _read(answer)
        case 401 | 403:
            raise Unauthorised("credentials_refused")
        case 409 | 412:
            raise Conflict("")
        case 429 | 503:
            raise Throttled(retry_after(answer.headers.get("Retry-After")))
        case status if 400 <= status < 500 and (text := _complaint(answer)):
            raise Rejected("remote_refused", text=text)
        case status:
            raise Unreachable("remote_unreachable", error=f"HTTP {status}")


@asynccontextmanager
async def http_session(guard: EgressGuard, url: str) -> AsyncIterator[aiohttp.ClientSession]:
    """For calls of that address alone; whoever calls keeps the cookies. Raises Unreachable for an address to
    which no connection may lead."""
    async with aiohttp.ClientSession(
        connector=guard.connector(url), cookie_jar=aiohttp.DummyCookieJar()
    ) as http:
        yield http


_NOT_AS_PROMISED: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


_SHORTEST_SECRET: Final = 4
"""Characters: a shorter one is in half of all words."""


def _wary(session: Session, secrets: Collection[str]) -> Session:
    """All of it that speaks to the ERP raises Unreachable for what is not as promised, and faults without the
    secrets."""
    for name in ("probe", "schema", "changes", "written", "find", "put"):
        if (method := getattr(session, name, None)) is not None:
            wary = _wary_pages if isasyncgenfunction(method) else _wary_call
            setattr(session, name, wary(method, secrets))
    return session


def _wary_call(
    method: Callable[..., Awaitable[Any]], secrets: Collection[str]
) -> Callable[..., Awaitable[Any]]:
    @wraps(method)
    async def call(*arguments: Any, **named: Any) -> Any:
        try:
            return await method(*arguments, **named)
        except Fault as fault:
            fault.hide(secrets)
            raise
        except _NOT_AS_PROMISED as error:
            raise _strange(error) from error

    return call


def _wary_pages(
    method: Callable[..., AsyncGenerator[Any, None]], secrets: Collection[str]
) -> Callable[..., AsyncIterator[Any]]:
    @wraps(method)
    async def call(*arguments: Any, **named: Any) -> AsyncIterator[Any]:
        async with aclosing(method(*arguments, **named)) as pages:
            while True:
                try:
                    page = await anext(pages)
                except StopAsyncIteration:
                    return
                except Fault as fault:
                    fault.hide(secrets)
                    raise
                except _NOT_AS_PROMISED as error:
                    raise _strange(error) from error
                yield page

    return call


def _strange(error: Exception) -> Unreachable:
    # Without its text, in which there may be somebody's data.
    at = extract_tb(error.__traceback__)[-1]
    _log.warning(
        "an ERP does not answer as it promises: %s at %s:%s", type(error).__name__, at.name, at.lineno
    )
    return Unreachable("remote_answers_otherwise", error=type(error).__name__)


def retry_after(told: str | None) -> timedelta:
    """As HTTP says it: seconds, or a moment; a minute where nothing is told."""
    told = told or ""
    try:
        waits = timedelta(seconds=int(told)) if told.isdecimal() else _moment(told) - datetime.now(UTC)
    except (ValueError, TypeError, OverflowError):
        return WAIT_UNLESS_TOLD
    return min(max(waits, timedelta()), LONGEST_WAIT)


def told_at(answer: Answer) -> datetime | None:
    """When it was given, by the other's clock; None where that can't be read."""
    try:
        return _moment(answer.headers.get("Date") or "")
    except (ValueError, TypeError):
        return None


def _moment(text: str) -> datetime:
    found = parsedate_to_datetime(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    content = await response.content.read(MOST_BYTES + 1)
    while chunk := await response.content.read(MOST_BYTES + 1 - len(content)):
        content += chunk
    if len(content) > MOST_BYTES:
        raise Unreachable("remote_unreachable", error="too much")
    return content


def _read(answer: Answer) -> Any:
    if not answer.content:
        return None
    if "json" not in answer.headers.get("Content-Type", ""):
        return answer.content.decode("utf-8", "replace")
    try:
        return orjson.loads(answer.content)
    except orjson.JSONDecodeError as error:
        raise Unreachable("remote_unreachable", error=type(error).__name__) from error


def _complaint(answer: Answer) -> str:
    """What the remote system says is wrong, in its own words: {"message": …} or {"error": {"message": …}},
    the message a text or {"value": text}."""
    try:
        told = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return ""
    for name in ("error", "message", "value"):
        told = told.get(name, told) if isinstance(told, dict) else told
    return " ".join(told.split()) if isinstance(told, str) else ""


def _fingerprint(endpoint: Endpoint) -> str:
    who = orjson.dumps(
        [str(endpoint.tenant_id), dict(endpoint.settings), dict(endpoint.secrets)],
        option=orjson.OPT_SORT_KEYS,
    )
    return hashlib.sha256(who).hexdigest()
