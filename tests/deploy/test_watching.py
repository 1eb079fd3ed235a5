"""A night's check: Prometheus watches the stack under load and answers every panel; an alert fires,
Alertmanager tells it to whoever is on call, and it ends.

There is no Grafana here: what its dashboards would draw is asked of Prometheus, panel by panel, and drawn:
`OPTIMA_WRITE_PICTURES=1` puts the pictures of docs/pictures/dashboards anew.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import aiohttp
import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.deploy.drawing import drawn
from tests.stack import Stack

from optima_kit.testing import eventually
from optima_kit.testing.nights import NIGHTLY
from optima_local.broker_administration import Rabbitmqctl
from optima_local.demonstration.show import run_demonstration, run_many
from optima_local.deployment.dashboards import dashboards, queries_of
from optima_local.deployment.entries import service_entries
from optima_local.layout import ROOT
from optima_local.ports import free_port
from optima_local.postgres import as_account
from optima_local.rabbitmq import find_rabbitmq, private_rabbit

pytestmark = [
    pytest.mark.servers,
    pytest.mark.journey,
    pytest.mark.xdist_group("stack"),
    pytest.mark.timeout(1200),
    NIGHTLY,
]
# Of what the demonstration does not have: webhooks, refusals and errors of every service. The trail tells of
# nothing and owes nothing there, the portal tells of nothing and mails nobody.
MAY_BE_EMPTY = (
    "optima_trail_webhook",
    "optima_refusals",
    'status=~"5..',
    'optima_events_published_total{service="trail"}',
    'optima_job_seconds_count{service="trail"}',
    'optima_events_published_total{service="portal"}',
    'optima_job_seconds_count{service="portal"}',
)
PICTURES = ROOT / "docs" / "pictures" / "dashboards"
WANTS_PICTURES = "OPTIMA_WRITE_PICTURES" in os.environ
PICTURED = ("overview", "business", "brief", "broker-and-database")

UNDER_ITS_FILES = 'mount --bind "$1" /usr/share && shift && exec "$@"'
"""Debian's Alertmanager looks for its templates where they would be installed."""


class Prometheus:
    def __init__(self, port: int) -> None:
        self._api = f"http://127.0.0.1:{port}/api/v1"

    def ask(self, path: str, **parameters: str) -> Any:
        url = f"{self._api}/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 (our own)
            return json.load(answer)["data"]

    def query(self, expression: str) -> list[Any]:
        found: list[Any] = self.ask("query", query=expression)["result"]
        return found

    def over(self, began: float, ended: float) -> Callable[[str], list[dict[str, Any]]]:
        """What a query's series were in that time, at 120 moments."""

        def ask(expression: str) -> list[dict[str, Any]]:
            step = (ended - began) / 120
            times = {"start": f"{began}", "end": f"{ended}", "step": f"{step:.3f}"}
            answer = self.ask("query_range", query=expression, **times)
            found: list[dict[str, Any]] = answer["result"]
            return found

        return ask

    def firing(self) -> set[tuple[str, str]]:
        """Alert and service. Not of a budget: on a busy machine requests are slow, which is no fault here."""
        alerts = self.ask("alerts")["alerts"]
        return {
            (alert["labels"]["alertname"], alert["labels"].get("service", ""))
            for alert in alerts
            if alert["state"] == "firing" and "Burn" not in alert["labels"]["alertname"]
        }


class OnCall:
    """The receivers of deploy/prometheus/alertmanager.yaml: what each was told, alert by alert."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, str, str]] = []
        """Receiver, alert, service, "firing" or "resolved"."""

    async def take(self, request: web.Request) -> web.Response:
        for alert in (await request.json())["alerts"]:
            labels = alert["labels"]
            told = (request.path[1:], labels["alertname"], labels.get("service", ""), alert["status"])
            self.told.append(told)
        return web.Response()


@contextmanager
def running(*command: str | Path) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
async def on_call() -> AsyncIterator[tuple[OnCall, str]]:
    """Who is told, and under which address."""
    taken = OnCall()
    app = web.Application()
    app.router.add_post("/{receiver}", taken.take)
    async with TestServer(app) as server:
        yield taken, str(server.make_url("")).rstrip("/")


@pytest.fixture
def alertmanager(
    on_call: tuple[OnCall, str], debian_folder: Callable[[str], Path], tmp_path: Path
) -> Iterator[int]:
    """The port of an Alertmanager with our configuration, which does not wait for minutes either."""
    configuration = yaml.safe_load(
        (ROOT / "deploy" / "prometheus" / "alertmanager.yaml").read_text(encoding="utf-8")
    )
    configuration["route"] |= {"group_wait": "0s", "group_interval": "1s"}
    for receiver in configuration["receivers"]:
        for webhook in receiver["webhook_configs"]:
            webhook["url"] = f"{on_call[1]}/{receiver['name']}"
    file = tmp_path / "alertmanager.yml"
    file.write_text(yaml.safe_dump(configuration), encoding="utf-8")
    port = free_port()
    root = debian_folder("prometheus-alertmanager")
    with running(
        *("unshare", "--map-root-user", "--mount", "sh", "-c", UNDER_ITS_FILES, "sh", root / "usr/share"),
        root / "usr/bin/prometheus-alertmanager",
        f"--config.file={file}",
        f"--storage.path={tmp_path / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ):
        yield port


@pytest.fixture
def broker_metrics(stack: Stack) -> str:
    """Host and port of RabbitMQ's own metrics."""
    found = find_rabbitmq()
    assert found is not None
    rabbit = private_rabbit(found, stack.layout, json.loads(stack.layout.ports.read_text(encoding="utf-8")))
    port = free_port()
    Rabbitmqctl(rabbit).run(
        "eval",
        "application:load(rabbitmq_prometheus),"
        f' application:set_env(rabbitmq_prometheus, tcp_config, [{{ip, "127.0.0.1"}}, {{port, {port}}}]).',
    )
    subprocess.run(
        [rabbit.broker.scripts / "rabbitmq-plugins", "--quiet", "enable", "rabbitmq_prometheus"],
        env=rabbit.environment(),
        check=True,
        capture_output=True,
        **as_account(rabbit.account),
    )
    return f"127.0.0.1:{port}"


