"""A double of Linea OPTIMA for tests of systems that consume its events: it replays briefs without a stack.

    for delivery in journeys(2):
        handle(delivery.body)                     # as it comes from RabbitMQ, signed
    for delivery in at_least_once(journeys(2), random.Random(7)):
        handle(delivery.body)                     # with the duplicates and delays that a consumer must bear
    handle(sample("optima.brief.rejected.v1").body)   # an event of any type, with all its fields
    with Feed(journeys(2)) as feed:
        read(feed.url)                            # identity's tokens and the trail's pull feed
    post(url, delivery.told, delivery.webhook_headers(SECRET))

A journey is the events of one brief from its first draft until it is closed. It was recorded on the
demonstration's stack (`journey.jsonl`). Each further journey has ids, numbers and times of its own and begins
an hour after the one before it; people, units and articles stay the same. Every call returns the same events.
`python -m optima_contracts.testing 2` prints two journeys, one event per line, for consumers in other
languages.

The signatures are genuine, but this file makes their keys and everybody can know them: use `EVENT_KEYS` in
tests only.
Needs the extra `optima-contracts[testing]`.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import threading
import time
from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlsplit
from uuid import UUID, uuid4

from standardwebhooks.webhooks import Webhook

from .envelope import CONTENT_TYPE, Envelope
from .publishers import PUBLISHERS
from .signatures import EventSigner

TENANT: Final = UUID("11111111-0000-7000-8000-000000000001")
BEGAN: Final = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
"""The default time at which the first journey begins."""

_SIGNERS: Final = {name: EventSigner(f"known to everybody, for tests alone: {name}") for name in PUBLISHERS}
EVENT_KEYS: Final = ",".join(f"{name}={signer.public_key}" for name, signer in _SIGNERS.items())
"""The public keys in the form of the operator's OPTIMA_EVENT_KEYS."""

_OWN: Final = re.compile(r"00000000-0000-7000-8000-[0-9a-f]{12}")
"""Ids that belong to the recorded brief. Ids of people, units and articles have another beginning."""
_NUMBER: Final = re.compile(r"(?<![A-Za-z])([BO]-\d{4}-)(\d+)")
_DDT: Final = re.compile(r'(?<=[">])\d+(?=/\d{4}["<])|(?<="progressive":)\d+|(?<=/ddt_)\d+')
_DDTS: Final = 2
"""How many transport documents a journey has. Their numbers are consecutive."""
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z")


@dataclass(frozen=True)
class Delivery:
    """An event as a consumer receives it."""

    event: Envelope
    body: bytes
    """The signed text that RabbitMQ delivers."""

    @property
    def routing_key(self) -> str:
        return self.event.type

    @cached_property
    def told(self) -> bytes:
        """The text that the feed and webhooks send. It has no signature of its own, because the connection or
        the webhook's signature vouches for it."""
        return self.event.model_dump_json(exclude={"signature", "traceparent"}, exclude_none=True).encode()

    def webhook_headers(self, secret: str, at: datetime | None = None) -> dict[str, str]:
        """Return the headers for a POST of `told`, signed with `secret` (`whsec_…`) as Standard Webhooks
        says."""
        sent = at or datetime.now(UTC)
        return {
            "content-type": CONTENT_TYPE,
            "webhook-id": str(self.event.id),
            "webhook-timestamp": str(int(sent.timestamp())),
            "webhook-signature": Webhook(secret).sign(str(self.event.id), sent, self.told.decode()),
        }


def journeys(count: int = 1, *, tenant_id: UUID = TENANT, began: datetime = BEGAN) -> list[Delivery]:
    """Return the events of `count` briefs in the order in which they were published. Events of different
    briefs alternate; those of one source and subject are in sequence."""
    recorded = (files(__package__) / "journey.jsonl").read_text(encoding="utf-8").splitlines()
    start = Envelope.model_validate_json(recorded[0]).time
    found = [
        Envelope.model_validate_json(_retold(line, number, began - start + number * timedelta(hours=1)))
        for number in range(count)
        for line in recorded
    ]
    found = [event.model_copy(update={"tenantid": tenant_id}) for event in found]
    return _signed(sorted(found, key=lambda event: event.time))


def _retold(line: str, number: int, later: timedelta) -> str:
    """Return a recorded event as it appears in journey `number`, with all its times moved by `later`."""

    def moved(found: re.Match[str]) -> str:
        moment = datetime.fromisoformat(found[0]) + later
        return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")

    line = _MOMENT.sub(moved, line)
    if number == 0:
        return line
    line = _OWN.sub(lambda found: f"{number:08x}{found[0][8:]}", line)
    line = _DDT.sub(lambda found: str(int(found[0]) + _DDTS * number), line)
    return _NUMBER.sub(lambda found: f"{found[1]}{int(found[2]) + number:0{len(found[2])}}", line)


def sample(type_: str) -> Delivery:
    """Return an event of any type with every field that it can have. Unlike `journeys` it knows all types."""
    text = (files(__package__) / "samples" / f"{type_}.json").read_text(encoding="utf-8")
    return signed(Envelope.model_validate_json(text))


def signed(event: Envelope) -> Delivery:
    """Sign an event of your own as its source would. `EVENT_KEYS` verifies it too."""
    (delivery,) = _signed([event])
    return delivery


def _signed(events: Sequence[Envelope]) -> list[Delivery]:
    """Sign events and return them in the same order. Events of one source are signed together, as its relay
    does."""
    bodies: dict[UUID, bytes] = {}
    for source in {event.source for event in events}:
        own = [event for event in events if event.source == source]
        texts = [event.model_dump_json(exclude={"signature"}, exclude_none=True).encode() for event in own]
        signer = _SIGNERS[source.removeprefix("/optima/")]
        bodies |= dict(zip([event.id for event in own], signer.signed(texts), strict=True))
    return [Delivery(Envelope.model_validate_json(bodies[event.id]), bodies[event.id]) for event in events]


