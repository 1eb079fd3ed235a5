"""Clients that independent generators make out of the OpenAPI documents compile, and do what they are for.

By day, a run of everything makes those of the brief service alone, which the programs ask: each client takes
seconds of the processor.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.npm_packages import npm_folder
from tests.openapi_documents import openapi_documents
from tests.security.conftest import SERVICES, Served

from optima_kit.testing.nights import SAMPLING
from optima_local.environments import environment_for

pytestmark = [
    pytest.mark.servers,
    pytest.mark.timeout(600),
    pytest.mark.skipif("OPTIMA_TEST_FAST" in os.environ, reason="installs both generators"),
]
CLIENTS = ("brief",) if SAMPLING else SERVICES

Serve = Callable[[str], Awaitable[Served]]
DRAFT = {
    "title": "Espositori",
    "category": "POP",
    "budget": "800.00",
    "deadline": "2031-02-15",
    "items": [{"kind": "espositore", "description": "Espositore", "quantity": "10"}],
}
_TYPESCRIPT = """
import createClient from "openapi-fetch";
import type { paths } from "./brief.js";

declare const process: { env: Record<string, string> };
const headers = { Authorization: `Bearer ${process.env.TOKEN}` };
const client = createClient<paths>({ baseUrl: process.env.URL, headers });
const drafted = await client.POST("/v1/briefs", {
  params: { header: { "Idempotency-Key": "typescript" } },
  body: DRAFT,
});
if (drafted.error) throw new Error(drafted.error.detail);
const path = { brief_id: drafted.data.id };
const read = await client.GET("/v1/briefs/{brief_id}", { params: { path } });
const listed = await client.GET("/v1/briefs", { params: { query: { limit: 10 } } });
console.log(read.data?.title, listed.data?.items.length);
"""
_EVERY_MODULE = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(package.__path__, f"{sys.argv[1]}."):
    importlib.import_module(module.name)
"""
_PYTHON = """
import os
from brief import AuthenticatedClient
from brief.api.briefs import draft, list_briefs, read
from brief.models import DraftBrief

with AuthenticatedClient(base_url=os.environ["URL"], token=os.environ["TOKEN"]) as client:
    drafted = draft.sync(client=client, body=DraftBrief.from_dict(DRAFT), idempotency_key="python")
    told = read.sync(drafted.id, client=client)
    listed = list_briefs.sync(client=client, limit=10)
    print(told.title, len(listed.items))
"""


async def done(*command: str | Path, cwd: Path, **environment: str) -> str:
    """What the command printed. Raises AssertionError where it fails."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        env={"PATH": os.environ["PATH"]} | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await process.communicate()
    assert process.returncode == 0, told.decode()
    return told.decode()


async def access_to_briefs(serve: Serve) -> dict[str, str]:
    served = await serve("brief")
    person = served.app.people.person("marketing", tenant_id=served.tenant_id)
    return {"URL": str(served.app.http.make_url("")).rstrip("/"), "TOKEN": served.app.people.token(person)}


async def test_openapi_typescript(serve: Serve, tmp_path: Path) -> None:
    packages = npm_folder("openapi-clients")
    programs = packages / "node_modules" / ".bin"
    (tmp_path / "node_modules").symlink_to(packages / "node_modules")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    for name in CLIENTS:
        (tmp_path / f"{name}.json").write_text(json.dumps(openapi_documents()[name]))
        # What has a default may be left out of a request.
        into = ("--output", f"{name}.ts", "--default-non-nullable=false")
        await done(programs / "openapi-typescript", f"{name}.json", *into, cwd=tmp_path)
    (tmp_path / "program.ts").write_text(_TYPESCRIPT.replace("DRAFT", json.dumps(DRAFT)))
    # What others' packages declare is theirs to check, and takes twice as long as ours.
    strictly = ["--strict", "--skipLibCheck"]
    options = ["--module", "nodenext", "--target", "es2022", "--lib", "es2023,dom"]
    sources = ["program.ts", *(f"{name}.ts" for name in CLIENTS)]
    await done(programs / "tsc", *strictly, *options, *sources, cwd=tmp_path)
    told = await done("node", "program.js", cwd=tmp_path, **await access_to_briefs(serve))
    assert told.split() == ["Espositori", "1"]


async def test_openapi_python_client(serve: Serve, tmp_path: Path) -> None:
    lock = Path(__file__).with_name("requirements.txt")
    programs = await asyncio.to_thread(environment_for, "openapi-python-client", lock)
    path = f"{programs}:{os.environ['PATH']}"
    for name in CLIENTS:
        (tmp_path / f"{name}.json").write_text(json.dumps(openapi_documents()[name]))
        made: tuple[Any, ...] = ("--path", f"{name}.json", "--output-path", name, "--meta", "none")
        await done(programs / "openapi-python-client", "generate", *made, cwd=tmp_path, PATH=path)
        await done(programs / "python", "-W", "error", "-c", _EVERY_MODULE, name, cwd=tmp_path)
    program = _PYTHON.replace("DRAFT)", f"{DRAFT!r})")
    told = await done(programs / "python", "-c", program, cwd=tmp_path, **await access_to_briefs(serve))
    assert told.split() == ["Espositori", "1"]
