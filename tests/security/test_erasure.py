"""After a person was erased, no table of a service that was told of them holds their name or address."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from optima_contracts.identity import PersonChanged
from optima_contracts.trail import PersonErased

from .conftest import SERVICES, Served

pytestmark = pytest.mark.servers

CONSUMERS = [service for service in SERVICES if service not in ("identity", "trail")]
"""The trail keeps everything, sealed under keys that an erasure destroys: its own tests show that."""
NAME, ADDRESS, WORDS = "Zenobia Quarantotti", "zenobia.quarantotti@example.it", "parole di Zenobia"


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


def told(person: UUID) -> PersonChanged:
    return PersonChanged(
        person_id=person,
        name=NAME,
        email=ADDRESS,
        kind="internal",
        roles=["marketing"],
        active=True,
        access_version=1,
    )


async def keep_an_answer(served: Served, person: UUID) -> None:
    await served.database.fetch(
        "INSERT INTO idempotency_keys"
        " (tenant_id, person_id, key, request_hash, status, headers, body, looked)"
        " VALUES ($1, $2, 'k', '', 201, '{}', $3, true)",
        served.tenant_id,
        person,
        WORDS.encode(),
    )


@pytest.mark.parametrize("service", CONSUMERS)
async def test_nothing_of_an_erased_person_is_left(service: str, serve: Any) -> None:
    served: Served = await serve(service)
    person, other = uuid4(), uuid4()
    deliver = served.app.deliver
    await deliver(told(person), tenant_id=served.tenant_id)
    await keep_an_answer(served, person)
    await keep_an_answer(served, other)
    assert await found_in(served, WORDS) == {"idempotency_keys"}, "or the search finds nothing"
    await deliver(PersonErased(person_id=person), tenant_id=served.tenant_id)
    rows = await served.database.fetch("SELECT person_id FROM idempotency_keys")
    assert [row["person_id"] for row in rows] == [other]
    # A copy that comes late, and everybody told of again, bring nobody back.
    await deliver(told(person), tenant_id=served.tenant_id)
    assert [await found_in(served, text) for text in (NAME, ADDRESS)] == [set(), set()]
