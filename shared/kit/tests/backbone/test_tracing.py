"""A trace from a request through outbox, broker, reactions and a job to a call outside, as collected."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from tally import Chore

from optima_kit.ids import new_id
from optima_kit.spans import Spans
from optima_kit.testing import eventually
from optima_kit.tracing import step, tenant_mark

pytestmark = pytest.mark.servers

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"


class Collector:
    """Takes spans by OTLP over HTTP, and any other call."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.resources: list[dict[str, str]] = []
        self.called_with: list[str | None] = []

    async def take(self, request: web.Request) -> web.Response:
        told = ExportTraceServiceRequest.FromString(await request.read())
        for each in told.resource_spans:
            self.resources.append({a.key: a.value.string_value for a in each.resource.attributes})
            self.spans += [span for scope in each.scope_spans for span in scope.spans]
        return web.Response()

    async def be_called(self, request: web.Request) -> web.Response:
        self.called_with.append(request.headers.get("traceparent"))
        return web.Response()

    def named(self, name: str) -> Span:
        (found,) = [span for span in self.spans if span.name == name]
        return found


@asynccontextmanager
async def collecting() -> AsyncIterator[tuple[Collector, str]]:
    collector = Collector()
    application = web.Application()
    application.router.add_post("/v1/traces", collector.take)
    application.router.add_get("/elsewhere", collector.be_called)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield collector, f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def journey(stage: Any, carried: str | None, elsewhere: str) -> None:
    with step("POST /v1/things", "request", carried) as answering:
        answering.concerns(stage.tenant)
        await stage.tally.count(stage.database, stage.tenant, new_id(), mood="loud")
        async with stage.database.transaction(stage.tenant) as work:
            work.jobs.schedule("chore", Chore(name="sweep"), key="sweep")
            work.jobs.schedule("errand", Chore(name="fetch", mood="poison"), key="fetch")
        async with aiohttp.ClientSession() as client, client.get(f"{elsewhere}/elsewhere?token=secret"):
            pass
    await stage.relay()
    await stage.consumer()
    await stage.hints()
    await stage.work()

    async def done() -> bool:
        return {"echoed", "chore sweep", "errand fetch begun"} <= set(await stage.whats())

    await eventually(done, within=15)
    await eventually(stage.all_sent)


async def test_one_trace_holds_all_that_a_request_led_to(stage):
    async with collecting() as (collector, address):
        spans = Spans("tally", "1.0", "all", f"{address}/v1/traces", share=1.0)
        await journey(stage, f"00-{TRACE}-{CALLER}-01", address)
        await stage.close()
        await asyncio.to_thread(spans.close)

    assert {span.trace_id.hex() for span in collector.spans} == {TRACE}
    word = stage.tally.word
    request = collector.named("POST /v1/things")
    assert request.parent_span_id.hex() == CALLER
    counted, echoed = f"optima.{word}.counted.v1", f"optima.{word}.echoed.v1"
    heard = collector.named(f"react to {counted}")
    parents = {
        f"publish {counted}": request,
        f"react to {counted}": request,
        f"publish {echoed}": heard,
        f"react to {echoed}": heard,
        "run chore": request,
        "run errand": request,
        "GET": request,
    }
    for name, parent in parents.items():  # a slow machine may run the failing job again meanwhile
        led_by = {span.parent_span_id for span in collector.spans if span.name == name}
        assert led_by == {parent.span_id}, name
    assert collector.called_with == [f"00-{TRACE}-{collector.named('GET').span_id.hex()}-01"]
    failed = {span.name for span in collector.spans if span.status.code == span.status.STATUS_CODE_ERROR}
    assert failed == {"run errand"}
    assert all(each["service.name"] == "tally" for each in collector.resources)
    # Whoever reads traces is told neither the customer nor what stands in a query.
    told = b"".join(span.SerializeToString() for span in collector.spans)
    assert str(stage.tenant).encode() not in told
    assert tenant_mark(stage.tenant).encode() in told
    assert b"secret" not in told


@pytest.mark.parametrize(("carried", "sent"), [(None, False), (f"00-{TRACE}-{CALLER}-01", True)])
async def test_what_a_caller_decided_holds_and_the_share_is_for_the_rest(stage, carried, sent):
    async with collecting() as (collector, address):
        spans = Spans("tally", "1.0", "all", f"{address}/v1/traces", share=0.0)
        await journey(stage, carried, address)
        await stage.close()
        await asyncio.to_thread(spans.close)
    assert bool(collector.spans) == sent


async def test_without_a_collector_a_trace_is_carried_all_the_same(stage):
    async with collecting() as (collector, address):
        await journey(stage, f"00-{TRACE}-{CALLER}-01", address)
        rows = await stage.where.fetch("SELECT envelope FROM outbox")
        assert len(rows) == 2
        assert all(f'"traceparent":"00-{TRACE}-' in row["envelope"] for row in rows)
    assert not collector.spans
