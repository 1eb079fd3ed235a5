"""After a person was erased, no table of any service holds their name, their address or what they wrote.

The tables are those that the databases have, and what is written comes from the table of all endpoints in
`access/` and from the rules of `optima_contracts.personal`: a new table, endpoint or event is looked at too.
"""

from __future__ import annotations

import importlib
import json
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg
import pytest
from structlog.testing import capture_logs

from optima_contracts.catalogue import every_event_type
from optima_contracts.envelope import Envelope
from optima_contracts.identity import PersonChanged
from optima_contracts.personal import PERSONAL_FIELDS
from optima_contracts.privileges import BUILT_IN_ROLES
from optima_contracts.trail import PersonErased
from optima_kit.actor import Actor
from optima_kit.reactions import Reaction, Reactions, Received

from .access.table import PUBLIC, World
from .conftest import EVERYTHING, SERVICES, Served
from .test_access import ask, rows_of

pytestmark = pytest.mark.servers

NAME, ADDRESS, WORDS = "Zenobia Quarantotti", "zenobia.quarantotti@example.it", "parole di Zenobia"
SAMPLES: Final = Path(__file__).parents[2] / "shared/contracts/samples"
OWN_WORDS: Final = re.compile(r"(^|_)(reason|text|note|question|answer|comment|loss_reason|price_reason)$")
"""Names of fields into which somebody writes in their own words."""
KEPT: Final = {"ddts", "ddt_pdfs"}
"""What law makes one keep: issued transport documents, as docs/security/erasure.md says."""
NOBODYS: Final = {"lookups"}
"""What somebody enters for all."""


@dataclass
class Written(World):
    """A tenant in which all is Zenobia's doing."""

    def person(self, *roles: str, person_id: UUID | None = None, **more: Any) -> Actor:
        more.setdefault("name", NAME)
        return super().person(*roles, person_id=person_id, **more)


async def found_in(served: Served, text: str) -> set[str]:
    """The tables in which a row says it, in any column."""
    tables = await served.database.fetch(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
        " AND relnamespace = 'public'::regnamespace"
    )
    found = set()
    for (table,) in tables:
        rows = await served.database.fetch(
            f'SELECT 1 FROM "{table}" AS one WHERE strpos(to_jsonb(one)::text, $1) > 0'
            f" OR strpos(to_jsonb(one)::text, $2) > 0 LIMIT 1",
            text,
            text.encode().hex(),  # what is kept as bytes
        )
        if rows:
            found.add(table)
    return found


def with_words(body: Any) -> Any:
    """The body with her words wherever it takes somebody's own."""
    if isinstance(body, dict):
        return {
            key: WORDS if isinstance(value, str) and OWN_WORDS.search(key) else with_words(value)
            for key, value in body.items()
        }
    if isinstance(body, list):
        return [with_words(each) for each in body]
    return body


def telling(person: UUID) -> list[dict[str, Any]]:
    """An event of each type that says something of somebody in words: of hers."""
    events = []
    for type_, (whose, fields) in PERSONAL_FIELDS.items():
        event = json.loads((SAMPLES / f"{type_}.json").read_text(encoding="utf-8"))
        event["id"] = str(uuid4())
        event["data"] |= dict.fromkeys(fields, WORDS)
        if whose == "subject":
            event["subject"] = str(person)
        elif whose == "actor":
            event["actorid"] = str(person)
        else:
            event["data"][whose] = str(person)
        events.append(event)
    return events


async def write_everywhere(served: Served, person: UUID) -> None:
    """Her words in each column that holds somebody's, as after years of work: they came with an event."""
    columns = await served.database.fetch(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND data_type = 'text'"
        " AND column_name ~ '(^|_)(reason|because|note|notes|received_by)$'"
    )
    for table, column in columns:
        with suppress(asyncpg.CheckViolationError):  # one of a few words
            await served.database.fetch(f'UPDATE "{table}" SET "{column}" = $1', WORDS)
    await served.database.fetch(
        "INSERT INTO words_of_people (tenant_id, person_id, digest) VALUES ($1, $2, sha256($3))",
        *(served.tenant_id, person, WORDS.encode()),
    )


async def keep_events(served: Served, person: UUID) -> None:
    """As they lie in an outbox, sent or not, and among messages that failed."""
    for number, event in enumerate(telling(person)):
        text = json.dumps(event)
        await served.database.fetch(
            "INSERT INTO outbox (id, tenant_id, partition, type, subject, sequence, envelope, sent_at)"
            " VALUES ($1, $2, 0, $3, $4, 1, $5, CASE WHEN $6 THEN now() END)",
            *(
                UUID(event["id"]),
                served.tenant_id,
                event["type"],
                UUID(event["subject"]),
                text,
                number % 2 == 0,
            ),
        )
        await served.database.fetch(
            "INSERT INTO parking (id, tenant_id, type, subject, sequence, correlation_id, body, reason,"
            " error, attempts) VALUES ($1, $2, $3, $4, 1, $4, $5, 'failed', 'for a test', 1)",
            *(UUID(event["id"]), served.tenant_id, event["type"], UUID(event["subject"]), text.encode()),
        )


