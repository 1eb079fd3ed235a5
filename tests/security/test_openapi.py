"""Schemathesis on every service's OpenAPI document: whatever it sends, the answer is one that is declared.

A usual run sends a few requests to each endpoint; OPTIMA_FUZZ_EXAMPLES=100 makes a long one, with all of
schemathesis's phases and different every time.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from .access.table import World
from .conftest import EVERYTHING, SERVICES, Served

pytestmark = [pytest.mark.servers, pytest.mark.timeout(1800)]

EXAMPLES = int(os.environ.get("OPTIMA_FUZZ_EXAMPLES", "0"))


@pytest.mark.sampled(7)
@pytest.mark.parametrize("module", SERVICES)
async def test_every_answer_is_as_documented(serve, module, tmp_path):
    served: Served = await serve(module)
    world = World(served, served.tenant_id, uuid4(), uuid4())
    await importlib.import_module(f"tests.security.access.{module}").build(world)
    people = served.app.people
    token = people.token(world.person(privileges=EVERYTHING), lifetime=timedelta(hours=2))
    command = [
        Path(sys.executable).parent / "schemathesis",
        "--no-color",
        *("--config-file", Path(__file__).with_name("schemathesis.toml")),
        *("run", str(served.app.http.make_url("/openapi.json"))),
        *("--header", f"Authorization: Bearer {token}"),
        *("--checks", "all", "--continue-on-failure", "--no-shrink", "--warnings", "off"),
        *("--suppress-health-check", "all"),
        *("--max-examples", str(EXAMPLES or 1)),
        *([] if EXAMPLES else ["--seed", "1", "--phases", "examples,fuzzing"]),
    ]
    run = await asyncio.create_subprocess_exec(
        *command, cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await run.communicate()
    assert run.returncode == 0, output.decode()[-20_000:]
