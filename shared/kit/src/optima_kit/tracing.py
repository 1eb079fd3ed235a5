"""W3C trace context: taken from the request, carried into events, jobs and logs, one value a task.

What is done for a trace is done in steps: a request, a reaction, a run of a job. A step has an identifier of
its own under the trace's. `optima_kit.spans` sends steps to a collector where one is configured.

Source: https://www.w3.org/TR/trace-context/
"""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar, Token
from functools import lru_cache
from hashlib import blake2b
from typing import Final, Literal
from uuid import UUID

_FORMAT: Final = re.compile(r"^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$")

StepKind = Literal["request", "reaction", "job"]


class Step:
    """What is logged, published and scheduled within it belongs to its trace."""

    def __init__(self, name: str, kind: StepKind, carried: str | None) -> None:
        self.name = name
        self.kind = kind
        self.traceparent = _continued(carried)
        self.about: dict[str, str] = {}
        """Whose and what it is, for the logs."""

    @property
    def trace_id(self) -> str:
        return self.traceparent[3:35]

    def concerns(self, tenant_id: UUID, correlation_id: UUID | None = None) -> None:
        """Says whose work it is, as soon as that is known."""
        self.about["tenant"] = tenant_mark(tenant_id)
        if correlation_id is not None:
            self.about["correlation_id"] = str(correlation_id)

    def ended(self, outcome: str, *, failed: bool) -> None:
        """Says how it went, where no exception does."""

    def __enter__(self) -> Step:
        self._before: Token[Step | None] = _current.set(self)
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        _current.reset(self._before)


class Tracer:
    """What becomes of steps: here nothing but their identifiers."""

    def step(self, name: str, kind: StepKind, carried: str | None) -> Step:
        return Step(name, kind, carried)

    def published(self, type_: str, id_: UUID, envelope: str) -> None:
        """The broker has confirmed an event."""


_current: ContextVar[Step | None] = ContextVar("step", default=None)
_tracer = Tracer()


def step(name: str, kind: StepKind, carried: str | None) -> Step:
    """A step of the trace that `carried` names as a traceparent, or of a new one where it names none."""
    return _tracer.step(name, kind, carried)


def published(type_: str, id_: UUID, envelope: str) -> None:
    """An event has reached the broker."""
    _tracer.published(type_, id_, envelope)


def trace_with(tracer: Tracer) -> None:
    """Has this process trace so from here on."""
    global _tracer
    _tracer = tracer


def current_step() -> Step | None:
    """The step in hand, if any."""
    return _current.get()


def current_trace() -> str | None:
    """The traceparent of the work in hand, if any."""
    step = _current.get()
    return step.traceparent if step is not None else None


def concerns(tenant_id: UUID) -> None:
    """Says whose the step in hand is."""
    if (step := _current.get()) is not None:
        step.concerns(tenant_id)


@lru_cache(maxsize=10_000)
def tenant_mark(tenant_id: UUID) -> str:
    """Tells the tenants of logs and traces apart without naming them: who reads these may not know the
    customers."""
    return blake2b(tenant_id.bytes, digest_size=6).hexdigest()


def _continued(carried: str | None) -> str:
    if carried is not None and _FORMAT.match(carried):
        trace, flags = carried[3:35], carried[53:55]
    else:
        trace, flags = secrets.token_hex(16), "01"
    return f"00-{trace}-{secrets.token_hex(8)}-{flags}"
