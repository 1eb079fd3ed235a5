"""Steps of traces as OpenTelemetry spans, sent to a collector by OTLP over HTTP.

This module is imported only if a collector is configured, since it takes 15 MB and a thread.
"""

from __future__ import annotations

import re
import time
from contextvars import Token
from typing import Any, Final
from uuid import UUID

from opentelemetry import context as otel
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from yarl import URL

from . import tracing
from .tracing import Step, StepKind, Tracer

_KINDS: Final = {
    "request": trace.SpanKind.SERVER,
    "reaction": trace.SpanKind.CONSUMER,
    "job": trace.SpanKind.INTERNAL,
}
_W3C: Final = TraceContextTextMapPropagator()
_CARRIED: Final = re.compile(r'"traceparent":"([^"]+)"')


class Spans(Tracer):
    """Sends the spans of one process until `close`. Calls to other systems become spans too, and pass the
    trace on."""

    def __init__(self, service: str, version: str, role: str, url: str, share: float) -> None:
        """Begin to send spans. `share` (0 to 1) of the traces that begin here are sent. For other traces,
        their caller has decided."""
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(share)),
            resource=Resource.create(
                {
                    "service.namespace": "optima",
                    "service.name": service,
                    "service.version": version,
                    "optima.role": role,
                }
            ),
        )
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url)))
        self._tracer = self._provider.get_tracer("optima_kit", version)
        self._calls = AioHttpClientInstrumentor()
        self._calls.instrument(tracer_provider=self._provider, url_filter=_without_secrets)
        tracing.trace_with(self)

    def close(self) -> None:
        """Send the remaining spans. This blocks for up to a few seconds if the collector is away."""
        tracing.trace_with(Tracer())
        self._calls.uninstrument()
        self._provider.shutdown()

    def published(self, type_: str, id_: UUID, envelope: str) -> None:
        """Add the span of an event's time in the outbox, from when it was written until the broker confirmed
        it."""
        carried = _CARRIED.search(envelope)
        if carried is None:
            return
        span = self._tracer.start_span(
            f"publish {type_}",
            _context_of(carried[1]),
            trace.SpanKind.PRODUCER,
            {"messaging.system": "rabbitmq", "messaging.message.id": str(id_)},
            start_time=_made_at(id_),
        )
        span.end()

    def step(self, name: str, kind: StepKind, carried: str | None) -> Step:
        span = self._tracer.start_span(name, _context_of(carried), _KINDS[kind])
        return _Spanned(name, kind, span)


class _Spanned(Step):
    def __init__(self, name: str, kind: StepKind, span: trace.Span) -> None:
        self._span = span
        self._context = trace.set_span_in_context(span)
        carrier: dict[str, str] = {}
        _W3C.inject(carrier, self._context)
        super().__init__(name, kind, None)
        self.traceparent = carrier["traceparent"]

    def concerns(self, tenant_id: UUID, correlation_id: UUID | None = None) -> None:
        super().concerns(tenant_id, correlation_id)
        self._span.set_attributes({f"optima.{name}": value for name, value in self.about.items()})

    def ended(self, outcome: str, *, failed: bool) -> None:
        self._span.set_attribute("optima.outcome", outcome)
        if failed:
            self._span.set_status(trace.StatusCode.ERROR)

    def __enter__(self) -> Step:
        self._attached: Token[Any] = otel.attach(self._context)
        return super().__enter__()

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        super().__exit__(kind, error, traceback)
        otel.detach(self._attached)
        if error is not None:
            # Only the type of the exception: its message may contain prices and names.
            self._span.set_attribute("error.type", type(error).__name__)
            self._span.set_status(trace.StatusCode.ERROR)
        self._span.end()


def _without_secrets(url: URL) -> str:
    return str(url.with_query(None).with_user(None).with_fragment(None))


def _context_of(carried: str | None) -> otel.Context:
    return _W3C.extract({} if carried is None else {"traceparent": carried}, otel.Context())


def _made_at(id_: UUID) -> int:
    """Return when an id was created, in nanoseconds since 1970, from the milliseconds of the UUIDv7."""
    return min((id_.int >> 80) * 1_000_000, time.time_ns())
