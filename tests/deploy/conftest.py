"""Programs that check what is deployed: Debian's, unpacked beside the checkout where they are missing."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.deploy.engine import BASE, Engine, wheels_of_this_machine

from optima_local import debian
from optima_local.layout import HOME, PROGRAMS

DebianFolder = Callable[[str], Path]

STATIC = {"prometheus", "prometheus-alertmanager"}
"""Packages whose programs need no library: what Debian has them pull in are pages and fonts."""


@pytest.fixture(scope="session")
def debian_folder() -> DebianFolder:
    """`debian_folder("prometheus")`: where that package and what it needs lie unpacked.

    Without apt, the test is skipped on a laptop and fails in CI."""

    def get(package: str) -> Path:
        PROGRAMS.mkdir(parents=True, exist_ok=True)
        folder = PROGRAMS.resolve() / package
        with (HOME / f"{package}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if (folder / "root" / "complete").exists():
                return folder / "root"
            try:
                unpacked = debian.unpack(package, folder, alone=package in STATIC)
            except debian.Unavailable as error:
                message = f"Debian's package {package} is needed and could not be fetched{error}"
                if os.environ.get("CI"):
                    pytest.fail(message)
                pytest.skip(message)
            (unpacked / "complete").touch()
            return unpacked

    return get


@pytest.fixture(scope="session")
def amtool(debian_folder: DebianFolder) -> str:
    return shutil.which("amtool") or str(debian_folder("prometheus-alertmanager") / "usr/bin/amtool")


@pytest.fixture(scope="session")
def promtool(debian_folder: DebianFolder) -> str:
    return shutil.which("promtool") or str(debian_folder("prometheus") / "usr/bin/promtool")


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """podman, with the base that images are built on."""
    folder = tmp_path_factory.mktemp("engine")
    engine = Engine(folder)
    engine.import_debian("bookworm", "python3,python3-venv,ca-certificates", folder, BASE)
    return engine


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return wheels_of_this_machine(tmp_path_factory.mktemp("wheels"))
