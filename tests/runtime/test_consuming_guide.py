"""The programs of docs/guides/consuming-events.md, run as they stand there."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from identity.adapters.http_access import ByClientCredentials, TokenRequest, TokenView
from identity.application.access_tokens import Grant
from optima_contracts.brief import BriefCommented
from optima_contracts.envelope import Envelope
from optima_contracts.logistics import DdtIssued
from optima_kit.signing import EventSigner
from optima_kit.testing import ServiceDatabase, ServiceHarness, eventually
from optima_local import consumers
from optima_local.broker_administration import ManagementApi
from optima_local.layout import ROOT
from optima_local.ports import free_port
from trail.adapters.receivers import signed_headers
from trail.bootstrap import service
from trail.settings import TrailSettings

from .own_broker import OwnBroker

pytestmark = [pytest.mark.servers, pytest.mark.xdist_group("own broker")]

GUIDE = (ROOT / "docs" / "guides" / "consuming-events.md").read_text(encoding="utf-8")
PROGRAMS = dict(re.findall(r"^```python (\w+)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL))
SAMPLES = ROOT / "shared" / "contracts" / "samples"
TENANT = UUID(int=1)


def test_every_program_of_the_guide_is_run_here() -> None:
    assert set(PROGRAMS) == {"pull", "webhook", "amqp", "history"}
    assert GUIDE.count("```python") == len(PROGRAMS)


def comment(n: int = 0) -> Envelope:
    brief = uuid4()
    return Envelope(
        id=uuid4(),
        source="/optima/brief",
        type=BriefCommented.type,
        subject=brief,
        time=datetime.now(UTC),
        tenantid=TENANT,
        sequence=1,
        correlationid=brief,
        data=BriefCommented(brief_id=brief, comment_id=UUID(int=n)).model_dump(mode="json"),
    )


class Program:
    """A program of the guide, under way: what it has printed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []

    async def read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.lines.append(line.decode().strip())

    async def prints(self, *texts: str) -> None:
        await eventually(
            lambda: all(any(text in line for line in self.lines) for text in texts),
            within=40,
            describe=lambda: f"{texts} in {self.lines}",
        )


@contextlib.asynccontextmanager
async def running(name: str, folder: Path, **environment: str) -> AsyncIterator[Program]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PROGRAMS[name],
        cwd=folder,
        env={"PATH": os.environ["PATH"]} | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    program = Program(process)
    reading = asyncio.create_task(program.read())
    try:
        yield program
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        await reading


class TokenCounter:
    """Identity's endpoint for tokens: drops the first connection, then hands these out, the last for ever."""

    def __init__(self, *tokens: str) -> None:
        self._tokens = list(tokens)
        self.asked = 0

    async def answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        if self.asked == 1:
            assert request.transport is not None
            request.transport.close()
            raise ConnectionResetError
        account = TokenRequest.model_validate(await request.json()).root
        assert isinstance(account, ByClientCredentials)
        if (account.client_id, account.client_secret) != ("machine", "hunter2"):
            return web.json_response(status=401)
        token = self._tokens.pop(0) if len(self._tokens) > 1 else self._tokens[0]
        given = TokenView.of(token, timedelta(minutes=10), Grant({}))
        return web.Response(body=given.model_dump_json(exclude_unset=True), content_type="application/json")

    @contextlib.asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_post("/v1/tokens", self.answer)
        async with TestServer(app) as server:
            yield str(server.make_url("")).rstrip("/")


async def test_the_pull_feed(database_for: Any, tmp_path: Path) -> None:
    stored: ServiceDatabase = await database_for("trail")
    settings = TrailSettings(
        database_url=stored.rw_url,
        database_backbone_url=stored.backbone_url,
        broker_url="amqp://none",
        environment="demonstration",
        issuer="http://issuer.test",
        jwks_url="http://issuer.test/jwks",
        key_secret="a-secret-of-these-tests-0123456789abcdef",
    )
    made = service(settings)
    async with ServiceHarness.serve(made, stored) as app, contextlib.AsyncExitStack() as stack:

        async def record(*events: Envelope) -> None:
            async with app.database.transaction(TENANT) as work:
                for event in events:
                    reaction, received = made.reactions.read(event.model_dump_json().encode())
                    await reaction.handle(made.ports(work), received)

        ddt = Envelope.model_validate_json((SAMPLES / f"{DdtIssued.type}.json").read_text(encoding="utf-8"))
        other = Envelope.model_validate_json(
            (SAMPLES / "optima.identity.unit_changed.v1.json").read_text(encoding="utf-8")
        )
        first, second = comment(1), comment(2)
        await record(first, ddt.model_copy(update={"tenantid": TENANT}), other)
        machine = app.people.person(tenant_id=TENANT, privileges={"trail.read_all"}, kind="service")
        run_out = app.people.token(machine, lifetime=timedelta(minutes=-10))
        counter = TokenCounter(run_out, app.people.token(machine))
        identity = await stack.enter_async_context(counter.served())
        environment = {"IDENTITY": identity, "CLIENT_ID": "machine", "CLIENT_SECRET": "hunter2"}
        environment["TRAIL"] = str(app.http.make_url("")).rstrip("/")
        async with running("pull", tmp_path, **environment) as program:
            await program.prints(str(first.id), str(ddt.id))
            await record(second)
            await program.prints(str(second.id))
        # Once dropped, once a token that had run out, once one that serves.
        assert counter.asked == 3
        assert not any(str(other.id) in line for line in program.lines)
        # It goes on where it was ended.
        third = comment(3)
        await record(third)
        async with running("pull", tmp_path, **environment) as program:
            await program.prints(str(third.id))
        assert len(program.lines) == 1