async def keep_an_answer(served: Served, person: UUID, text: str) -> None:
    await served.database.fetch(
        "INSERT INTO idempotency_keys"
        " (tenant_id, person_id, key, request_hash, status, headers, body, looked)"
        " VALUES ($1, $2, 'k', '', 201, '{}', $3, true)",
        *(served.tenant_id, person, text.encode()),
    )


def told(person: UUID) -> PersonChanged:
    return PersonChanged(
        person_id=person,
        name=NAME,
        email=ADDRESS,
        kind="internal",
        roles=list(BUILT_IN_ROLES),
        active=True,
        access_version=1,
    )


@pytest.mark.sampled(4)
@pytest.mark.parametrize("service", SERVICES)
async def test_kept_events_and_answers_say_nothing_of_an_erased_person(service: str, serve: Any) -> None:
    served: Served = await serve(service)
    person, other, third = uuid4(), uuid4(), uuid4()
    await keep_events(served, person)
    await keep_an_answer(served, person, WORDS)
    await keep_an_answer(served, other, json.dumps({"requester": {"id": str(person), "name": WORDS}}))
    await keep_an_answer(served, third, "{}")
    assert await found_in(served, WORDS) == {"idempotency_keys", "outbox", "parking"}
    await served.app.deliver(PersonErased(person_id=person), tenant_id=served.tenant_id)
    assert await found_in(served, WORDS) == set()
    rows = await served.database.fetch("SELECT person_id FROM idempotency_keys")
    assert [row["person_id"] for row in rows] == [third]
    for row in await served.database.fetch(
        "SELECT type, envelope FROM outbox WHERE envelope LIKE '%su richiesta%'"
    ):
        data = json.loads(row["envelope"])["data"]
        every_event_type()[row["type"]].model_validate(data)  # it can be published again


@pytest.mark.sampled(4)
@pytest.mark.parametrize("service", [each for each in SERVICES if each not in ("identity", "trail")])
async def test_nothing_of_an_erased_person_is_left(service: str, serve: Any) -> None:
    """The trail keeps everything, sealed under keys that an erasure destroys, and identity has no words:
    their own tests show what they erase."""
    served: Served = await serve(service)
    world = Written(served, served.tenant_id, uuid4(), uuid4())
    with capture_logs() as logged:
        await importlib.import_module(f"tests.security.access.{service}").build(world)
        await world.park()
        person = world.owner
        await served.app.deliver(told(person), tenant_id=served.tenant_id, sequence=1000)
        for row in rows_of(service):
            if row.method != "GET" and row.needs != PUBLIC:
                hers = replace(row, body=with_words(row.body))
                await ask(world, hers, world.person(privileges=EVERYTHING), world.names)
        await world.work()
        await write_everywhere(served, person)
        assert await found_in(served, WORDS) - {"idempotency_keys", "outbox"}, "or the search finds nothing"
        await served.app.deliver(PersonErased(person_id=person), tenant_id=served.tenant_id)
        await world.work()
        # A copy that comes late, and everybody told of again, bring nobody back.
        await served.app.deliver(told(person), tenant_id=served.tenant_id, sequence=1001)
    left = {text: await found_in(served, text) - KEPT - NOBODYS for text in (NAME, ADDRESS, WORDS)}
    assert left == {NAME: set(), ADDRESS: set(), WORDS: set()}
    assert not [entry for entry in logged for text in (NAME, ADDRESS, WORDS) if text in str(entry)]


@pytest.mark.sampled(4)
@pytest.mark.parametrize("service", [each for each in SERVICES if each != "trail"])
async def test_what_comes_late_says_nothing_of_an_erased_person(
    service: str, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of every event that the service hears and that may hold somebody's words. The trail seals them."""
    served: Served = await serve(service)
    heard: list[str] = []

    async def hear(_: Any, event: Received[Any]) -> None:
        heard.append(event.data.model_dump_json())

    read = Reactions.read

    def recorded(self: Reactions, body: bytes) -> tuple[Reaction, Received[Any]]:
        reaction, event = read(self, body)
        return replace(reaction, handle=hear), event

    monkeypatch.setattr(Reactions, "read", recorded)
    bound = set(served.service.reactions.bindings()) - {PersonChanged.type}
    person, other = uuid4(), uuid4()
    sequences = count(1)  # some types are heard only if they are the newest of their subject
    for erased in (False, True):
        for whose in (person, other):
            for event in telling(whose):
                if event["type"] in bound:
                    heard.clear()
                    event |= {"tenantid": served.tenant_id, "sequence": next(sequences)}
                    await served.app.deliver(Envelope.model_validate(event))
                    assert [WORDS in each for each in heard] == [not erased or whose == other], event["type"]
        await served.app.deliver(PersonErased(person_id=person), tenant_id=served.tenant_id)