def forged(delivery: Delivery) -> Delivery:
    """Return the same event with a signature of somebody who may not publish it. A consumer must refuse
    it."""
    (body,) = EventSigner("nobody's").signed([delivery.body.rpartition(b',"signature":"')[0] + b"}"])
    return replace(delivery, body=body)


def at_least_once(deliveries: Sequence[Delivery], chance: random.Random) -> list[Delivery]:
    """Return the deliveries as RabbitMQ may deliver them: each at least once, about every tenth twice, and
    about every tenth ten places late. A consumer that handles these like the original order respects `id` and
    `sequence`."""
    placed = [(place + chance.choice([0] * 9 + [10]), delivery) for place, delivery in enumerate(deliveries)]
    placed += [(place + chance.randint(0, 20), each) for place, each in placed if chance.random() < 0.1]
    return [delivery for _, delivery in sorted(placed, key=lambda each: each[0])]


class Feed:
    """A server for clients of the feed: identity's `POST /v1/tokens` and the trail's `GET /v1/events` at one
    address.

    It answers as the services do. It gives a token for the right secret, which may be sent as JSON or as an
    OAuth client's form, and answers 401 without a token. It knows the parameters `type`, `correlation`,
    `after`, `limit` and `wait`, and answers 422 if no event has the id `after`."""

    credentials: Final = {"client_id": "machine", "client_secret": "of-the-double"}

    def __init__(self, deliveries: Iterable[Delivery] = ()) -> None:
        self.token = uuid4().hex
        self._events = list(deliveries)
        self._changed = threading.Condition()
        feed = self

        class Handler(_Handler):
            def answer(self, method: str, body: bytes) -> tuple[int, Any]:
                return feed.answer(method, self.path, dict(self.headers), body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def publish(self, *deliveries: Delivery) -> None:
        """Append events to the feed. Clients that wait for events get them at once."""
        with self._changed:
            self._events += deliveries
            self._changed.notify_all()

    def expire(self) -> None:
        """Refuse the token given out so far, as the service does after ten minutes."""
        self.token = uuid4().hex

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Any]:
        """Return the status and the JSON body of the answer."""
        address = urlsplit(target)
        if (method, address.path) == ("POST", "/v1/tokens"):
            if not self._is_known(headers, body):
                as_form = {"error": "invalid_client"} if _is_form(headers) else {}
                return 401, {"code": "client_refused"} | as_form
            return 200, {"access_token": self.token, "token_type": "Bearer", "expires_in": 600}
        if (method, address.path) != ("GET", "/v1/events"):
            return 404, {"code": "address_absent"}
        if headers.get("Authorization") != f"Bearer {self.token}":
            return 401, {"code": "token_not_valid"}
        query = parse_qs(address.query)
        after = query.get("after", [None])[0]
        deadline = time.monotonic() + float(query.get("wait", ["0"])[0])
        with self._changed:
            ids = [str(each.event.id) for each in self._events]
            if after is not None and after not in ids:
                return 422, {"code": "event_absent", "errors": [{"code": "event_absent", "field": "after"}]}
            while not (found := self._after(after, query)) and time.monotonic() < deadline:
                self._changed.wait(deadline - time.monotonic())
        items = [json.loads(each.told) for each in found]
        last = items[-1]["id"] if items else after
        return 200, {"items": items} | ({"after": last} if last is not None else {})

    def _is_known(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Tell whether the credentials are right. They may come as JSON, in an OAuth client's form, or in
        HTTP Basic with such a form."""
        if not _is_form(headers):
            asked = json.loads(body)
            return {name: asked.get(name) for name in self.credentials} == self.credentials
        form = dict(parse_qsl(body.decode()))
        scheme, _, basic = headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            client_id, _, secret = b64decode(basic).decode().partition(":")
            form |= {"client_id": unquote_plus(client_id), "client_secret": unquote_plus(secret)}
        wanted = {"grant_type": "client_credentials", **self.credentials}
        return {name: form.get(name) for name in wanted} == wanted

    def _after(self, after: str | None, query: Mapping[str, list[str]]) -> list[Delivery]:
        ids = [str(each.event.id) for each in self._events]
        start = 0 if after is None else ids.index(after) + 1
        types, story = tuple(query.get("type", [""])), query.get("correlation")
        found = [
            each
            for each in self._events[start:]
            if each.event.type.startswith(types) and story in (None, [str(each.event.correlationid)])
        ]
        return found[: int(query.get("limit", ["100"])[0])]


def _is_form(headers: Mapping[str, str]) -> bool:
    return headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded")


class _Handler(BaseHTTPRequestHandler):
    def answer(self, method: str, body: bytes) -> tuple[int, Any]:
        raise NotImplementedError

    def do_GET(self) -> None:
        self._respond("GET")

    def do_POST(self) -> None:
        self._respond("POST")

    def _respond(self, method: str) -> None:
        status, told = self.answer(method, self.rfile.read(int(self.headers.get("Content-Length", 0))))
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        """Log nothing, so that the output of the tests stays clean."""


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m optima_contracts.testing", description=journeys.__doc__)
    parser.add_argument("journeys", type=int, nargs="?", default=1, help="how many briefs")
    parser.add_argument("--keys", action="store_true", help="print the public keys in place of events")
    options = parser.parse_args(words)
    lines = [EVENT_KEYS.encode()] if options.keys else [each.body for each in journeys(options.journeys)]
    sys.stdout.buffer.write(b"\n".join(lines) + b"\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