async def test_the_webhook(tmp_path: Path) -> None:
    old, new, wrong = (f"whsec_{letter * 43}=" for letter in "abc")
    port = free_port()
    url = f"http://127.0.0.1:{port}/events"
    event, another = comment(1), comment(2)

    async def post(session: aiohttp.ClientSession, told: Envelope, *secrets: str) -> int:
        body = told.model_dump_json()
        headers = signed_headers(str(told.id), body, secrets, datetime.now(UTC))
        async with session.post(url, data=body.encode(), headers=headers) as response:
            return response.status

    async with (
        running("webhook", tmp_path, SECRETS=f"{old} {new}", PORT=str(port)) as program,
        aiohttp.ClientSession() as session,
    ):

        async def up() -> bool:
            with contextlib.suppress(aiohttp.ClientError):
                return await post(session, event, wrong) == 401
            return False

        await eventually(up, within=30, describe=lambda: str(program.lines))
        assert await post(session, event, old) == 204
        assert await post(session, event, old, new) == 204
        assert await post(session, another, wrong, new) == 204
        await program.prints(str(event.id), str(another.id))
        assert len(program.lines) == 2


def add(own_broker: OwnBroker, name: str, *reads: str, history: bool = False) -> str:
    """The address that `./optima consumer add` prints."""
    consumer = consumers.topology.Consumer(name, reads, history=history)
    administration = ManagementApi(own_broker.management)
    password = consumers.give_password(administration, consumer, own_broker.url)
    return consumers.Servers("", own_broker.url).broker_url(consumer.user, password)


async def test_a_queue_of_ones_own(own_broker: OwnBroker, tmp_path: Path) -> None:
    url = add(own_broker, "crm", "optima.brief.#", "optima.logistics.ddt_issued.v1")
    administration = ManagementApi(own_broker.management)
    signer = EventSigner("the secret of brief")
    keys = f"trail={EventSigner('another').public_key},brief={signer.public_key}"
    told = [comment(), comment(), comment()]
    bodies = signer.signed([event.model_dump_json().encode() for event in told])
    async with running("amqp", tmp_path, AMQP=url, EVENT_KEYS=keys) as program:
        for event, body in zip(told, bodies, strict=True):
            await asyncio.to_thread(own_broker.publish, event.type, body)
        await program.prints(*(str(event.id) for event in told))
        (stranger,) = EventSigner("a stranger's").signed([comment().model_dump_json().encode()])
        assert not [line for line in program.lines if "forged" in line]
        for body in (stranger, comment().model_dump_json().encode()):
            await asyncio.to_thread(own_broker.publish, told[-1].type, body)
        await eventually(lambda: len([line for line in program.lines if "forged" in line]) == 2, within=30)
    administration.delete_user("consumer.crm")
    for queue in ("consumer.crm.events", "consumer.crm.events.dead"):
        administration.delete_queue(queue)


async def test_the_history_from_the_first_event_and_from_a_time(
    own_broker: OwnBroker, tmp_path: Path
) -> None:
    url = add(own_broker, "warehouse", "optima.#", history=True)
    events = [comment(n) for n in range(3)]
    for event in events:
        await asyncio.to_thread(own_broker.publish, event.type, event.model_dump_json().encode())
    ids = [str(event.id) for event in events]
    an_hour_ago = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    for begin in ("first", an_hour_ago):
        async with running("history", tmp_path, AMQP=url, BEGIN=begin) as program:
            await program.prints(*ids)
        numbers = [int(line.split()[0]) for line in program.lines]
        assert numbers == sorted(numbers)
    # From a number on.
    last = next(line for line in program.lines if ids[-1] in line)
    async with running("history", tmp_path, AMQP=url, BEGIN=last.split()[0]) as program:
        await program.prints(ids[-1])
    administration = ManagementApi(own_broker.management)
    administration.delete_user("consumer.warehouse")
    for queue in ("consumer.warehouse.events", "consumer.warehouse.events.dead"):
        administration.delete_queue(queue)
