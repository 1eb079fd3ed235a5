"""The programs of docs/guides/consuming-events.md, run as they stand there."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import subprocess
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
from tests import programs
from tests.npm_packages import npm_folder
from tests.programs import GUIDE, PROGRAMS, Program

from identity.adapters.http_access import ByClientCredentials, TokenRequest, TokenView
from identity.application.access_tokens import Grant
from optima_contracts.brief import BriefCommented
from optima_contracts.catalogue import every_event_type
from optima_contracts.envelope import Envelope
from optima_contracts.logistics import DdtIssued
from optima_contracts.testing import EVENT_KEYS, Feed, forged, journeys
from optima_kit.testing import ServiceDatabase, ServiceHarness, eventually
from optima_kit.testing.nights import NIGHTLY
from optima_local import consumers
from optima_local.broker_administration import ManagementApi
from optima_local.layout import ROOT
from optima_local.ports import free_port
from trail.adapters.receivers import signed_headers
from trail.bootstrap import service
from trail.settings import TrailSettings

from .own_broker import OwnBroker

pytestmark = [pytest.mark.servers, pytest.mark.xdist_group("own broker"), pytest.mark.timeout(600)]

CONTRACTS = ROOT / "shared" / "contracts"
UV = Path(sys.executable).with_name("uv")
SAMPLES = ROOT / "shared" / "contracts" / "samples"
TENANT = UUID(int=1)


def test_every_program_of_the_guide_is_run_here() -> None:
    run = {"pull", "webhook", "amqp", "aio-pika", "node", "history", "progress", "test_progress"}
    assert set(PROGRAMS) == run
    assert GUIDE.count("```python") + GUIDE.count("```js") == len(PROGRAMS)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=CONTRACTS, check=True, capture_output=True)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def installed(wheel: Path) -> Path:
    """The contracts as somebody else has them: installed from the wheel."""
    into = ["--no-deps", "--offline", "--target", str(wheel.parent / "installed")]
    subprocess.run([UV, "pip", "install", "--quiet", *into, wheel], check=True, capture_output=True)
    return wheel.parent / "installed"


@NIGHTLY
def test_its_extras_bring_all_that_it_needs(wheel: Path, tmp_path: Path) -> None:
    """In an environment that has nothing else, which asks the package registry."""
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    for extra, program in (
        ("", "import optima_contracts.schemas as s; s.event_schema('optima.brief.closed.v1')"),
        ("[signatures]", "import optima_contracts.signatures"),
        ("[testing]", "from optima_contracts.testing import journeys; assert journeys()"),
    ):
        install = [UV, "pip", "install", "--quiet", "--python", python, f"{wheel}{extra}"]
        subprocess.run(install, check=True, capture_output=True)
        subprocess.run([python, "-c", program], cwd=tmp_path, check=True)


def test_the_package_holds_all_that_its_readers_need(installed: Path, tmp_path: Path) -> None:
    """From an empty folder: its models are typed, and journeys and samples are in it."""
    told = subprocess.run(
        [sys.executable, "-m", "optima_contracts.testing", "2"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(installed)},
        check=True,
        capture_output=True,
    ).stdout.splitlines()
    assert told == [delivery.body for delivery in journeys(2)]
    package = installed / "optima_contracts"
    assert (package / "py.typed").exists()
    assert len(list((package / "samples").glob("*.json"))) == len(every_event_type())
    where = [sys.executable, "-c", "import optima_contracts; print(optima_contracts.__file__)"]
    found = subprocess.run(where, cwd=tmp_path, env={"PYTHONPATH": str(installed)}, capture_output=True)
    assert Path(found.stdout.decode().strip()).parent == package


@pytest.mark.parametrize(
    ("instead_of", "forgets", "finds"),
    [
        ("", "", ""),
        ("self.known.add(event.id)", "pass", "test_it_knows"),  # duplicates
        (" and event.sequence > self.newest.get(counter, 0)", "", "test_it_knows"),  # what comes late
        ("self.keys.check(body, event.source, event.type)", "pass", "test_it_believes"),
    ],
)
def test_a_consumer_is_tested_by_the_double(
    installed: Path, tmp_path: Path, instead_of: str, forgets: str, finds: str
) -> None:
    """The guide's own passes; one that has forgotten something is found."""
    program = PROGRAMS["progress"]
    assert instead_of in program
    (tmp_path / "progress.py").write_text(program.replace(instead_of, forgets) if finds else program)
    (tmp_path / "test_progress.py").write_text(PROGRAMS["test_progress"])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{installed}:{tmp_path}", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
    )
    found = set(re.findall(r"^FAILED test_progress.py::(test_it_\w+)", done.stdout, re.MULTILINE))
    assert (bool(found), all(name.startswith(finds) for name in found)) == (bool(finds), True), done.stdout
    assert done.returncode == (1 if finds else 0), done.stdout + done.stderr


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