@pytest.fixture
def prometheus(
    stack: Stack,
    alertmanager: int,
    broker_metrics: str,
    debian_folder: Callable[[str], Path],
    tmp_path: Path,
) -> Iterator[Prometheus]:
    for file in (ROOT / "deploy" / "prometheus" / "rules").glob("*.yaml"):
        rules = yaml.safe_load(file.read_text(encoding="utf-8"))
        for group in rules["groups"]:
            group["interval"] = "1s"
            for rule in group["rules"]:
                if "for" in rule:
                    rule["for"] = "10s"  # a drill does not wait for minutes
        (tmp_path / file.name).write_text(yaml.safe_dump(rules), encoding="utf-8")
    scraped = [
        {"targets": [urllib.parse.urlsplit(url).netloc], "labels": {"service": service, "role": "all"}}
        for service, url in stack.addresses["metrics"].items()
    ]
    configuration = {
        # A scrape may take as long as its interval, which on a busy machine is more than a second.
        "global": {"scrape_interval": "3s", "scrape_timeout": "3s", "evaluation_interval": "1s"},
        "rule_files": [str(tmp_path / "*.yaml")],
        "scrape_configs": [
            {"job_name": "optima", "static_configs": scraped},
            {
                "job_name": "rabbitmq",
                "metrics_path": "/metrics/per-object",
                "static_configs": [{"targets": [broker_metrics]}],
            },
        ],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{alertmanager}"]}]}]},
    }
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(configuration), encoding="utf-8")
    port = free_port()
    with running(
        debian_folder("prometheus") / "usr/bin/prometheus",
        f"--config.file={tmp_path / 'prometheus.yml'}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ):
        yield Prometheus(port)


def reached(prometheus: Prometheus, expression: str) -> bool:
    try:
        return bool(prometheus.query(expression))
    except OSError:
        return False


async def nothing_fires(prometheus: Prometheus) -> None:
    """Wait until no alert fires: on a busy machine one may have begun, which is no fault here."""
    await eventually(
        lambda: prometheus.firing() == set(), within=90, describe=lambda: str(prometheus.firing())
    )


async def test_every_panel_is_answered_and_an_alert_fires_and_ends(
    stack: Stack, prometheus: Prometheus, on_call: tuple[OnCall, str]
) -> None:
    services = len(stack.addresses["services"])
    await eventually(lambda: reached(prometheus, f"sum(up) == {services} + 1"), within=60)
    began = time.time()
    await run_demonstration(stack.stage)
    load = await run_many(stack.stage, *((3, 24) if WANTS_PICTURES else (2, 4)))
    assert load.failures == []
    async with aiohttp.ClientSession(stack.addresses["services"]["portal"]) as visitor:
        for _ in range(5):
            async with visitor.get("/") as page:
                assert page.status == 200, "the page to sign in"
            await asyncio.sleep(0.5)
    # A panel is without an answer until its service has measured, and while scrapes fail on a busy machine.
    unanswered = {
        (name, query)
        for name, board in dashboards(service_entries()).items()
        for query in queries_of(board)
        if not any(part in query for part in MAY_BE_EMPTY)
    }

    def every_panel_was_answered() -> bool:
        # What is wrong in itself raises.
        unanswered.difference_update([each for each in unanswered if prometheus.query(each[1])])
        return not unanswered

    await eventually(every_panel_was_answered, within=120, describe=lambda: str(unanswered))
    for name, board in dashboards(service_entries()).items():
        picture = drawn(board, prometheus.over(began, time.time()), began, time.time())
        ElementTree.fromstring(picture)  # noqa: S314 (our own)
        assert "<polyline" in picture, name
        if WANTS_PICTURES and name in PICTURED:
            PICTURES.mkdir(exist_ok=True)
            (PICTURES / f"{name}.svg").write_text(picture, encoding="utf-8")
    # Sums are true: each figure of a service stands there once.
    assert prometheus.query("count by (service) (optima_outbox_pending) > 1") == []
    await nothing_fires(prometheus)
    told = on_call[0].told
    told.clear()
    down = ("pages", "OptimaProcessDown", "brief")
    with stack.standing_still("brief"):
        await eventually(lambda: (*down, "firing") in told, within=90, describe=lambda: str(told))
    await nothing_fires(prometheus)
    await eventually(lambda: (*down, "resolved") in told, within=90, describe=lambda: str(told))
    assert ("OptimaNotMeasured", "brief") not in {each[1:3] for each in told}, "it is down, which says it all"
