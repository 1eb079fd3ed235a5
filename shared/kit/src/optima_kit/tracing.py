"""W3C trace context. It is taken from the request and passed on to events, jobs and logs, with one value in
each task.

The work of a trace consists of steps: a request, a reaction, or the run of a job. Each step has its own
identifier within the trace. `optima_kit.spans` sends steps to a collector, if one is configured.

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
    """A step of a trace. Everything that is logged, published and scheduled within it belongs to the
    trace."""

    def __init__(self, name: str, kind: StepKind, carried: str | None) -> None:
        self.name = name
        self.kind = kind
        self.traceparent = _continued(carried)
        self.about: dict[str, str] = {}
        """The tenant and the story that the step concerns, for the logs."""

    @property
    def trace_id(self) -> str:
        return self.traceparent[3:35]

    def concerns(self, tenant_id: UUID, correlation_id: UUID | None = None) -> None:
        """Note the tenant and the story that the step concerns, as soon as they are known."""
        self.about["tenant"] = tenant_mark(tenant_id)
        if correlation_id is not None:
            self.about["correlation_id"] = str(correlation_id)

    def ended(self, outcome: str, *, failed: bool) -> None:
        """Note the outcome of the step, if no exception shows it."""

    def __enter__(self) -> Step:
        self._before: Token[Step | None] = _current.set(self)
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        _current.reset(self._before)


class Tracer:
    """Creates steps. This default only gives them identifiers and sends nothing."""

    def step(self, name: str, kind: StepKind, carried: str | None) -> Step:
        return Step(name, kind, carried)

    def published(self, type_: str, id_: UUID, envelope: str) -> None:
        """Note that the broker has confirmed an event."""


_current: ContextVar[Step | None] = ContextVar("step", default=None)
_tracer = Tracer()


def step(name: str, kind: StepKind, carried: str | None) -> Step:
    """Return a step of the trace in the traceparent `carried`, or of a new trace if there is none."""
    return _tracer.step(name, kind, carried)


def published(type_: str, id_: UUID, envelope: str) -> None:
    """Note that an event has reached the broker."""
    _tracer.published(type_, id_, envelope)


def trace_with(tracer: Tracer) -> None:
    """Use this tracer in the process from now on."""
    global _tracer
    _tracer = tracer


def current_step() -> Step | None:
    """Return the current step, or None."""
    return _current.get()


def current_trace() -> str | None:
    """Return the traceparent of the current step, or None."""
    step = _current.get()
    return step.traceparent if step is not None else None


def concerns(tenant_id: UUID) -> None:
    """Note the tenant that the current step concerns."""
    if (step := _current.get()) is not None:
        step.concerns(tenant_id)


@lru_cache(maxsize=10_000)
def tenant_mark(tenant_id: UUID) -> str:
    """Return a mark that distinguishes tenants in logs and traces without naming them, since people who read
    these may not know the customers."""
    return blake2b(tenant_id.bytes, digest_size=6).hexdigest()


def _continued(carried: str | None) -> str:
    if carried is not None and _FORMAT.match(carried):
        trace, flags = carried[3:35], carried[53:55]
    else:
        trace, flags = secrets.token_hex(16), "01"
    return f"00-{trace}-{secrets.token_hex(8)}-{flags}"
