"""A night's check: every image is built from the one Dockerfile, and runs with no right that it does not
need.

Images of a registry are out of reach here: the base is a Debian made by debootstrap. Needs root, podman,
runc and debootstrap (Debian: apt install podman buildah runc debootstrap).
"""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.nightly import NIGHTLY

from optima_kit.testing import ServiceDatabase, eventually
from optima_local.deployment.entries import service_entries
from optima_local.layout import ROOT
from optima_local.ports import free_port
from optima_local.services import is_ready

PROGRAMS = ("podman", "runc", "debootstrap")
MISSING = [name for name in PROGRAMS if not shutil.which(name)]
pytestmark = [
    pytest.mark.servers,
    pytest.mark.xdist_group("images"),
    pytest.mark.timeout(900),
    NIGHTLY,
    pytest.mark.skipif(
        bool(MISSING), reason=f"missing: {', '.join(MISSING)} (apt install {' '.join(PROGRAMS)})"
    ),
]
BASE = "localhost/linea-optima-base:test"
MOST_MEGABYTES = 180
"""Beside the base, of which production chooses its own."""


def podman(*words: str | Path) -> str:
    command = ["podman", "--runtime", "runc", "--cgroup-manager", "cgroupfs", *words]
    done = subprocess.run(
        command, env=os.environ | {"STORAGE_DRIVER": "vfs"}, cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("base") / "root"
    wanted = "--include=python3,python3-venv,ca-certificates"
    subprocess.run(
        ["debootstrap", "--variant=minbase", wanted, "bookworm", folder], check=True, capture_output=True
    )
    archive = folder.with_suffix(".tar")
    leave_out = ["--exclude=./var/cache/apt", "--exclude=./var/lib/apt/lists", "--exclude=./usr/share/doc"]
    subprocess.run(["tar", "-C", folder, *leave_out, "-cf", archive, "."], check=True)
    podman("import", "--quiet", archive, BASE)
    return BASE


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """podman's options by which a build gets its packages from this machine, as pip here gets them."""
    folder = tmp_path_factory.mktemp("wheels")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary", ":all:", "--require-hashes"]
    for lock in ("build", "runtime", "sbom"):
        wanted = ROOT / "requirements" / f"{lock}.txt"
        subprocess.run([*pip, "--dest", folder, "--requirement", wanted], check=True)
    configuration = folder / "pip.conf"
    configuration.write_text("[global]\nno-index = true\nfind-links = /wheelhouse\n")
    return ["--volume", f"{folder}:/wheelhouse:ro", "--volume", f"{configuration}:/etc/pip.conf:ro"]


def build(target: str, name: str, base: str, wheels: list[str]) -> str:
    tag = f"localhost/linea-optima/{name}:test"
    options = ["--isolation", "chroot", "--file", "deploy/Dockerfile", "--target", target, "--tag", tag]
    podman(
        "build",
        "--quiet",
        *options,
        "--build-arg",
        f"BASE={base}",
        "--build-arg",
        f"SERVICE={name}",
        *wheels,
        ".",
    )
    return tag


def size_of(image: str) -> int:
    size: int = json.loads(podman("image", "inspect", image))[0]["Size"]
    return size


@pytest.fixture
def containers() -> Iterator[list[str]]:
    names: list[str] = []
    yield names
    for name in names:
        podman("rm", "--force", name)


def limits() -> list[str]:
    """podman's own defaults exceed what an unprivileged sandbox may grant."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return ["--ulimit", f"nofile={files}:{files}", "--ulimit", "nproc=4096:4096"]


def listed_in(image: str) -> dict[str, str]:
    """The packages of an image by its own bill of materials (CycloneDX), with their versions."""
    bill = podman("run", "--rm", *limits(), "--entrypoint", "cat", image, "/opt/optima/sbom.cdx.json")
    return {
        re.sub("[-_.]+", "-", each["name"]).lower(): each["version"]
        for each in json.loads(bill)["components"]
    }


def locked(name: str) -> dict[str, str]:
    lines = (ROOT / "requirements" / f"{name}.txt").read_text().splitlines()
    pinned = [line.split()[0].partition("==") for line in lines if "==" in line and not line.startswith(" ")]
    return {package: version for package, _, version in pinned}


CONFINED = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--network", "host"]


@pytest.mark.parametrize("service", [service.name for service in service_entries()])
async def test_a_service_runs_without_rights(
    service: str, base: str, wheels: list[str], database_for, amqp_url: str, containers: list[str]
) -> None:
    image = build("service", service, base, wheels)
    assert (size_of(image) - size_of(base)) / 1e6 <= MOST_MEGABYTES
    listed, own = listed_in(image), {"optima-contracts", "optima-kit", f"optima-{service}"}
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
    }
    environment = [word for name, value in variables.items() for word in ("--env", f"{name}={value}")]
    name = f"optima-test-{service}-{port}"
    containers.append(name)
    podman("run", "--detach", "--name", name, *CONFINED, *limits(), *environment, image, "http")
    await eventually(lambda: is_ready(port), within=60, describe=lambda: podman("logs", name))
    assert podman("top", name, "user").split() == ["USER", "10001"]
    podman("stop", "--time", "20", name)
    assert podman("inspect", name, "--format", "{{.State.ExitCode}}") == "0", podman("logs", name)


def test_the_image_that_provisions_is_built_and_says_what_it_needs(base: str, wheels: list[str]) -> None:
    image = build("provision", "provision", base, wheels)
    command = ["podman", "--runtime", "runc", "--cgroup-manager", "cgroupfs", "run", "--rm"]
    done = subprocess.run(
        [*command, *CONFINED, *limits(), image],
        env=os.environ | {"STORAGE_DRIVER": "vfs"},
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "OPTIMA_POSTGRES_URL" in done.stderr
