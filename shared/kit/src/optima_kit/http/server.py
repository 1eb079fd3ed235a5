"""The HTTP role: reads a request, runs its handler in one transaction, answers."""

from __future__ import annotations

import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, cached_property
from typing import Any, Generic, TypeVar, cast
from urllib.parse import quote
from uuid import UUID

import asyncpg
import orjson
import structlog
from aiohttp import web
from prometheus_client import Histogram
from pydantic import BaseModel, ValidationError

from ..actor import Actor
from ..answers import Answer, find_answer
from ..auth import KeysUnavailable, TokenVerifier
from ..cause import Cause
from ..clock import Clock
from ..db import Database, Transaction, UnitOfWork
from ..lanes import Lanes
from ..metrics import HTTP_SECONDS, REFUSALS
from ..postgres import CONFLICTS, UNAVAILABLE
from ..refusals import (
    Absent,
    Invalid,
    Malformed,
    PreconditionRequired,
    Refusal,
    TooLarge,
    TooMany,
    Unauthenticated,
    UnsupportedMedia,
    WrongState,
)
from ..tracing import begin_trace
from .addresses import Addresses, Handler
from .openapi import openapi_document
from .problems import Catalogue, body_of, language_of, problem_of, problem_of_validation
from .remote import Network, client_address
from .routes import Call, Content, Reply, Route, Routes

log = structlog.get_logger()

P = TypeVar("P")

_KEY = re.compile(r"^[!-~]{1,128}$")
_ETAG = re.compile(r'^"(\d{1,18})"$')
_REMEMBERED_CALLERS = 10_000


class _RateLimit:
    """A token bucket a caller, in this process's memory."""

    def __init__(self, per_second: float) -> None:
        self._rate = per_second
        self._most = max(2 * per_second, 1.0)
        self._buckets: OrderedDict[object, tuple[float, float]] = OrderedDict()

    def take(self, caller: object) -> None:
        """Raises TooMany when the caller has used up its share."""
        now = time.monotonic()
        left, since = self._buckets.pop(caller, (self._most, now))
        left = min(self._most, left + (now - since) * self._rate)
        self._buckets[caller] = (max(left - 1, 0.0), now)
        if len(self._buckets) > _REMEMBERED_CALLERS:
            self._buckets.popitem(last=False)
        if left < 1:
            raise TooMany("too_many", seconds=max(1, round((1 - left) / self._rate)))


