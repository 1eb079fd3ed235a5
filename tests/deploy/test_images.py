"""A night's check: every image is built from the one Dockerfile, and runs with no right that it does not
need."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from tests.deploy.engine import BASE, NEEDS_ENGINE, Engine

from optima_kit.testing import ServiceDatabase, eventually
from optima_local.deployment.entries import service_entries
from optima_local.layout import ROOT
from optima_local.ports import free_port
from optima_local.services import address_variable, is_ready

pytestmark = [pytest.mark.timeout(1800), *NEEDS_ENGINE]
SERVICES = [service.name for service in service_entries()]
MOST_MEGABYTES = 180
"""Beside the base, of which production chooses its own."""


@pytest.fixture
def containers(engine: Engine) -> Iterator[list[str]]:
    names: list[str] = []
    yield names
    for name in names:
        engine.podman("rm", "--force", name)


def listed_in(image: str, engine: Engine) -> dict[str, str]:
    """The packages of an image by its own bill of materials (CycloneDX), with their versions."""
    bill = engine.podman("run", "--rm", "--entrypoint", "cat", image, "/opt/optima/sbom.cdx.json")
    return {
        re.sub("[-_.]+", "-", each["name"]).lower(): each["version"]
        for each in json.loads(bill)["components"]
    }


def locked(name: str) -> dict[str, str]:
    lines = (ROOT / "requirements" / f"{name}.txt").read_text().splitlines()
    pinned = [line.split()[0].partition("==") for line in lines if "==" in line and not line.startswith(" ")]
    return {package: version for package, _, version in pinned}


CONFINED = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--network", "host"]


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_runs_without_rights(
    service: str, engine: Engine, wheels: list[str], database_for, amqp_url: str, containers: list[str]
) -> None:
    image = engine.build("service", service, *wheels)
    assert (engine.size(image) - engine.size(BASE)) / 1e6 <= MOST_MEGABYTES
    listed, own = listed_in(image, engine), {"optima-contracts", "optima-kit", f"optima-{service}"}
    assert own <= listed.keys()
    assert {name: listed[name] for name in listed.keys() - own} == locked(service)
    where: ServiceDatabase = await database_for(service.replace("-", "_"))
    port = free_port()
    variables = {
        "OPTIMA_DATABASE_URL": where.rw_url,
        "OPTIMA_DATABASE_BACKBONE_URL": where.backbone_url,
        "OPTIMA_BROKER_URL": amqp_url,
        "OPTIMA_ISSUER": "https://identity.example.com",
        "OPTIMA_JWKS_URL": "http://127.0.0.1:9/keys",
        "OPTIMA_HTTP_PORT": str(port),
        "OPTIMA_METRICS_PORT": str(free_port()),
        "OPTIMA_KEY_SECRET": "a-key-of-32-characters-for-one-test",
        "OPTIMA_PLATFORM_CLIENT_SECRET": "a-secret-of-32-characters-for-a-test",
        **{address_variable(other): "http://127.0.0.1:9" for other in SERVICES},
    }
    environment = [word for name, value in variables.items() for word in ("--env", f"{name}={value}")]
    name = f"optima-test-{service}-{port}"
    containers.append(name)
    engine.podman("run", "--detach", "--name", name, *CONFINED, *environment, image, "http")
    await eventually(lambda: is_ready(port), within=60, describe=lambda: engine.podman("logs", name))
    assert engine.podman("top", name, "user").split() == ["USER", "10001"]
    engine.podman("stop", "--time", "20", name)
    assert engine.podman("inspect", name, "--format", "{{.State.ExitCode}}") == "0", engine.podman(
        "logs", name
    )


def test_the_image_that_provisions_is_built_and_says_what_it_needs(engine: Engine, wheels: list[str]) -> None:
    image = engine.build("provision", "provision", *wheels)
    assert (engine.size(image) - engine.size(BASE)) / 1e6 <= MOST_MEGABYTES
    done = engine.try_podman("run", "--rm", *CONFINED, image)
    assert done.returncode != 0
    assert "OPTIMA_POSTGRES_URL" in done.stderr


def test_the_same_sources_make_the_same_image(engine: Engine, wheels: list[str]) -> None:
    def contents() -> list[str]:
        image = engine.build("service", "brief", *wheels, "--no-cache")
        listing = "cd /opt/optima && find . -type f | sort | xargs -d '\\n' sha256sum"
        return engine.podman("run", "--rm", "--entrypoint", "sh", image, "-c", listing).splitlines()

    first, second = contents(), contents()
    assert len(first) > 1000
    assert set(first) ^ set(second) == set()