@contextlib.asynccontextmanager
async def running(name: str, folder: Path, **environment: str) -> AsyncIterator[Program]:
    command = ["node", "--input-type=module", "--eval"] if name == "node" else [sys.executable, "-c"]
    path = {"PATH": os.environ["PATH"]}
    async with programs.running(
        *command, PROGRAMS[name], folder=folder, environment=path | environment
    ) as program:
        yield program


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


async def test_the_pull_feed_of_the_double(tmp_path: Path) -> None:
    """The same program needs no stack: it bears a token that runs out, and waits for what comes."""
    *told, last = [each for each in journeys() if each.routing_key.startswith("optima.brief.")]
    with Feed(told) as feed:
        credentials = {name.upper(): value for name, value in feed.credentials.items()}
        environment = credentials | {"IDENTITY": feed.url, "TRAIL": feed.url}
        async with running("pull", tmp_path, **environment) as program:
            await program.prints(*(str(each.event.id) for each in told))
            feed.expire()
            feed.publish(last)
            await program.prints(str(last.event.id))
    assert [line.split()[0] for line in program.lines if "Unauthorized" not in line] == [
        str(each.event.id) for each in (*told, last)
    ]


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

        await eventually(up, within=90, describe=lambda: str(program.lines))
        assert await post(session, event, old) == 204
        assert await post(session, event, old, new) == 204
        assert await post(session, another, wrong, new) == 204
        await program.prints(str(event.id), str(another.id))
        assert len(program.lines) == 2
        # The double signs as the trail does.
        (doubled,) = journeys()[:1]
        headers = doubled.webhook_headers(new)
        async with session.post(url, data=doubled.told, headers=headers) as response:
            assert response.status == 204
        await program.prints(str(doubled.event.id))


def add(own_broker: OwnBroker, name: str, *reads: str, history: bool = False) -> str:
    """The address that `./optima consumer add` prints."""
    consumer = consumers.topology.Consumer(name, reads, history=history)
    administration = ManagementApi(own_broker.management)
    password = consumers.give_password(administration, consumer, own_broker.url)
    return consumers.Servers("", own_broker.url).broker_url(consumer.user, password)


@pytest.mark.parametrize("program", ["amqp", "aio-pika", "node"])
async def test_a_queue_of_ones_own(
    own_broker: OwnBroker, installed: Path, tmp_path: Path, program: str
) -> None:
    folder = npm_folder("amqplib") if program == "node" else tmp_path
    url = add(own_broker, "crm", "optima.brief.#", "optima.logistics.ddt_issued.v1")
    told = [each for each in journeys() if each.event.source == "/optima/brief"]
    genuine = [each for each in told if each.routing_key.startswith("optima.brief.")]
    wrong = [forged(genuine[0]).body, genuine[0].told]  # under another's key, and under none
    environment = {"AMQP": url, "EVENT_KEYS": EVENT_KEYS, "PYTHONPATH": str(installed)}
    try:
        async with running(program, folder, **environment) as consumer:
            for each in told:
                await asyncio.to_thread(own_broker.publish, each.routing_key, each.body)
            await consumer.prints(*(str(each.event.id) for each in genuine))
            assert not [line for line in consumer.lines if "forged" in line]
            for body in wrong:
                await asyncio.to_thread(own_broker.publish, genuine[0].routing_key, body)
            await eventually(
                lambda: len([line for line in consumer.lines if "forged" in line]) == 2, within=90
            )
        assert len(consumer.lines) == len(genuine) + 2
    finally:
        remove(own_broker, "crm")


def remove(own_broker: OwnBroker, name: str) -> None:
    administration = ManagementApi(own_broker.management)
    administration.delete_user(f"consumer.{name}")
    for queue in (f"consumer.{name}.events", f"consumer.{name}.events.dead"):
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
    remove(own_broker, "warehouse")