class Api(Generic[P]):
    """The endpoints of one service as an aiohttp application."""

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
        rate_per_second: float = 200.0,
        proxies: Sequence[Network] = (),
    ) -> None:
        self._routes = routes
        self._database = database
        self._lanes = Lanes(database)
        self._under_way: set[tuple[UUID, UUID, str]] = set()
        self._ports = ports
        self._verifier = verifier
        self._catalogue = catalogue
        self._clock = clock
        self._resources = resources
        self._limit = _RateLimit(rate_per_second)
        self._proxies = proxies
        self._title = title
        self._version = version

    def mount(self, addresses: Addresses) -> None:
        """Adds the endpoints, `/openapi.json` and the problem responses for what is not there."""
        addresses.add("GET", "/openapi.json", self._serve_document)
        for route in self._routes.items:
            addresses.add(route.method, route.path, self._handler(route))
        addresses.unmatched = self._answer_unmatched

    async def _serve_document(self, _: web.BaseRequest, __: dict[str, str]) -> web.Response:
        return web.Response(body=self._document, content_type="application/json")

    @cached_property
    def _document(self) -> bytes:
        """Made when first asked for: a service starts without it sooner."""
        return orjson.dumps(openapi_document(self._title, self._version, self._routes))

    def _answer_unmatched(self, request: web.BaseRequest, allowed: list[str]) -> web.Response:
        if not allowed:
            return self._plain_problem(request, 404, "no_such_address", {})
        facts: dict[str, object] = {"method": request.method, "allowed": ", ".join(allowed)}
        response = self._plain_problem(request, 405, "method_not_allowed", facts)
        response.headers["Allow"] = ", ".join(allowed)
        return response

    def _plain_problem(
        self, request: web.BaseRequest, status: int, code: str, facts: dict[str, object]
    ) -> web.Response:
        language = language_of(request.headers.get("Accept-Language"))
        detail = self._catalogue.text(code, language, facts) or ""
        return _problem(body_of(status, code, detail, language, request.path), language)

    def _handler(self, route: Route) -> Handler:
        @cache
        def seconds(status: int) -> Histogram:
            return HTTP_SECONDS.labels(route.method, route.path, str(status))

        async def answer(request: web.BaseRequest, placeholders: dict[str, str]) -> web.Response:
            began = time.perf_counter()
            trace = begin_trace(request.headers.get("traceparent"))
            language = language_of(request.headers.get("Accept-Language"))
            response = await self._answer(route, request, placeholders, language, trace)
            seconds(response.status).observe(time.perf_counter() - began)
            return response

        return answer

    async def _answer(
        self,
        route: Route,
        request: web.BaseRequest,
        placeholders: dict[str, str],
        language: str,
        trace: str,
    ) -> web.Response:
        where = request.path
        try:
            return await self._perform(route, request, placeholders, language)
        except _BadInput as bad:
            REFUSALS.labels("violations").inc()
            return _problem(
                problem_of_validation(bad.error, self._catalogue, language, where, bad.where), language
            )
        except Refusal as refusal:
            REFUSALS.labels(refusal.code).inc()
            response = _problem(problem_of(refusal, self._catalogue, language, where), language)
            if isinstance(refusal, Unauthenticated):
                response.headers["WWW-Authenticate"] = "Bearer"
            if isinstance(refusal, TooMany):
                response.headers["Retry-After"] = str(refusal.facts.get("seconds", 1))
            return response
        except (asyncpg.DataError, asyncpg.CharacterNotInRepertoireError):
            return self._plain_problem(request, 422, "unacceptable_value", {})
        except (*CONFLICTS, asyncpg.UniqueViolationError) as error:
            log.warning("two requests collided", error=repr(error), route=route.path, traceparent=trace)
            return self._plain_problem(request, 409, "concurrent_change", {})
        except KeysUnavailable:
            return self._unavailable(request, "keys_unavailable")
        except Exception as error:
            if isinstance(error, UNAVAILABLE) and not await self._database.blameless(error):
                log.warning("database unavailable", error=repr(error), traceparent=trace)
                return self._unavailable(request, "database_unavailable")
            log.exception("request failed", method=route.method, route=route.path, traceparent=trace)
            return self._plain_problem(request, 500, "internal", {"trace": trace})

    def _unavailable(self, request: web.BaseRequest, code: str) -> web.Response:
        response = self._plain_problem(request, 503, code, {})
        response.headers["Retry-After"] = "1"
        return response

    async def _perform(
        self, route: Route, request: web.BaseRequest, placeholders: dict[str, str], language: str
    ) -> web.Response:
        actor: Actor | None = None
        if route.public:
            self._limit.take(client_address(request, self._proxies))
        else:
            try:
                actor = await self._verifier.actor(_bearer(request))
            except Unauthenticated:
                self._limit.take(client_address(request, self._proxies))
                raise
            self._limit.take(actor.person_id)
            if route.privilege is not None:
                actor.require(route.privilege)
        arguments: dict[str, Any] = _path_arguments(route, placeholders)
        raw = b""
        if route.body is not None:
            raw = await _read_body(route, request)
            arguments["body"] = _parse_body(route, raw)
        if route.query is not None:
            arguments["query"] = _parse_query(route.query, request)
        expected = _expected_version(route, request)
        now = self._clock.now()

        async def handled(work: UnitOfWork | None) -> web.Response:
            call: Call[P] = Call(
                method=route.method,
                path=request.path,
                language=language,
                now=now,
                headers=request.headers,
                resources=self._resources,
                database=self._database,
                caller=actor,
                transaction=work,
                built_ports=None if work is None else self._ports(work),
                if_match=expected,
            )
            return _respond(route, await route.handler(call, **arguments), request)

        if not route.transaction or actor is None:
            return await handled(None)
        if not route.writes:
            async with self._database.reading(actor.tenant_id, now=now) as work:
                return await handled(work)
        cause = Cause(now, actor_id=actor.person_id)
        key = _idempotency_key(request, required=route.idempotent)
        if key is None:
            return await self._lanes.run(actor.tenant_id, lambda open_: handled(open_.unit(cause)))
        fingerprint = hashlib.sha256(f"{route.method} {request.path_qs}\n".encode() + raw).digest()

        async def command(transaction: Transaction) -> web.Response:
            response = await handled(transaction.unit(cause))
            transaction.answers.keep(actor.person_id, key, _answer_of(response, fingerprint))
            return response

        with self._claimed((actor.tenant_id, actor.person_id, key)):
            try:
                return await self._lanes.run(actor.tenant_id, command)
            except (Refusal, asyncpg.UniqueViolationError):
                # An earlier request with this key was answered: what it did is why this one could not.
                async with self._database.reading(actor.tenant_id) as work:
                    kept = await find_answer(work, actor.person_id, key)
                if kept is None:
                    raise
                if kept.request_hash != fingerprint:
                    raise Invalid("idempotency_key_reused", field="Idempotency-Key") from None
                return _replayed(kept)

    @contextmanager
    def _claimed(self, key: tuple[UUID, UUID, str]) -> Iterator[None]:
        """Refuses the request whose twin is under way in this process. Between processes the database
        decides: the later of two waits for the earlier one's commit and gets its answer."""
        if key in self._under_way:
            raise WrongState("idempotency_in_flight", field="Idempotency-Key")
        self._under_way.add(key)
        try:
            yield
        finally:
            self._under_way.discard(key)


