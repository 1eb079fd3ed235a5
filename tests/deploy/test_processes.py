"""A role's process as a cluster sees it: it waits for its migrations, tells Prometheus what it may know,
drains before it ends, and says what is wrong with its configuration."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from urllib.error import HTTPError
from uuid import uuid4

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc.jwk import KeySet

from optima_kit.signing import public_keys
from optima_kit.testing import ServiceDatabase, eventually
from optima_kit.testing.people import ISSUER, People
from optima_kit.tracing import tenant_mark
from optima_local.layout import ROOT
from optima_local.ports import free_port
from optima_local.services import is_ready

pytestmark = pytest.mark.servers


def scraped(port: int, path: str = "/metrics") -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
        text: str = answer.read().decode()
        return text


EVENT_SECRET = "a-secret-of-32-characters-for-events"


def complaints(promtool: str, metrics: str) -> str:
    done = subprocess.run([promtool, "check", "metrics"], input=metrics, text=True, capture_output=True)
    return done.stdout + done.stderr


class Process:
    """`python -m brief ROLE`."""

    def __init__(self, role: str, database: ServiceDatabase, amqp_url: str, **environment: str) -> None:
        self.http, self.metrics = free_port(), free_port()
        self.running = subprocess.Popen(
            [sys.executable, "-m", "brief", role],
            env=os.environ
            | {
                "OPTIMA_DATABASE_URL": database.rw_url,
                "OPTIMA_DATABASE_BACKBONE_URL": database.backbone_url,
                "OPTIMA_BROKER_URL": amqp_url,
                "OPTIMA_EVENT_SECRET": EVENT_SECRET,
                "OPTIMA_EVENT_KEYS": public_keys({"brief": EVENT_SECRET}),
                "OPTIMA_ISSUER": "https://identity.example.com",
                "OPTIMA_JWKS_URL": "http://127.0.0.1:9/keys",
                "OPTIMA_HTTP_PORT": str(self.http),
                "OPTIMA_METRICS_PORT": str(self.metrics),
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def read_until(self, words: str) -> None:
        """Waits until it says so."""
        assert self.running.stdout is not None
        assert any(words in line.decode() for line in self.running.stdout), f"it never said {words!r}"

    async def ready(self) -> None:
        await eventually(lambda: is_ready(self.http), within=90)

    def end(self) -> str:
        """Has it stop, and gives what it said."""
        if self.running.poll() is None:
            self.running.send_signal(signal.SIGTERM)
        return self.running.communicate(timeout=60)[0].decode()


@pytest.fixture
def processes() -> Iterator[list[Process]]:
    started: list[Process] = []
    yield started
    for process in started:
        process.running.kill()
        process.running.communicate()


async def test_a_role_waits_for_its_migrations(database_for, amqp_url, processes) -> None:
    database = await database_for("brief")
    await database.fetch("ALTER TABLE schema_migrations RENAME TO not_yet")
    process = Process("http", database, amqp_url)
    processes.append(process)
    await asyncio.wait_for(asyncio.to_thread(process.read_until, "waiting for migrations"), 60)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", process.http)) != 0, "nobody sends it requests yet"
    await database.fetch("ALTER TABLE not_yet RENAME TO schema_migrations")
    await process.ready()


@pytest.mark.sampled(3)
@pytest.mark.parametrize(("role", "variable"), [("relay", "SECRET"), ("consume", "KEYS"), ("all", "SECRET")])
async def test_a_role_says_what_it_needs_to_sign_or_check_events(
    role, variable, database_for, amqp_url, processes
) -> None:
    nothing = {f"OPTIMA_EVENT_{variable}": ""}
    process = Process(role, await database_for("brief"), amqp_url, **nothing)
    processes.append(process)
    told = process.running.communicate(timeout=60)[0].decode()
    assert process.running.returncode == 2
    assert f"OPTIMA_EVENT_{variable}" in told


async def test_each_role_tells_what_it_may_know(database_for, amqp_url, processes, promtool) -> None:
    """The figures of the whole service stand with its relay alone; a scrape is clean and asks no database."""
    database = await database_for("brief")
    for role in ("http", "relay"):
        processes.append(Process(role, database, amqp_url))
    http, relay = processes
    await http.ready()
    await relay.ready()
    await eventually(lambda: "optima_outbox_pending 0" in scraped(relay.metrics), within=60)
    measured = ("optima_outbox_pending", "optima_parked_messages", "optima_briefs")
    told = {name: (name in scraped(http.metrics), name in scraped(relay.metrics)) for name in measured}
    assert told == dict.fromkeys(measured, (False, True))
    for process in processes:
        assert complaints(promtool, scraped(process.metrics)) == ""
        for path in ("/metrics", "/openapi.json"):  # not where everybody gets
            with pytest.raises(HTTPError, match="404"):
                scraped(process.http, path)
    assert 'optima_broker_connected{connection="brief relay"} 1.0' in scraped(relay.metrics)
    await database.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'brief%'"
        " AND datname = current_database()"
    )
    assert 'optima_build_info{version="' in scraped(http.metrics)


async def test_what_is_measured_of_a_request_names_its_trace(database_for, amqp_url, processes) -> None:
    process = Process("http", await database_for("brief"), amqp_url)
    processes.append(process)
    await process.ready()
    trace = "0af7651916cd43dd8448eb211c80319c"
    request = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    scrape = {"Accept": "application/openmetrics-text"}
    async with aiohttp.ClientSession() as client:
        async with client.get(f"http://127.0.0.1:{process.http}/v1/briefs", headers=request) as answer:
            assert answer.status == 401
        async with client.get(f"http://127.0.0.1:{process.metrics}/metrics", headers=scrape) as answer:
            exemplars = [line for line in (await answer.text()).splitlines() if "# {" in line]
    assert any(line.startswith("optima_http_request") and trace in line for line in exemplars), exemplars


async def test_the_api_answers_while_it_drains(database_for, amqp_url, processes) -> None:
    database = await database_for("brief")
    process = Process("http", database, amqp_url, OPTIMA_DRAIN_SECONDS="1.5")
    processes.append(process)
    await process.ready()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{process.http}") as client:
        process.running.send_signal(signal.SIGTERM)

        async def status(path: str) -> int:
            async with client.get(path) as answer:
                return answer.status

        async def unready() -> bool:
            return await status("/readyz") == 503

        await eventually(unready)
        assert await status("/v1/briefs") == 401, "whoever has not noticed yet is answered"
    await asyncio.to_thread(process.running.wait, 20)
    told = process.end()
    assert process.running.returncode == 0, told


def keys_of_the_access_log() -> set[str]:
    """The keys in both tables of docs/architecture/watching.md, except those of failures and of events."""
    text = (ROOT / "docs" / "architecture" / "watching.md").read_text(encoding="utf-8")
    logs = text.partition("## Logs")[2].partition("`access refused`")[0]
    return set(re.findall(r"^\| `(\w+)` \|", logs, re.MULTILINE)) - {"exception", "correlation_id"}


async def test_each_request_is_one_line_without_secrets(database_for, amqp_url, processes) -> None:
    people = People()

    async def public_key(_: web.Request) -> web.Response:
        return web.json_response(KeySet([people.key]).as_dict(private=False))

    keys = web.Application()
    keys.router.add_get("/keys", public_key)
    async with TestServer(keys) as issuer:
        environment = {"OPTIMA_JWKS_URL": str(issuer.make_url("/keys")), "OPTIMA_ISSUER": ISSUER}
        database = await database_for("brief")
        process = Process("http", database, amqp_url, OPTIMA_ENVIRONMENT="demonstration", **environment)
        processes.append(process)
        await process.ready()
        tenant_id, trace = uuid4(), "0af7651916cd43dd8448eb211c80319c"
        token = people.token(people.person("marketing", tenant_id=tenant_id))
        brief_id = uuid4()
        headers = {"traceparent": f"00-{trace}-b7ad6b7169203331-01", "Authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession(f"http://127.0.0.1:{process.http}", headers=headers) as client:
            for method, path, status in (
                ("GET", "/v1/briefs?text=segreto", 200),
                ("GET", f"/v1/briefs/{brief_id}", 404),
                ("GET", "/v1/hunter2", 404),
                ("PATCH", "/v1/briefs", 405),
                ("GET", "/livez", 200),
            ):
                async with client.request(method, path) as answer:
                    assert answer.status == status, (path, await answer.text())
            async with client.get("/v1/briefs", headers={"Authorization": "Bearer hunter2"}) as answer:
                assert answer.status == 401
    told = process.end()
    lines = [line for line in map(json.loads, told.splitlines()) if line["event"] == "request"]
    assert [(line["method"], line["route"], line["status"]) for line in lines] == [
        ("GET", "/v1/briefs", 200),
        ("GET", "/v1/briefs/{brief_id}", 404),
        ("GET", "none", 404),
        ("PATCH", "none", 405),
        ("GET", "/v1/briefs", 401),
    ]
    assert {line["trace_id"] for line in lines} == {trace}
    assert all(0 < line["seconds"] < 60 for line in lines)
    assert [line.get("tenant") for line in lines] == [tenant_mark(tenant_id)] * 2 + [None] * 3
    assert lines[0].keys() == keys_of_the_access_log()
    for secret in (token, "hunter2", "segreto", str(tenant_id), str(brief_id)):
        assert secret not in told


@pytest.mark.sampled(2)
@pytest.mark.parametrize("which", ["HTTP", "METRICS"])
async def test_a_taken_port_is_named(database_for, amqp_url, processes, which: str) -> None:
    database = await database_for("brief")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = Process("http", database, amqp_url, **{f"OPTIMA_{which}_PORT": str(port)})
        processes.append(process)
        await asyncio.to_thread(process.running.wait, 30)
    told = process.end()
    assert process.running.returncode == 2, told
    assert f"configuration: OPTIMA_{which}_PORT: 127.0.0.1:{port}: another process listens there" in told
    assert "Traceback" not in told
