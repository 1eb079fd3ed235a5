"""Webhooks on a laptop: `./optima webhook`, with its own receiver and with one of the reader's."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from optima_kit.testing import eventually
from optima_local.demonstration.show import customer_of
from optima_local.layout import ROOT
from optima_local.ports import answers, free_port
from tests.programs import PROGRAMS, Program, running
from tests.stack import Stack

pytestmark = [
    pytest.mark.servers,
    pytest.mark.journey,
    pytest.mark.xdist_group("stack"),
    pytest.mark.timeout(240),
    pytest.mark.usefixtures("demonstration"),
]


@contextlib.asynccontextmanager
async def webhook(stack: Stack, *words: str) -> AsyncIterator[Program]:
    command = [sys.executable, "-m", "optima_local", "webhook", *words]
    environment = os.environ | {"OPTIMA_HOME": str(stack.layout.folder)}
    async with running(*command, folder=ROOT, environment=environment, ends_by=signal.SIGINT) as program:
        yield program


async def test_a_receiver_of_its_own_prints_what_comes_and_leaves_nothing(stack: Stack) -> None:
    async with webhook(stack, "--types", "optima.brief.", "--from-the-beginning") as receiving:
        await receiving.prints("Receiving at http://127.0.0.1:", "optima.brief.closed.v1")
        assert len(await webhooks(stack)) == 1
    assert {line.split()[1] for line in receiving.lines if "optima." in line} >= {
        "optima.brief.drafted.v1",
        "optima.brief.closed.v1",
    }
    assert not [line for line in receiving.lines if "optima.production." in line]
    assert await webhooks(stack) == []


async def test_the_guides_receiver_gets_events_by_the_secret_that_is_printed(stack: Stack) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/events"
    async with webhook(stack, url, "--types", "optima.logistics.") as setting_up:
        await setting_up.process.wait()
    secret = setting_up.lines[0]
    assert secret.startswith("whsec_")
    (made,) = await webhooks(stack)
    environment = os.environ | {"SECRETS": secret, "PORT": str(port)}
    guides = [sys.executable, "-c", PROGRAMS["webhook"]]
    async with running(*guides, folder=ROOT, environment=environment) as receiver:
        await eventually(lambda: answers(port), within=40)
        again = f"/v1/webhooks/{made['id']}/position"
        await as_admin(stack, "POST", again, json={"from_the_beginning": True})
        await receiver.prints("optima.logistics.ddt_issued.v1")
    await as_admin(stack, "DELETE", f"/v1/webhooks/{made['id']}")


async def webhooks(stack: Stack) -> list[Any]:
    found: list[Any] = (await as_admin(stack, "GET", "/v1/webhooks"))["items"]
    return found


async def as_admin(stack: Stack, method: str, path: str, **options: Any) -> Any:
    async with customer_of(stack.stage, patience=30) as customer:
        admin = customer.people["admin"]
        return (await customer.api.as_(admin, method, "trail", path, **options)).body
