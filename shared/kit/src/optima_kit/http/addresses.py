"""Finds the handler for an address. Fixed addresses are looked up; a placeholder matches one segment."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import unquote

from aiohttp import web

Handler = Callable[[web.BaseRequest, dict[str, str]], Awaitable[web.StreamResponse]]
"""A function of the request and the values of the address's placeholders, as texts."""

ON_EVERY_ANSWER: Final = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
}
"""The default headers of every answer. They tell browsers to run and frame nothing, to use only TLS, not to
guess media types, and not to send a referrer."""


class Addresses:
    """The addresses of one process. `answer` is the whole of its HTTP server."""

    def __init__(self) -> None:
        self._fixed: dict[str, dict[str, Handler]] = defaultdict(dict)
        self._patterns: dict[int, dict[str, tuple[re.Pattern[str], dict[str, Handler]]]] = defaultdict(dict)
        self.unmatched: Callable[[web.BaseRequest, list[str]], web.StreamResponse] = _unmatched
        """Answers requests for which there is no handler. It gets the methods that the address does allow."""

    def add(self, method: str, path: str, handler: Handler) -> None:
        """Add a handler at a path such as `/v1/briefs/{brief_id}`."""
        if "{" not in path:
            self._fixed[path][method] = handler
            return
        pattern = re.compile(re.sub(r"\\{([a-z_]+)\\}", r"(?P<\1>[^/]+)", re.escape(path)))
        self._patterns[path.count("/")].setdefault(path, (pattern, {}))[1][method] = handler

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Call the handler of the request. A fixed address is preferred to one with a placeholder, whatever
        the method."""
        response = await self._answer(request)
        for name, value in ON_EVERY_ANSWER.items():
            response.headers.setdefault(name, value)
        return response

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.rel_url.raw_path
        fixed = self._fixed.get(path)
        if fixed is not None:
            handler = fixed.get(request.method)
            return await handler(request, {}) if handler else self.unmatched(request, sorted(fixed))
        allowed: set[str] = set()
        for pattern, methods in self._patterns.get(path.count("/"), {}).values():
            if match := pattern.fullmatch(path):
                if handler := methods.get(request.method):
                    found = {name: unquote(text) for name, text in match.groupdict().items()}
                    return await handler(request, found)
                allowed.update(methods)
        return self.unmatched(request, sorted(allowed))


def _unmatched(_: web.BaseRequest, allowed: list[str]) -> web.Response:
    headers = {"Allow": ", ".join(allowed)} if allowed else {}
    return web.Response(status=405 if allowed else 404, headers=headers)
