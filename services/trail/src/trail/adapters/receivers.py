"""Delivers webhooks over HTTP as defined by Standard Webhooks: a POST with the event, its id, the time and a
signature."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import Final

import aiohttp
from prometheus_client import Histogram
from standardwebhooks.webhooks import Webhook as Signer

from optima_contracts.envelope import CONTENT_TYPE
from optima_kit.egress import ANSWERED_WITHIN, EgressGuard, NotAllowed, NotAnAddress, NotHttps
from optima_kit.metrics import REGISTRY
from optima_kit.refusals import Invalid

from ..application.ports import Answer, Receiver
from ..domain.chain import SealedEntry
from ..domain.webhooks import Outcome
from .feed import event_view

DELIVERY_SECONDS = Histogram(
    "optima_trail_webhook_seconds",
    "From the connection to a receiver until its answer",
    ("outcome",),
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)

_READ_BYTES: Final = 2_048
_KEPT_CHARACTERS: Final = 500
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


class HttpReceivers:
    """Implements `ports.Receivers`."""

    def __init__(self, guard: EgressGuard) -> None:
        self._guard = guard

    async def check(self, url: str) -> None:
        try:
            await self._guard.addresses(url)
        except NotHttps:
            raise Invalid("webhook_not_https", field="url") from None
        except NotAnAddress:
            raise Invalid("webhook_address", field="url") from None
        except NotAllowed:
            raise Invalid("webhook_address_not_allowed", field="url") from None

    @asynccontextmanager
    async def at(self, url: str) -> AsyncIterator[Receiver]:
        async with AsyncExitStack() as stack:
            try:
                session = await stack.enter_async_context(self._guard.session(url))
            except (NotAllowed, NotAnAddress):
                yield _Nobody()
            else:
                yield _HttpReceiver(session, url)


class _Nobody:
    async def deliver(self, event: SealedEntry, secrets: Sequence[str], now: datetime) -> Answer:
        DELIVERY_SECONDS.labels("not_allowed").observe(0)
        return Answer("not_allowed", None, 0, "the address leads nowhere that webhooks may go")


class _HttpReceiver:
    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def deliver(self, event: SealedEntry, secrets: Sequence[str], now: datetime) -> Answer:
        began = time.perf_counter()
        body = event_view(event).model_dump_json(exclude_unset=True)
        headers = signed_headers(str(event.entry.occurrence.event_id), body, secrets, now)
        status = None
        try:
            async with self._session.post(
                self._url, data=body.encode(), headers=headers, allow_redirects=False
            ) as response:
                status = response.status
                text = printable(await _beginning(response.content))
        except TimeoutError:
            text = f"no answer within {ANSWERED_WITHIN:g} s"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            text = printable(f"{type(error).__name__}: {error}".encode())
        if status is None:
            outcome: Outcome = "unreachable"
        else:
            outcome = "delivered" if 200 <= status < 300 else "refused"
        took = time.perf_counter() - began
        DELIVERY_SECONDS.labels(outcome).observe(took)
        return Answer(outcome, status, round(took * 1000), text)


def signed_headers(message_id: str, body: str, secrets: Sequence[str], now: datetime) -> dict[str, str]:
    """Return the headers of a delivery, with one signature for each secret. The receiver accepts the one that
    it knows."""
    return {
        "content-type": CONTENT_TYPE,
        "user-agent": "Linea-OPTIMA",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(Signer(secret).sign(message_id, now, body) for secret in secrets),
    }


async def _beginning(content: aiohttp.StreamReader) -> bytes:
    """Return the beginning of a response's body. The rest is never read, and the connection is closed."""
    read = bytearray()
    while len(read) < _READ_BYTES and (chunk := await content.read(_READ_BYTES - len(read))):
        read += chunk
    return bytes(read)


def printable(raw: bytes) -> str:
    return _UNPRINTABLE.sub(" ", raw.decode("utf-8", errors="replace")).strip()[:_KEPT_CHARACTERS]
