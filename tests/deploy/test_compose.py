"""A night's check: deploy/compose.yaml, from nothing to a delivered brief, under podman-compose.

What it would pull from a registry is made here: PostgreSQL and RabbitMQ are Debian 13's (17 and 4.0), in
images that take the official ones' settings. The order of `depends_on` is the test's to keep, for Debian 12's
podman (4.3) knows neither healthy containers nor ones that have done their work: it runs the servers' health
checks itself, waits for provisioning to end well, and for the services on their addresses. Names of
containers resolve with Debian's plugin (apt install golang-github-containernetworking-plugin-dnsname).
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
import yaml
from tests.deploy.engine import BASE, NEEDS_ENGINE, Engine

from optima_kit.testing import eventually
from optima_local.demonstration.__main__ import stage_at
from optima_local.demonstration.show import run_demonstration, run_many
from optima_local.deployment.compose import PLATFORM_SECRET, addresses
from optima_local.deployment.entries import service_entries
from optima_local.environments import environment_for
from optima_local.layout import ROOT

NAMES = Path("/usr/lib/cni/dnsname")
pytestmark = [
    pytest.mark.timeout(3600),
    *NEEDS_ENGINE,
    pytest.mark.skipif(
        not NAMES.exists(),
        reason=f"missing: {NAMES} (apt install golang-github-containernetworking-plugin-dnsname)",
    ),
]
FILE = ROOT / "deploy" / "compose.yaml"
SERVICES = service_entries()

POSTGRES = """\
#!/bin/sh
set -e
data=/var/lib/postgresql/data
as_postgres="setpriv --reuid postgres --regid postgres --clear-groups"
chown postgres:postgres $data
if [ ! -s $data/PG_VERSION ]; then
    echo "$POSTGRES_PASSWORD" > /tmp/password && chown postgres /tmp/password
    $as_postgres initdb --pgdata $data --username postgres --pwfile /tmp/password --auth scram-sha-256 \\
        --encoding UTF8 --locale C.UTF-8
    echo "host all all all scram-sha-256" >> $data/pg_hba.conf
fi
exec $as_postgres postgres -D $data -c listen_addresses='*' -c unix_socket_directories=/tmp "$@"
"""
RABBITMQ = """\
#!/bin/sh
set -e
echo "[rabbitmq_management]." > /etc/rabbitmq/enabled_plugins
chown -R rabbitmq:rabbitmq /var/lib/rabbitmq
export HOME=/var/lib/rabbitmq RABBITMQ_LOGS=-
exec setpriv --reuid rabbitmq --regid rabbitmq --clear-groups /usr/lib/rabbitmq/bin/rabbitmq-server
"""


@pytest.fixture(scope="session")
def servers(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Images under the names that compose.yaml has for those of a registry."""
    images = {name: each["image"] for name, each in composed().items() if "image" in each}
    folder = tmp_path_factory.mktemp("servers")
    for name, script in {"postgres": POSTGRES, "rabbitmq": RABBITMQ}.items():
        file = folder / "more" / f"begin-{name}"
        file.parent.mkdir(exist_ok=True)
        file.write_text(script)
        file.chmod(0o755)
    both = "localhost/servers:test"
    engine.import_debian("trixie", "postgresql-17,rabbitmq-server", folder, both)
    path = "ENV PATH=/usr/lib/postgresql/17/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    for name, image in images.items():
        file = folder / name
        file.write_text(f'FROM {both}\n{path}\nENTRYPOINT ["/begin-{name}"]\n')
        engine.podman("build", "--quiet", "--file", file, "--tag", f"docker.io/library/{image}", folder)


def composed() -> dict[str, dict[str, object]]:
    services: dict[str, dict[str, object]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))["services"]
    return services


Compose = Callable[..., str]


@pytest.fixture
def compose(engine: Engine, servers: None, wheels: list[str]) -> Iterator[Compose]:
    """podman-compose; what it made is gone in the end, volumes included."""
    programs = environment_for("podman-compose", ROOT / "requirements" / "podman-compose.txt")
    build = " ".join([f"--build-arg BASE={BASE}", *wheels])

    def run(*words: str) -> str:
        done = subprocess.run(
            [
                programs / "podman-compose",
                "--file",
                FILE,
                "--parallel",
                "1",
                f"--podman-build-args={build}",
                *words,
            ],
            env=engine.environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, done.stdout[-6000:]
        return done.stdout

    run("down", "--volumes")
    yield run
    run("down", "--volumes")


async def test_from_nothing_to_a_delivered_brief(compose: Compose, engine: Engine, tmp_path: Path) -> None:
    compose("build")
    compose("up", "--detach", "postgres", "rabbitmq")
    for server in ("postgres", "rabbitmq"):
        name = f"linea-optima_{server}_1"
        await eventually(
            lambda name=name: engine.try_podman("healthcheck", "run", name).returncode == 0,
            within=300,
            describe=lambda name=name: engine.try_podman("logs", "--tail", "50", name).stderr,
        )
    compose("up", "--detach", "provision")
    assert engine.podman("wait", "linea-optima_provision_1") == "0"
    compose("up", "--detach", "--no-deps", *(service.name for service in SERVICES))
    async with aiohttp.ClientSession() as client:

        async def ready(address: str) -> bool:
            try:
                async with client.get(f"{address}/readyz") as answer:
                    return answer.status == 200
            except aiohttp.ClientError:
                return False

        for service, address in addresses(SERVICES).items():
            await eventually(
                lambda address=address: ready(address),
                within=600,
                describe=lambda service=service: compose("logs", "--tail", "50", service),
            )
    told = engine.podman("exec", "linea-optima_rabbitmq_1", "rabbitmqctl", "--quiet", "version")
    assert re.match(r"4\.", told), told
    os.umask(0)  # the ERP's files are the bridge's too
    shared = Path(engine.podman("volume", "inspect", "linea-optima_drop", "--format", "{{.Mountpoint}}"))
    stage = replace(stage_at(addresses(SERVICES), PLATFORM_SECRET, tmp_path), drop_folder=shared)
    steps = await run_demonstration(stage)
    assert "The trail verifies" in {step.title for step in steps}
    assert (await run_many(stage, 2, 2)).failures == []
