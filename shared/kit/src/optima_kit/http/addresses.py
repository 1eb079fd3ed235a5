"""Which handler answers at which address: fixed ones are looked up, a placeholder takes one segment."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import unquote

from aiohttp import web

Handler = Callable[[web.BaseRequest, dict[str, str]], Awaitable[web.StreamResponse]]
"""Gets the request and what stands in the address's placeholders, as text."""

_ON_EVERY_ANSWER: Final = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
}
"""What each tells browsers unless it says otherwise: to run and frame nothing, to come over TLS alone,
to take nothing for what it is not, and to tell nobody where a link was followed."""


class Addresses:
    """The addresses of one process. `answer` is the whole of its HTTP server."""

    def __init__(self) -> None:
        self._fixed: dict[str, dict[str, Handler]] = defaultdict(dict)
        self._patterns: dict[int, dict[str, tuple[re.Pattern[str], dict[str, Handler]]]] = defaultdict(dict)
        self.unmatched: Callable[[web.BaseRequest, list[str]], web.StreamResponse] = _unmatched
        """Answers where nothing stands, or nothing of the request's method: the list has those that do."""

    def add(self, method: str, path: str, handler: Handler) -> None:
        """Adds a handler at a path such as `/v1/briefs/{brief_id}`."""
        if "{" not in path:
            self._fixed[path][method] = handler
            return
        pattern = re.compile(re.sub(r"\\{([a-z_]+)\\}", r"(?P<\1>[^/]+)", re.escape(path)))
        self._patterns[path.count("/")].setdefault(path, (pattern, {}))[1][method] = handler

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Calls the handler. A fixed address stands before one with a placeholder, whatever the method."""
        response = await self._answer(request)
        for name, value in _ON_EVERY_ANSWER.items():
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
