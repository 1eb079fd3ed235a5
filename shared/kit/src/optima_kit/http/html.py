"""The HTML pages for people, with a session in a cookie, forms, and static files.

A page is a handler that returns a template and what it shows. It answers a form with a redirect or, if the
form was refused, with the same page and the problem. Pages are never cached or framed, and forms of other
sites are refused.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import inspect
import mimetypes
import typing
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from http import HTTPStatus
from importlib.resources import files
from typing import Any, Final, Protocol
from urllib.parse import quote, urlsplit
from uuid import UUID

from aiohttp import web
from multidict import MultiDict

from ..clock import Clock
from ..db import Database
from ..refusals import Forbidden, Malformed, TooLarge, TooMany
from .addresses import Addresses
from .pipeline import Pipeline
from .problems import Catalogue
from .rate import RateLimit
from .remote import Network, client_address
from .requests import path_values
from .security_log import SecurityLog
from .server import in_time

SESSION_COOKIE: Final = "__Host-session"
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_AS_TYPED: Final = frozenset({"password", "proof_password", "current", "new"})
"""The fields for passwords. White space at their ends is part of the password."""
_UNBUFFERED: Final = {"X-Accel-Buffering": "no"}
_A_YEAR: Final = 365 * 24 * 60 * 60
_FOR_GOOD: Final = f"public, max-age={_A_YEAR}, immutable"


class Session(Protocol):
    """The session of the person who is signed in at a browser."""

    @property
    def language(self) -> str: ...


class Sessions(Protocol):
    async def find(self, cookie: str, request: web.BaseRequest) -> Session | None:
        """Return the session of a cookie, or None if it has ended or never existed."""


class Renderer(Protocol):
    def render(self, template: str, context: Mapping[str, Any]) -> str: ...


@dataclass(slots=True)
class PageCall:
    """A request, as a page's handler gets it."""

    request: web.BaseRequest
    path: str
    language: str
    now: datetime
    query: Mapping[str, str]
    resources: Any
    database: Database
    signed_in: Any = None
    """The session, or None on a public page if nobody is signed in."""
    form: MultiDict[Any] = field(default_factory=MultiDict)
    """The fields that were sent: texts without white space at their ends, passwords as typed, and files as
    aiohttp's fields."""
    draining: asyncio.Event = field(default_factory=asyncio.Event)
    """Is set when this process ends. Handlers that stream stop then."""

    @property
    def session(self) -> Any:
        assert self.signed_in is not None, "a public page has no session"
        return self.signed_in

    def text(self, name: str) -> str:
        """Return a field of the form as text, or an empty text if it was not sent."""
        value = self.form.get(name, "")
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class TemplateAnswer:
    """A page as an answer: its template and what the template shows."""

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True, slots=True)
class SeeOther:
    """A redirect after a form was accepted."""

    location: str
    cookies: Mapping[str, str | None] = field(default_factory=dict)
    """Cookies to set. None deletes a cookie."""
    lasting: Mapping[str, str] = field(default_factory=dict)
    """Cookies that stay for a year, also when the browser is closed."""


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """An answer that is not a page, such as a file of another service that is passed on while it arrives."""

    data: bytes | AsyncIterator[bytes]
    media_type: str
    disposition: str


@dataclass(frozen=True, slots=True)
class ServerSentEvents:
    """A stream of messages to an open page, as frames of `text/event-stream`."""

    frames: AsyncIterator[bytes]


