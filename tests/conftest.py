"""What tests of the whole stack share."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from optima_local.demonstration.journey import Step
from optima_local.demonstration.show import run_demonstration
from optima_local.layout import ROOT, Layout

from .stack import Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One stack for all fault tests: what it went through before only makes each of them harder."""
    home = tmp_path_factory.mktemp("stack")
    # The ERPs of the tests listen on this machine.
    environment = {**os.environ, "OPTIMA_HOME": str(home), "OPTIMA_ERP_NETWORKS": "127.0.0.0/8"}
    for variable in ("OPTIMA_POSTGRES_URL", "OPTIMA_AMQP_URL"):
        environment.pop(variable, None)
    optima = [sys.executable, "-m", "optima_local"]
    up = subprocess.run(
        [*optima, "up", "--no-demo"], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert up.returncode == 0, up.stdout + up.stderr
    try:
        yield Stack(Layout(Path(home)))
    finally:
        subprocess.run([*optima, "reset"], env=environment, cwd=ROOT, check=True, timeout=300)


@pytest.fixture(scope="session")
def demonstration(stack: Stack) -> tuple[list[Step], str]:
    """The steps, done once for all who look at what they leave behind, and what was printed of them."""
    told = io.StringIO()
    # Playwright's thread has an event loop of its own.
    with contextlib.redirect_stdout(told), ThreadPoolExecutor(1) as thread:
        steps = thread.submit(asyncio.run, run_demonstration(stack.stage)).result()
    return steps, told.getvalue()
