"""What the demonstration tells other services: valid for strangers' libraries, and the same on every way."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import asyncpg
import pika
import pytest
from cloudevents.core.bindings.rabbitmq import RabbitMQMessage, from_structured_event, to_structured_event

from optima_contracts.envelope import CONTENT_TYPE, Envelope
from optima_kit.topology import HISTORY
from optima_local.demonstration.customer import DemoData
from optima_local.demonstration.show import customer_of
from optima_local.layout import ROOT
from optima_local.services import find_services
from tests.event_schemas import DOCUMENT, validator_of
from tests.npm_packages import npm_folder
from tests.stack import Stack

pytestmark = [
    pytest.mark.servers,
    pytest.mark.journey,
    pytest.mark.xdist_group("stack"),
    pytest.mark.timeout(240),
    pytest.mark.usefixtures("demonstration"),
]

RECORDED = ROOT / "shared" / "contracts" / "src" / "optima_contracts" / "journey.jsonl"
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_AJV = """
import { readFileSync } from "fs";
import Ajv from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { HTTP } from "cloudevents";
const { components } = JSON.parse(readFileSync(process.argv[1], "utf8"));
const ajv = new Ajv.default({ strict: false });
formats.default(ajv);
ajv.addSchema({ $id: "events", components });
for (const line of readFileSync(0, "utf8").trim().split("\\n")) {
  const type = JSON.parse(line).type;
  const valid = ajv.getSchema(`events#/components/messages/${type}/payload`);
  if (!valid(JSON.parse(line))) console.log(type, ajv.errorsText(valid.errors));
  const event = HTTP.toEvent({ headers: { "content-type": "application/cloudevents+json" }, body: line });
  const again = JSON.parse(HTTP.structured(event.cloneWith({}, true)).body);
  for (const name of ["id", "source", "type", "subject", "tenantid", "sequence", "signature"])
    if (again[name] !== JSON.parse(line)[name]) console.log(type, name, again[name]);
}
"""


def published(stack: Stack) -> list[dict[str, Any]]:
    """All that the services published, as it went out: read from the stream, each event once."""
    stored = asyncio.run(outboxes(stack))
    wanted = {event["id"] for event in stored}
    found: dict[str, dict[str, Any]] = {}
    connection = pika.BlockingConnection(pika.URLParameters(stack.addresses["amqp"]))
    channel = connection.channel()

    def take(_: Any, method: Any, __: Any, body: bytes) -> None:
        found.setdefault(json.loads(body)["id"], json.loads(body))
        channel.basic_ack(method.delivery_tag)

    channel.basic_qos(prefetch_count=500)
    channel.basic_consume(HISTORY, take, arguments={"x-stream-offset": "first"})
    deadline = time.monotonic() + 30
    while not wanted <= found.keys() and time.monotonic() < deadline:
        connection.process_data_events(time_limit=0.5)
    channel.cancel()
    connection.close()
    assert wanted <= found.keys()
    return list(found.values())


async def outboxes(stack: Stack) -> list[dict[str, Any]]:
    events = []
    for service in find_services():
        connection = await asyncpg.connect(stack.database_url(service.name))
        try:
            rows = await connection.fetch("SELECT envelope FROM outbox")
        finally:
            await connection.close()
        events += [json.loads(row["envelope"]) for row in rows]
    return events


@pytest.fixture(scope="module")
def events(stack: Stack, demonstration: Any) -> list[dict[str, Any]]:
    found = published(stack)
    assert len(found) > 100
    return found


def test_every_published_event_is_what_its_schema_says(events: list[dict[str, Any]]) -> None:
    wrong = [
        (event["type"], error.message)
        for event in events
        for error in validator_of(event["type"]).iter_errors(event)
    ]
    assert wrong == []


def test_cloudevents_for_python_reads_every_event(events: list[dict[str, Any]]) -> None:
    for event in events:
        message = RabbitMQMessage(headers={}, content_type=CONTENT_TYPE, body=json.dumps(event).encode())
        read = from_structured_event(message)
        assert (read.get_type(), read.get_data()) == (event["type"], event["data"])
        assert json.loads(to_structured_event(read).body) == event


def test_ajv_and_cloudevents_for_node_read_every_event(events: list[dict[str, Any]]) -> None:
    folder = npm_folder("cloudevents")  # brings ajv with it
    lines = "\n".join(json.dumps(event) for event in events)

    def judged(text: str) -> str:
        command = ["node", "--input-type=module", "--eval", _AJV, str(DOCUMENT)]
        done = subprocess.run(command, cwd=folder, input=text, capture_output=True, text=True)
        return done.stdout + done.stderr

    assert judged(lines) == ""
    spoilt = next(event for event in events if event["type"] == "optima.brief.submitted.v1")
    assert "must be integer" in judged(json.dumps(spoilt | {"sequence": "1"}))


async def test_stream_and_feed_tell_the_same_in_the_same_order(
    stack: Stack, events: list[dict[str, Any]]
) -> None:
    """Of each source and subject, from the first event on."""
    async with customer_of(stack.stage, patience=30) as customer:
        admin, told, after = customer.people["admin"], [], ""
        while page := (
            await customer.api.as_(admin, "GET", "trail", f"/v1/events?limit=200&wait=2{after}")
        ).body["items"]:
            told += page
            after = f"&after={page[-1]['id']}"
    tenant = told[0]["tenantid"]
    streamed = [event for event in events if event["tenantid"] == tenant]
    # What the request of the feed itself led to, a sign-in say, came later.
    known = {event["id"] for event in streamed}
    told = [event for event in told if event["id"] in known]
    assert len(told) == len(streamed) > 100
    assert by_subject(told) == by_subject(streamed)
    for chain in by_subject(streamed).values():
        assert [event["sequence"] for event in chain] == list(range(1, len(chain) + 1))


def by_subject(events: list[dict[str, Any]]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """The events of each source and subject, without what only one way carries."""
    found = defaultdict(list)
    for event in events:
        plain = {name: event[name] for name in event if name not in ("signature", "traceparent", "time")}
        found[event["source"], event["subject"]].append(plain)
    return dict(found)


def test_the_double_tells_the_journey_as_it_is(stack: Stack, events: list[dict[str, Any]]) -> None:
    """`optima_contracts.testing`: each chain of events that it tells of a subject is one that really came.
    With OPTIMA_WRITE_GOLDEN=1 the journey is recorded anew."""
    title = DemoData(stack.stage.data).briefs["briefs"][0]["title"]
    shown = {event["correlationid"] for event in events if event["data"].get("title") == title}
    closed = next(
        event
        for event in events
        if event["type"] == "optima.brief.closed.v1" and event["correlationid"] in shown
    )
    if os.environ.get("OPTIMA_WRITE_GOLDEN"):
        RECORDED.write_text(recorded(events, closed["correlationid"]), encoding="utf-8")
    real = list(chains(event for event in events if event["correlationid"] == closed["correlationid"]))
    double = list(chains(json.loads(line) for line in RECORDED.read_text(encoding="utf-8").splitlines()))
    assert len(double) > 5
    missing = [chain for chain in double if not any(is_part(chain, of) for of in real)]
    assert missing == [], "record the journey anew: OPTIMA_WRITE_GOLDEN=1"


def chains(events: Iterator[dict[str, Any]]) -> Iterator[list[str]]:
    """The types of each source and subject, in sequence."""
    found = defaultdict(list)
    for event in events:
        found[event["source"], event["subject"]].append((event["sequence"], event["type"]))
    for chain in found.values():
        yield [type_ for _, type_ in sorted(chain)]


def is_part(chain: list[str], of: list[str]) -> bool:
    rest = iter(of)
    return all(type_ in rest for type_ in chain)


def recorded(events: list[dict[str, Any]], brief_id: str) -> str:
    """The brief's story in the order of its times, with ids that tell its own things from what lasts."""
    story = [event for event in events if event["correlationid"] == brief_id]
    story.sort(key=lambda event: event["time"])
    elsewhere = set(_UUID.findall(json.dumps([e for e in events if e["correlationid"] != brief_id])))
    lasting = elsewhere | {event[who] for event in story for who in ("actorid", "onbehalfof") if who in event}
    names = {story[0]["tenantid"]: "11111111-0000-7000-8000-000000000001"}

    def name(found: re.Match[str]) -> str:
        beginning = "11111111" if found[0] in lasting else "00000000"
        return names.setdefault(found[0], f"{beginning}-0000-7000-8000-{len(names) + 1:012x}")

    lines = []
    for event in story:
        envelope = Envelope.model_validate(event).model_copy(update={"signature": None, "traceparent": None})
        lines.append(_UUID.sub(name, envelope.model_dump_json(exclude_none=True)))
    return "\n".join(lines) + "\n"
