"""The JSON API: reads a request, runs its handler in one transaction, and answers with the handler's view."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property, partial
from typing import Any, Generic, TypeVar, cast
from urllib.parse import quote

import orjson
from aiohttp import web
from pydantic import BaseModel

from optima_contracts.privileges import NEVER_OUTDATED

from ..access_changes import AccessWatch, refuse_outdated_by_tables
from ..actor import Actor
from ..auth import TokenVerifier
from ..cause import Cause
from ..clock import Clock
from ..db import Database, UnitOfWork
from ..file_names import file_name
from ..pages import Page
from ..refusals import Forbidden, TooMany, Unauthenticated
from ..tracing import concerns
from .addresses import Addresses
from .commands import Commands
from .openapi import openapi_document
from .pipeline import Pipeline
from .problems import Catalogue
from .rate import RateLimit
from .remote import Network, client_address
from .requests import (
    FORM,
    bearer_of,
    expected_version,
    idempotency_key,
    parse_body,
    parse_query,
    path_values,
    read_body,
)
from .routes import Call, Content, Created, Reply, Route, Routes
from .security_log import SecurityLog

P = TypeVar("P")


class Api(Generic[P]):
    """The endpoints of one service."""

    def __init__(
        self,
        *,
        title: str,
        version: str,
        routes: Routes,
        database: Database,
        ports: Callable[[UnitOfWork], P],
        verifier: TokenVerifier,
        catalogue: Catalogue,
        clock: Clock,
        resources: Any = None,
        admit: Callable[[UnitOfWork, Actor, Route], Awaitable[Actor]] | None = None,
        watch: AccessWatch | None = None,
        rate_per_second: float = 200.0,
        proxies: Sequence[Network] = (),
        draining: asyncio.Event | None = None,
        with_document: bool = True,
    ) -> None:
        self._draining = draining or asyncio.Event()
        self._routes = routes
        self._database = database
        self._commands = Commands(database)
        self._ports = ports
        self._verifier = verifier
        self._pipeline = Pipeline(database, catalogue, _problem)
        self._clock = clock
        self._resources = resources
        self._admit = admit
        self._watch = watch
        self._limit = RateLimit(rate_per_second)
        self._security = SecurityLog()
        self._actions = routes.actions()
        self._proxies = proxies
        self._with_document = with_document
        self._title = title
        self._version = version

    def mount(self, addresses: Addresses) -> None:
        """Add the endpoints, `/openapi.json` if it is shown, and problem responses for all other
        addresses."""
        if self._with_document:
            addresses.add("GET", "/openapi.json", self._serve_document)
        for route in self._routes.items:
            perform = partial(self._perform, route)
            refused = None if route.form_problem is None else partial(_form_problem, route.form_problem)
            handler = self._pipeline.handler(route.method, route.path, perform, refused)
            addresses.add(route.method, route.path, handler)
        addresses.unmatched = self._pipeline.unmatched

    async def _serve_document(self, _: web.BaseRequest, __: dict[str, str]) -> web.Response:
        return web.Response(body=self._document, content_type="application/json")

    @cached_property
    def _document(self) -> bytes:
        """The OpenAPI document. It is built at the first request, so that the service starts sooner."""
        return orjson.dumps(openapi_document(self._title, self._version, self._routes))

    async def _perform(
        self, route: Route, request: web.BaseRequest, placeholders: dict[str, str], language: str
    ) -> web.Response:
        actor = None
        try:
            actor = await self._admitted(route, request)
            if actor is not None:
                concerns(actor.tenant_id)
                if route.privilege is not None:
                    actor.require(route.privilege)
            return await self._perform_as(actor, route, request, placeholders, language)
        except (Unauthenticated, Forbidden, TooMany) as refusal:
            address = client_address(request, self._proxies)
            self._security.note(refusal, actor, address, route.method, route.path)
            raise

    async def _perform_as(
        self,
        actor: Actor | None,
        route: Route,
        request: web.BaseRequest,
        placeholders: dict[str, str],
        language: str,
    ) -> web.Response:
        arguments: dict[str, Any] = path_values(route.path_types, placeholders)
        raw = b""
        if route.body is not None:
            raw = await read_body(route, request)
            arguments["body"] = parse_body(route, raw, request.content_type)
        if route.query is not None:
            arguments["query"] = parse_query(route.query, request)
        version = expected_version(route, request)
        now = self._clock.now()

        async def handled(work: UnitOfWork | None) -> web.Response:
            caller = await self._as_they_are_now(route, actor, work)
            call: Call[P] = Call(
                method=route.method,
                path=request.path,
                language=language,
                now=now,
                headers=request.headers,
                resources=self._resources,
                database=self._database,
                find_address=partial(client_address, request, self._proxies),
                caller=caller,
                transaction=work,
                built_ports=None if work is None else self._ports(work),
                if_match=version,
                draining=self._draining,
            )
            result = await route.handler(call, **arguments)
            if caller is not None and isinstance(result, Page) and (actions := self._actions.get(route.path)):
                result = result.model_copy(
                    update={"actions": [*(result.actions or ()), *_open_to(caller, actions)]}
                )
            return _respond(route, result, request)

        if not route.transaction or actor is None:
            return await handled(None)
        if not route.writes:
            async with self._database.reading(actor.tenant_id, now=now) as work:
                return await handled(work)
        cause = Cause(now, actor_id=actor.person_id)
        key = idempotency_key(request, required=route.idempotent)
        if key is None:
            return await self._commands.run(actor, cause, handled)
        fingerprint = hashlib.sha256(f"{route.method} {request.path_qs}\n".encode() + raw).digest()
        return await self._commands.run_once(actor, cause, key, fingerprint, handled)

    async def _admitted(self, route: Route, request: web.BaseRequest) -> Actor | None:
        """Check the token and the rate limit and return the actor, or None at a public endpoint."""
        if route.public:
            self._limit.take(client_address(request, self._proxies))
            return None
        try:
            actor = await self._verifier.actor(bearer_of(request))
            if self._watch is not None:
                self._watch.refuse_outdated(actor)
        except Unauthenticated:
            self._limit.take(client_address(request, self._proxies))
            raise
        self._limit.take(actor.person_id)
        return actor

    async def _as_they_are_now(
        self, route: Route, actor: Actor | None, work: UnitOfWork | None
    ) -> Actor | None:
        """Return the actor as the service knows them now. The token describes them as they were when they got
        it."""
        if actor is None or (self._admit is None and not _never_outdated(route)):
            return actor
        if work is None:
            async with self._database.reading(actor.tenant_id) as reading:
                return await self._judged(route, actor, reading)
        return await self._judged(route, actor, work)

    async def _judged(self, route: Route, actor: Actor, work: UnitOfWork) -> Actor:
        if _never_outdated(route):
            await refuse_outdated_by_tables(work, actor)
        if self._admit is None:
            return actor
        admitted = await self._admit(work, actor, route)
        if route.privilege is not None:
            admitted.require(route.privilege)
        return admitted


def _open_to(actor: Actor, actions: Sequence[tuple[str, str]]) -> list[str]:
    return [name for name, privilege in actions if actor.may(privilege)]


def _never_outdated(route: Route) -> bool:
    return route.privilege in NEVER_OUTDATED["write" if route.writes else "read"]


def _respond(route: Route, result: Any, request: web.BaseRequest) -> web.Response:
    if isinstance(result, Content):
        disposition = "inline" if result.inline else "attachment"
        name = quote(file_name(result.filename, result.media_type))
        headers = {
            "Cache-Control": "private, no-store",
            "Content-Disposition": f"{disposition}; filename*=UTF-8''{name}",
        }
        return web.Response(
            status=route.status, body=result.data, content_type=result.media_type, headers=headers
        )
    if isinstance(result, Created):
        result = Reply(result.view, version=None, location=result.location)
    reply = result if isinstance(result, Reply) else Reply(result, version=None)
    headers = {"Cache-Control": "private, no-store"}
    if reply.version is not None:
        headers["ETag"] = f'"{reply.version}"'
        if not route.writes and request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=304, headers=headers)
    if reply.location is not None:
        headers["Location"] = reply.location
    if reply.view is None:
        return web.Response(status=reply.status or route.status, headers=headers)
    body = cast(BaseModel, reply.view).__pydantic_serializer__.to_json(
        reply.view, exclude_unset=True, exclude_none=True
    )
    return web.Response(
        status=reply.status or route.status, body=body, content_type="application/json", headers=headers
    )


def _form_problem(
    retold: Callable[[dict[str, Any]], dict[str, Any]],
    request: web.BaseRequest,
    body: dict[str, Any],
    language: str,
) -> web.Response:
    if request.content_type != FORM:
        return _problem(body, language)
    return _problem(retold(body), language, "application/json")


def _problem(
    body: dict[str, Any], language: str, media_type: str = "application/problem+json"
) -> web.Response:
    return web.Response(
        status=body["status"],
        body=orjson.dumps(body),
        content_type=media_type,
        headers={"Content-Language": language, "Cache-Control": "no-store"},
    )
