"""The command `webhook`, which tries webhooks of the demonstration's customer on this machine.

The stack allows webhooks to this machine's own address over plain http, which production refuses.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from .demonstration.client import Api, Person, StepFailed

_ADMIN = "admin"
_ON_THIS_MACHINE = "127.0.0.1"


def run(options: argparse.Namespace, addresses: dict[str, str], tenant: str, people: dict[str, Any]) -> int:
    """Set up a webhook to the given address and print its secret. Without an address, receive events until
    interrupted."""
    known = people.get(_ADMIN)
    if known is None:
        sys.exit("The demonstration's customer is not there yet; ./optima demo sets it up")
    admin = Person(_ADMIN, known["name"], known["email"], known["password"])
    begin = {"types": options.types, "from_the_beginning": options.from_the_beginning}
    try:
        asyncio.run(_run(options.url, begin, addresses, tenant, admin))
    except StepFailed as refused:
        sys.exit(str(refused))
    return 0


async def _run(
    url: str | None, begin: dict[str, Any], addresses: dict[str, str], tenant: str, admin: Person
) -> None:
    async with aiohttp.ClientSession() as session:
        api = Api(session, addresses, tenant)
        if url is not None:
            made = await _set_up(api, admin, url, begin)
            print(
                f"{made['secret']['secret']}\nThe secret of webhook {made['id']} to {url}, shown this once."
            )
            return
        async with _receiver() as (address, secret):
            made = await _set_up(api, admin, address, begin)
            secret.set_result(made["secret"]["secret"])
            print(
                f"Receiving at {address}; Ctrl-C ends it and deletes the webhook", file=sys.stderr, flush=True
            )
            try:
                await asyncio.Event().wait()
            finally:
                await api.as_(admin, "DELETE", "trail", f"/v1/webhooks/{made['id']}")


async def _set_up(api: Api, admin: Person, url: str, begin: dict[str, Any]) -> dict[str, Any]:
    answer = await api.as_(admin, "POST", "trail", "/v1/webhooks", json={"url": url, **begin})
    made: dict[str, Any] = answer.body
    return made


@asynccontextmanager
async def _receiver() -> AsyncIterator[tuple[str, asyncio.Future[str]]]:
    """Run a receiver that prints events. Yield its address and a future for the secret, which it needs before
    it answers requests."""
    secret: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    known: set[str] = set()

    async def receive(request: web.Request) -> web.Response:
        body = await request.read()
        try:
            event = Webhook(await asyncio.shield(secret)).verify(body, dict(request.headers))
        except WebhookVerificationError:
            print("refused: not signed with this webhook's secret", file=sys.stderr, flush=True)
            return web.Response(status=401)
        if event["id"] not in known:
            data = json.dumps(event["data"], ensure_ascii=False)
            print(event["time"], event["type"], event["id"], data, flush=True)
            known.add(event["id"])
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/events", receive)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, _ON_THIS_MACHINE, 0).start()
        yield f"http://{_ON_THIS_MACHINE}:{runner.addresses[0][1]}/events", secret
    finally:
        await runner.cleanup()
