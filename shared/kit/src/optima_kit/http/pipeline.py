"""What happens to every request of the JSON API and of the pages: it is traced and measured, and its failure
becomes a problem response.

Both give each address a `perform`, which reads the request, has the work done and renders the result. They
also give a `render`, which shows a problem in their own form: JSON for programs, a page for people.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any, Final

import asyncpg
import structlog
from aiohttp import web
from prometheus_client import Histogram

from ..auth import KeysUnavailable
from ..db import Database
from ..metrics import HTTP_SECONDS, REFUSALS
from ..postgres import CONFLICTS, UNAVAILABLE
from ..refusals import Refusal, TooMany, Unauthenticated
from ..tracing import Step, step
from .addresses import Handler
from .problems import Catalogue, body_of, language_of, problem_of, problem_of_validation
from .requests import BadInput

log = structlog.get_logger()

_NOWHERE: Final = "none"
"""The route of a request for which there is no handler. What its address holds is not logged."""

Perform = Callable[[web.BaseRequest, dict[str, str], str], Awaitable[web.Response]]
"""A function that answers a request, given the values of its address's placeholders and the language of the
answer."""

Render = Callable[[dict[str, Any], str], web.Response]
"""A function that renders a problem, given its members and their language."""

Refused = Callable[[web.BaseRequest, dict[str, Any], str], web.Response]
"""A function that renders a refusal, for an address at which refusals have another form."""


class Pipeline:
    """The common steps of all requests of the JSON API, or of the pages."""

    def __init__(self, database: Database, catalogue: Catalogue, render: Render) -> None:
        self._database = database
        self._catalogue = catalogue
        self._render = render

    def handler(self, method: str, path: str, perform: Perform, refused: Refused | None = None) -> Handler:
        """Return the handler of an address. It never raises."""

        name = f"{method} {path}"
        render = refused or (lambda _, body, language: self._render(body, language))

        @cache
        def seconds(status: int) -> Histogram:
            return HTTP_SECONDS.labels(method, path, str(status))

        async def answer(request: web.BaseRequest, placeholders: dict[str, str]) -> web.Response:
            began = time.perf_counter()
            with step(name, "request", request.headers.get("traceparent")) as answering:
                response = await self._answer(perform, render, request, placeholders, path, answering)
                taken = time.perf_counter() - began
                status = response.status
                answering.ended(str(status), failed=status >= 500)
                seconds(status).observe(taken, {"trace_id": answering.trace_id})
                _note(method, path, status, taken)
            return response

        return answer

    def unmatched(self, request: web.BaseRequest, allowed: list[str]) -> web.Response:
        """Answer a request for an address that does not exist or does not allow the method."""
        began = time.perf_counter()
        with step(_NOWHERE, "request", request.headers.get("traceparent")) as answering:
            if allowed:
                facts: dict[str, object] = {"method": request.method, "allowed": ", ".join(allowed)}
                response = self._problem(request, 405, "method_not_allowed", facts)
                response.headers["Allow"] = ", ".join(allowed)
            else:
                response = self._problem(request, 404, "no_such_address", {})
            answering.ended(str(response.status), failed=False)
            _note(request.method, _NOWHERE, response.status, time.perf_counter() - began)
        return response

    async def _answer(
        self,
        perform: Perform,
        render: Refused,
        request: web.BaseRequest,
        placeholders: dict[str, str],
        path: str,
        answering: Step,
    ) -> web.Response:
        language = language_of(request.headers.get("Accept-Language"))
        where = request.path
        try:
            try:
                return await perform(request, placeholders, language)
            except asyncpg.InvalidCachedStatementError:
                # A migration has changed what a statement returns that its connection had prepared. asyncpg
                # forgets such statements at this error. Lanes repeat commands; reading leaves no trace.
                if request.method not in ("GET", "HEAD"):
                    raise
                return await perform(request, placeholders, language)
        except BadInput as bad:
            REFUSALS.labels("violations").inc()
            body = problem_of_validation(bad, self._catalogue, language, where)
            return render(request, body, language)
        except Refusal as refusal:
            REFUSALS.labels(refusal.code).inc()
            response = render(request, problem_of(refusal, self._catalogue, language, where), language)
            if isinstance(refusal, Unauthenticated) and response.status == 401:
                response.headers["WWW-Authenticate"] = refusal.scheme
            if isinstance(refusal, TooMany):
                response.headers["Retry-After"] = str(refusal.facts.get("seconds", 1))
            return response
        except (asyncpg.DataError, asyncpg.CharacterNotInRepertoireError):
            return self._problem(request, 422, "unacceptable_value", {})
        except (*CONFLICTS, asyncpg.UniqueViolationError) as error:
            log.warning("two requests collided", error=repr(error), route=path)
            return self._problem(request, 409, "concurrent_change", {})
        except KeysUnavailable:
            return self._unavailable(request, "keys_unavailable")
        except Exception as error:
            if isinstance(error, UNAVAILABLE) and not await self._database.blameless(error):
                log.warning("database unavailable", error=repr(error))
                return self._unavailable(request, "database_unavailable")
            log.exception("request failed", method=request.method, route=path)
            return self._problem(request, 500, "internal", {"trace": answering.traceparent})

    def _problem(
        self, request: web.BaseRequest, status: int, code: str, facts: dict[str, object]
    ) -> web.Response:
        language = language_of(request.headers.get("Accept-Language"))
        detail = self._catalogue.text(code, language, facts) or ""
        return self._render(body_of(status, code, detail, language, request.path), language)

    def _unavailable(self, request: web.BaseRequest, code: str) -> web.Response:
        response = self._problem(request, 503, code, {})
        response.headers["Retry-After"] = "1"
        return response


def _note(method: str, route: str, status: int, seconds: float) -> None:
    """Write the request's line of the access log. `docs/architecture/watching.md` describes it."""
    log.info("request", method=method, route=route, status=status, seconds=round(seconds, 6))