Answer = TemplateAnswer | SeeOther | RawAnswer | ServerSentEvents
Handler = Callable[..., Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class PageRoute:
    method: str
    path: str
    handler: Handler
    public: bool
    max_bytes: int
    path_types: dict[str, type]


@dataclass(slots=True)
class Pages:
    """The pages of one service."""

    items: list[PageRoute] = field(default_factory=list)

    def get(self, path: str, *, public: bool = False) -> Callable[[Handler], Handler]:
        return self._declare("GET", path, public, 0)

    def post(
        self, path: str, *, public: bool = False, max_bytes: int = 1 << 18
    ) -> Callable[[Handler], Handler]:
        return self._declare("POST", path, public, max_bytes)

    def include(self, other: Pages) -> None:
        self.items.extend(other.items)

    def _declare(self, method: str, path: str, public: bool, max_bytes: int) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            hints = typing.get_type_hints(handler)
            names = list(inspect.signature(handler).parameters)[1:]
            types = {name: hints[name] for name in names}
            if unknown := [name for name, kind in types.items() if kind not in (UUID, str, int)]:
                raise TypeError(f"{method} {path}: {unknown} must be UUID, str or int")
            self.items.append(PageRoute(method, path, handler, public, max_bytes, types))
            return handler

        return register


@dataclass(frozen=True, slots=True)
class StaticFile:
    data: bytes
    media_type: str
    compressed: bytes


class StaticFiles:
    """The files of `package`/adapters/static. Their addresses contain a hash of the content, so that browsers
    may keep them for good."""

    def __init__(self, package: str) -> None:
        self._files: dict[str, StaticFile] = {}
        self._addresses: dict[str, str] = {}
        for entry in sorted(
            files(f"{package}.adapters").joinpath("static").iterdir(), key=lambda each: each.name
        ):
            data = entry.read_bytes()
            stem, _, ending = entry.name.rpartition(".")
            hashed = f"{stem}.{hashlib.sha256(data).hexdigest()[:12]}.{ending}"
            kind = mimetypes.guess_type(entry.name)[0] or "application/octet-stream"
            self._files[hashed] = StaticFile(data, kind, gzip.compress(data, mtime=0))
            self._addresses[entry.name] = f"/static/{hashed}"

    def address(self, name: str) -> str:
        """Return the address of a file. Raises KeyError if there is no such file."""
        return self._addresses[name]

    async def serve(self, request: web.BaseRequest, placeholders: dict[str, str]) -> web.Response:
        file = self._files.get(placeholders["name"])
        if file is None:
            return web.Response(status=404)
        headers = {"Cache-Control": _FOR_GOOD, "Vary": "Accept-Encoding"}
        data = file.data
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            data = file.compressed
            headers["Content-Encoding"] = "gzip"
        return web.Response(body=data, content_type=file.media_type, charset="utf-8", headers=headers)


@dataclass(frozen=True, slots=True)
class PagesInParts:
    """What a service provides for its pages. The process provides the rest."""

    pages: Pages
    sessions: Callable[[Database], Sessions]
    renderer: Renderer
    heard: Mapping[str, Callable[[str], None]] = field(default_factory=dict)
    """The PostgreSQL channels on which every process with pages listens (see
    `optima_kit.wake.listen_for`)."""


class Html:
    """Serves the pages of one service, with its sessions."""

    def __init__(
        self,
        *,
        pages: Pages,
        statics: StaticFiles,
        sessions: Sessions,
        renderer: Renderer,
        database: Database,
        catalogue: Catalogue,
        clock: Clock,
        resources: Any,
        rate_per_second: float,
        proxies: Sequence[Network] = (),
        draining: asyncio.Event | None = None,
    ) -> None:
        self._draining = draining or asyncio.Event()
        self._pages = pages
        self._statics = statics
        self._sessions = sessions
        self._renderer = renderer
        self._database = database
        self._clock = clock
        self._resources = resources
        self._pipeline = Pipeline(database, catalogue, self._problem)
        self._limit = RateLimit(rate_per_second)
        self._security = SecurityLog()
        self._proxies = proxies

    def mount(self, addresses: Addresses) -> None:
        """Add the pages, the static files, and the page for addresses that do not exist."""
        addresses.add("GET", "/static/{name}", self._statics.serve)
        for route in self._pages.items:
            perform = partial(self._perform, route)
            addresses.add(route.method, route.path, self._pipeline.handler(route.method, route.path, perform))
        addresses.unmatched = self._pipeline.unmatched

    async def _perform(
        self, route: PageRoute, request: web.BaseRequest, placeholders: dict[str, str], language: str
    ) -> web.Response:
        address = client_address(request, self._proxies)
        try:
            self._limit.take(address)
            if route.method != "GET":
                _sent_by_ourselves(request)
        except (Forbidden, TooMany) as refusal:
            self._security.note(refusal, None, address, route.method, route.path)
            raise
        arguments = path_values(route.path_types, placeholders)
        session = await self._session(request)
        if session is None and not route.public:
            return _see_other(SeeOther(f"/sign-in?next={quote(request.path_qs, safe='')}"))
        call = PageCall(
            request=request,
            path=request.path,
            language=session.language if session else language,
            now=self._clock.now(),
            query=request.query,
            resources=self._resources,
            database=self._database,
            signed_in=session,
            draining=self._draining,
        )
        if route.method != "GET":
            call.form = await _read_form(request, route.max_bytes)
        answer = await route.handler(call, **arguments)
        if isinstance(answer, SeeOther):
            return _see_other(answer)
        if isinstance(answer, RawAnswer):
            headers = _HEADERS | {"Content-Disposition": answer.disposition}
            return web.Response(body=answer.data, content_type=answer.media_type, headers=headers)
        if isinstance(answer, ServerSentEvents):
            return web.Response(
                body=answer.frames, content_type="text/event-stream", headers=_HEADERS | _UNBUFFERED
            )
        return self._show(answer, call)

    def _show(self, shown: TemplateAnswer, call: PageCall) -> web.Response:
        context = {"call": call, "static": self._statics.address, **shown.context}
        return _html(self._renderer.render(shown.template, context), shown.status, call.language)

    async def _session(self, request: web.BaseRequest) -> Session | None:
        cookie = request.cookies.get(SESSION_COOKIE)
        return await self._sessions.find(cookie, request) if cookie else None

    def _problem(self, problem: dict[str, Any], language: str) -> web.Response:
        context = {"problem": problem, "language": language, "static": self._statics.address}
        return _html(self._renderer.render("problem.html", context), problem["status"], language)


def _html(text: str, status: int, language: str) -> web.Response:
    headers = {**_HEADERS, "Content-Language": language}
    return web.Response(text=text, status=status, content_type="text/html", headers=headers)


def _see_other(answer: SeeOther) -> web.Response:
    response = web.Response(
        status=HTTPStatus.SEE_OTHER, headers={"Location": answer.location, "Cache-Control": "no-store"}
    )
    for name, value in answer.cookies.items():
        if value is None:
            response.del_cookie(name, path="/", secure=True, httponly=True, samesite="Lax")
        else:
            response.set_cookie(name, value, path="/", secure=True, httponly=True, samesite="Lax")
    for name, value in answer.lasting.items():
        response.set_cookie(
            name, value, path="/", secure=True, httponly=True, samesite="Lax", max_age=_A_YEAR
        )
    return response


def _sent_by_ourselves(request: web.BaseRequest) -> None:
    """Raise Forbidden if a page of another site sent the form. All present browsers tell in a header which
    site did."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site in ("same-origin", "none"):
            return
    else:
        origin = request.headers.get("Origin")
        if origin is None or urlsplit(origin).netloc == request.headers.get("Host"):
            return
    raise Forbidden("sent_by_another_site")


async def _read_form(request: web.BaseRequest, most: int) -> MultiDict[Any]:
    if (request.content_length or 0) > most:
        raise TooLarge("too_large", most=most)
    try:
        async with in_time(request):
            sent = await request.post()
    except web.HTTPRequestEntityTooLarge:
        raise TooLarge("too_large", most=most) from None
    except (ValueError, LookupError, AssertionError):
        raise Malformed("form_unreadable") from None
    form: MultiDict[Any] = MultiDict()
    for name, value in sent.items():
        if isinstance(value, str) and name not in _AS_TYPED:
            value = value.strip().replace("\r\n", "\n")
        form.add(name, value)
    return form