class _BadInput(Exception):
    def __init__(self, error: ValidationError, where: str) -> None:
        super().__init__(where)
        self.error = error
        self.where = where


def _bearer(request: web.BaseRequest) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("token_missing")
    return token.strip()


def _path_arguments(route: Route, placeholders: dict[str, str]) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    for name, kind in route.path_types.items():
        text = placeholders[name]
        try:
            arguments[name] = kind(text)
        except ValueError:
            raise Absent("no_such_address") from None
        out_of_range = kind is int and not -(2**31) <= arguments[name] < 2**31
        if out_of_range or (kind is str and (len(text) > 200 or not text.isprintable())):
            raise Absent("no_such_address")
    return arguments


async def _read_body(route: Route, request: web.BaseRequest) -> bytes:
    if request.content_type not in route.consumes:
        raise UnsupportedMedia("media_type", field="Content-Type", accepted=", ".join(route.consumes))
    if (request.content_length or 0) > route.max_bytes:
        raise TooLarge("too_large", most=route.max_bytes)
    chunks = bytearray()
    async for chunk in request.content.iter_any():
        chunks += chunk
        if len(chunks) > route.max_bytes:
            raise TooLarge("too_large", most=route.max_bytes)
    return bytes(chunks)


def _parse_body(route: Route, raw: bytes) -> Any:
    if route.body is bytes:
        return raw
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Malformed("malformed_json", reason=str(error)) from None
    except RecursionError:
        raise Malformed("malformed_json", reason="too deeply nested") from None
    try:
        return cast(type[BaseModel], route.body).model_validate(document)
    except ValidationError as error:
        raise _BadInput(error, "body") from None


def _parse_query(model: type[BaseModel], request: web.BaseRequest) -> BaseModel:
    values: dict[str, Any] = {}
    for name in request.query:
        given = request.query.getall(name)
        values[name] = given if len(given) > 1 else given[0]
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _BadInput(error, "query") from None


def _expected_version(route: Route, request: web.BaseRequest) -> int | None:
    header = request.headers.get("If-Match")
    if header is None:
        if route.if_match:
            raise PreconditionRequired("if_match_missing", field="If-Match")
        return None
    match = _ETAG.match(header.strip())
    if match is None:
        raise Malformed("bad_header", field="If-Match", expected='"7"')
    return int(match[1])


def _idempotency_key(request: web.BaseRequest, *, required: bool) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        if required:
            raise Malformed("idempotency_key_missing", field="Idempotency-Key")
        return None
    if not _KEY.match(key):
        raise Malformed("bad_header", field="Idempotency-Key", expected="1–128 printable ASCII characters")
    return key


def _replayed(kept: Answer) -> web.Response:
    return web.Response(
        status=kept.status,
        body=kept.body or None,
        headers={**kept.headers, "Idempotency-Replayed": "true"},
    )


def _answer_of(response: web.Response, fingerprint: bytes) -> Answer:
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    body = response.body if isinstance(response.body, bytes | bytearray) else b""
    return Answer(fingerprint, response.status, headers, bytes(body))


_KEPT_HEADERS = ("ETag", "Location", "Content-Type", "Content-Disposition")


def _respond(route: Route, result: Any, request: web.BaseRequest) -> web.Response:
    if isinstance(result, Content):
        headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store"}
        if result.filename is not None:
            disposition = "inline" if result.inline else "attachment"
            headers["Content-Disposition"] = f"{disposition}; filename*=UTF-8''{quote(result.filename)}"
        return web.Response(
            status=route.status, body=result.data, content_type=result.media_type, headers=headers
        )
    reply = result if isinstance(result, Reply) else Reply(result)
    headers = {"Cache-Control": "private, no-store"}
    if reply.version is not None:
        headers["ETag"] = f'"{reply.version}"'
        if not route.writes and request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=304, headers=headers)
    if reply.location is not None:
        headers["Location"] = reply.location
    if reply.view is None:
        return web.Response(status=reply.status or route.status, headers=headers)
    body = cast(BaseModel, reply.view).__pydantic_serializer__.to_json(reply.view, exclude_unset=True)
    return web.Response(
        status=reply.status or route.status, body=body, content_type="application/json", headers=headers
    )


def _problem(body: dict[str, Any], language: str) -> web.Response:
    return web.Response(
        status=body["status"],
        body=orjson.dumps(body),
        content_type="application/problem+json",
        headers={"Content-Language": language, "Cache-Control": "no-store"},
    )
