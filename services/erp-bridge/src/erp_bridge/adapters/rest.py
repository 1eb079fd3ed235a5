"""Calls to an ERP over HTTP with JSON: sign-in, expired sessions, pace, limits and the meaning of
statuses."""

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
from .capabilities import PAGE, DescribedConnector
from .egress import EgressGuard

_log = logging.getLogger(__name__)

TIMEOUT: Final = aiohttp.ClientTimeout(total=60, sock_connect=10)
MOST_BYTES: Final = 50 << 20
WAIT_UNLESS_TOLD: Final = timedelta(minutes=1)
LONGEST_WAIT: Final = timedelta(days=1)
"""The longest time that we wait if an ERP asks for it; a longer one must be a mistake."""

T = TypeVar("T")

Headers = Mapping[str, str]
"""The headers that authenticate a request: a bearer token or a session's cookies."""


class NotFound(Fault):
    """The ERP has nothing at this address."""

    def __init__(self) -> None:
        super().__init__("remote_unreachable", error="HTTP 404")


class SessionEnded(Exception):
    """The remote system no longer knows the session, and has not executed the call."""


class SignIns(Generic[T]):
    """Our sessions with remote systems, kept from run to run, because signing in is costly and some systems
    limit it."""

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
    """The session with the ERP; None before the first sign-in."""


class HttpConnector(DescribedConnector, ABC):
    """The base of connectors to ERPs that are called over HTTP."""

    def __init__(self, guard: EgressGuard, *, page: int = PAGE) -> None:
        self._guard = guard
        self._page = page
        self._sign_ins: SignIns[Any] = SignIns()

    def check(self, settings: Mapping[str, str]) -> Mapping[str, str]:
        return {**settings, "url": self._guard.check(settings["url"])}

    @asynccontextmanager
    async def open(self, endpoint: Endpoint) -> AsyncIterator[Session]:
        """Open a session as `ports.Connector` says. The sign-in is kept from run to run. An answer that
        breaks the interface's promise, such as a proxy's error page, raises Unreachable. Error messages of
        the ERP don't repeat our credentials."""
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
        """Create the client and the session without calling the ERP yet."""


class Rest:
    """One ERP's interface: addresses below a base URL, with JSON in requests and answers."""

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
        """The ERP's time at its last answer, in whole seconds."""

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Headers | None = None,
    ) -> Any:
        """Call the ERP and return its answer, or None if the answer is empty. Sign in first if there is no
        session or it has ended. Raises Fault, in particular NotFound if nothing is at the address."""
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
    """Send one request and return the whole answer. Redirects are not followed. Raises Unreachable."""
    try:
        async with http.request(
            method, url, data=content, headers=headers, allow_redirects=False, timeout=TIMEOUT
        ) as response:
            return Answer(response.status, response.headers, await _whole(response))
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise Unreachable("remote_unreachable", error=type(error).__name__) from error


def judged(answer: Answer) -> Any:
    """Return the answer's JSON, its text if it is not JSON, or None if it is empty. Raises Fault if the
    status means an error."""
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
    """Open an HTTP session that can call only this address. It keeps no cookies; the caller does. Raises
    Unreachable for an address to which no connection is permitted."""
    async with aiohttp.ClientSession(
        connector=guard.connector(url), cookie_jar=aiohttp.DummyCookieJar()
    ) as http:
        yield http


_NOT_AS_PROMISED: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


_SHORTEST_SECRET: Final = 4
"""The shortest secret, in characters, that is hidden in messages; a shorter one would occur in many words."""


def _wary(session: Session, secrets: Collection[str]) -> Session:
    """Wrap all methods of a session that call the ERP: an unexpected answer raises Unreachable, and faults
    don't contain the secrets."""
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
    # Log no message of the error, because it may contain personal data.
    at = extract_tb(error.__traceback__)[-1]
    _log.warning(
        "an ERP does not answer as it promises: %s at %s:%s", type(error).__name__, at.name, at.lineno
    )
    return Unreachable("remote_answers_otherwise", error=type(error).__name__)


def retry_after(told: str | None) -> timedelta:
    """Return how long to wait according to a Retry-After header, which holds seconds or a moment; one minute
    if it is missing or unreadable."""
    told = told or ""
    try:
        waits = timedelta(seconds=int(told)) if told.isdecimal() else _moment(told) - datetime.now(UTC)
    except (ValueError, TypeError, OverflowError):
        return WAIT_UNLESS_TOLD
    return min(max(waits, timedelta()), LONGEST_WAIT)


def told_at(answer: Answer) -> datetime | None:
    """Return the time of the answer by the ERP's clock, or None if the header can't be read."""
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
    """Return the remote system's error message from {"message": …} or {"error": {"message": …}}, where the
    message is a text or {"value": text}."""
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
