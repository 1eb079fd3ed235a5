"""W3C trace context: taken from the request, carried into events and logs, one value a task.

Source: https://www.w3.org/TR/trace-context/
"""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar

_FORMAT = re.compile(r"^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$")

_current: ContextVar[str | None] = ContextVar("traceparent", default=None)


def begin_trace(incoming: str | None) -> str:
    """Continues the caller's trace with a span of our own, or begins one. Returns the traceparent."""
    if incoming is not None and _FORMAT.match(incoming):
        trace, flags = incoming[3:35], incoming[53:55]
    else:
        trace, flags = secrets.token_hex(16), "01"
    traceparent = f"00-{trace}-{secrets.token_hex(8)}-{flags}"
    _current.set(traceparent)
    return traceparent


def current_trace() -> str | None:
    """The traceparent of the work in hand, if any."""
    return _current.get()
