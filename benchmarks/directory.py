"""Measures identity's lists and commands with few and with many rows stored, each beside its budget.

    python benchmarks/directory.py                     10,000 and 1,000,000 sessions; 200,000 people at most
    python benchmarks/directory.py --many 50000          a look in a minute

It fills databases on the server that OPTIMA_TEST_POSTGRES_URL names, and drops them afterwards. Each holds a
large tenant and a small one beside it. Both databases are measured in turn, sample by sample: what else the
machine does meets both. What is measured is a transaction of the use case, without HTTP and hashing.
"""

from __future__ import annotations

import contextlib
import gc
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import asyncpg
from measure.growth import filled, growth_of, report
from measure.stack import Figure

from identity.application.begin_session import begin_session
from identity.application.opaque_tokens import hashed_secret
from identity.application.ports import Ports
from identity.bootstrap import service
from identity.domain.roles import Role
from identity.domain.sessions import REFRESH_TOKEN_LIVES, SESSION_LIVES, RefreshToken, begun
from identity.settings import IdentitySettings
from optima_contracts.privileges import privileges_of
from optima_kit.db import Database
from optima_kit.ids import new_id
from optima_kit.testing import ServiceDatabase

LARGE = UUID("019ab400-0001-7001-8a5d-3c1e0f000001")
SMALL = UUID("019ab400-0002-7001-8a5d-3c1e0f000002")
SMALL_HAS = 60
"""People."""
MOST_PEOPLE = 200_000
FIRST = (
    *(
        "Anna",
        "Chiara",
        "Davide",
        "Elena",
        "Francesco",
        "Giulia",
        "Luca",
        "Marco",
        "Maria",
        "Mario",
        "Nicolò",
    ),
    *("Paola", "Sara", "Zoe"),
)
LAST = [
    f"{start}{middle}{end}"
    for start in ("Ross", "Bian", "Ferr", "Col", "Mar", "Gall", "Ric", "Cont")
    for middle in ("", "an", "ett", "in", "el", "ucc")
    for end in ("i", "o", "a", "oni", "ini")
]
COMMON = "Mario"
ENDED_A_DAY = 20
NOW = datetime.now(UTC)
PEOPLE = (
    *("id", "tenant_id", "name", "email", "kind", "company", "roles", "language", "joined_at", "suspended"),
    "version",
)


def person_row(tenant_id: UUID, number: int) -> tuple[object, ...]:
    rng = random.Random(number)
    name = f"{rng.choice(FIRST)} {rng.choice(LAST)}"
    external = number % 3 == 0
    kind, company = ("external", "Galli S.r.l.") if external else ("internal", None)
    roles = ["dealer"] if external else ["marketing"]
    address = f"{name.replace(' ', '.').lower()}.{number}@{tenant_id.hex[:12]}.example"
    return (person_id(tenant_id, number), tenant_id, name, address, kind, company, roles, "it", NOW, False, 2)


def person_id(tenant_id: UUID, number: int) -> UUID:
    return UUID(int=(tenant_id.int & ~((1 << 64) - 1)) | number)


class Desk:
    """Identity on a filled database of its own."""

    def __init__(self, count: int, stored: ServiceDatabase, database: Database) -> None:
        self.count = count
        self.people = min(count, MOST_PEOPLE)
        self.database = database
        self.stored = stored
        settings = IdentitySettings.model_validate(
            {
                "database_url": stored.rw_url,
                "database_backbone_url": stored.backbone_url,
                "broker_url": "amqp://nowhere",
                "issuer": "http://issuer.test",
                "jwks_url": "http://issuer.test/jwks",
                "environment": "demonstration",
                "key_secret": "only-for-this-benchmark-0123456789",
                "platform_client_secret": "only-for-this-benchmark-9876543210",
            }
        )
        self.ports = service(settings).ports
        self.refreshes = 0

    async def fill(self) -> None:
        connection = await asyncpg.connect(self.stored.superuser_url)
        for tenant_id, slug, people in ((LARGE, "large", self.people), (SMALL, "small", SMALL_HAS)):
            await connection.execute(f"SET optima.tenant = '{tenant_id}'")
            await connection.execute(
                "INSERT INTO tenants (id, slug, legal, language, time_zone, version, registered_at)"
                " VALUES ($1, $2, '{}', 'it', 'Europe/Rome', 1, $3)",
                tenant_id,
                slug,
                NOW,
            )
            for start in range(0, people, 20_000):
                rows = [person_row(tenant_id, n) for n in range(start, min(start + 20_000, people))]
                await connection.copy_records_to_table("people", columns=PEOPLE, records=rows)
        roles = [*(f"k{n}" for n in range(self.people // 200)), "marketing", "dealer"]
        keys = roles[:-2]
        tables: dict[str, tuple[str, Iterable[tuple[object, ...]]]] = {
            "roles": (
                "id tenant_id key name privileges built_in version",
                ((new_id(), LARGE, key, key, [], False, 1) for key in roles),
            ),
            "units": ("id tenant_id key name version", ((new_id(), LARGE, key, key, 1) for key in keys)),
            "service_accounts": (
                "id tenant_id name scopes secret_hash active version",
                ((new_id(), LARGE, key, [], b"", True, 1) for key in keys),
            ),
            "sessions": (
                "id tenant_id person_id device began_at refreshed_at ends_at revoked_at",
                map(self.session_row, range(self.count)),
            ),
            "refresh_tokens": (
                "secret_hash tenant_id session_id expires_at",
                (
                    (hashed_secret(f"token {n}"), LARGE, UUID(int=n), NOW + REFRESH_TOKEN_LIVES)
                    for n in range(self.count)
                ),
            ),
            "links": (
                "id tenant_id person_id purpose secret_hash expires_at used",
                (
                    (UUID(int=n), LARGE, self.person(n), "invitation", n.to_bytes(32, "big"), NOW, True)
                    for n in range(self.count)
                ),
            ),
        }
        for table, (columns, filling) in tables.items():
            await connection.copy_records_to_table(table, columns=columns.split(), records=filling)
        await connection.execute("VACUUM ANALYZE", timeout=3600)
        await connection.close()

    def session_row(self, number: int) -> tuple[object, ...]:
        """A tenth were ended by hand, all within the thirty days in which they are kept."""
        revoked_at = NOW if number % 10 == 0 else None
        person_id, ends_at = self.person(number), NOW + SESSION_LIVES
        return (UUID(int=number), LARGE, person_id, "Firefox", NOW, NOW, ends_at, revoked_at)

    def person(self, number: int) -> UUID:
        return person_id(LARGE, number % self.people)

    @contextlib.asynccontextmanager
    async def reading(self, tenant_id: UUID = LARGE) -> AsyncIterator[Ports]:
        async with self.database.reading(tenant_id) as work:
            yield self.ports(work)

    @contextlib.asynccontextmanager
    async def work(self) -> AsyncIterator[Ports]:
        async with self.database.transaction(LARGE) as work:
            yield self.ports(work)

    async def page_of_people(self, share: float) -> None:
        place = FIRST[int(share * len(FIRST))], UUID(int=0)
        async with self.reading() as ports:
            assert await ports.people.list(after=place, limit=51)

    async def search(self, text: str) -> None:
        async with self.reading() as ports:
            await ports.people.list_by_text(text, after=None, limit=51)

    async def search_two(self, share: float) -> None:
        await self.search(f"{LAST[int(share * len(LAST))]} {COMMON[:3]}")

    async def search_an_address(self, share: float) -> None:
        await self.search(str(person_row(LARGE, int(share * self.people))[3]))

    async def lists_of_the_small(self, _: float) -> None:
        async with self.reading(SMALL) as ports:
            assert len(await ports.people.list(after=None, limit=51)) == 51
            await ports.people.list_by_text("ma", after=None, limit=51)
            assert not await ports.units.list(after=None, limit=51)
            assert not await ports.roles.list(after=None, limit=51)
            assert not await ports.accounts.list(after=None, limit=51)

    async def other_lists(self, share: float) -> None:
        after = f"k{int(share * 5)}"
        async with self.reading() as ports:
            assert await ports.units.list(after=after, limit=51)
            assert await ports.roles.list(after=after, limit=51)
            assert await ports.accounts.list(after=after, limit=51)

    async def sessions_of_a_person(self, share: float) -> None:
        async with self.reading() as ports:
            await ports.sessions.list_open(self.person(int(share * self.people)), NOW, before=None, limit=51)

    async def sign_in(self, share: float) -> None:
        async with self.work() as ports:
            person = await ports.people.find(self.person(int(share * self.people)))
            assert person is not None
            await begin_session(ports, person, "Firefox", factor_shown=False)

    async def refresh(self, _: float) -> None:
        self.refreshes += 1
        number = self.refreshes * 7919 % self.count
        async with self.work() as ports:
            found = await ports.sessions.lock_token(hashed_secret(f"token {number}"))
            assert found is not None
            session, token = found
            successor = RefreshToken(hashed_secret(f"next {new_id()}"), session.id, ports.now)
            await ports.sessions.turn(session, token, successor, ports.now)

    async def define_role(self, _: float) -> None:
        """What widening a role asks: whether anybody external holds it, which here nobody does."""
        async with self.work() as ports:
            assert not await ports.people.role_is_held_by_external("marketing")
            role = Role(new_id(), f"r{new_id().hex}", "Role", privileges_of("marketing"), built_in=False)
            await ports.roles.insert(role)

    async def rename(self, share: float) -> None:
        async with self.work() as ports:
            person = await ports.people.find(self.person(int(share * self.people)))
            assert person is not None
            await ports.people.update(person.reporting_to(None))

    async def delete_what_ended(self, _: float) -> None:
        """A day's worth, made in the same transaction so that each round finds as much."""
        long_ago = NOW - 2 * SESSION_LIVES - timedelta(days=1)
        async with self.work() as ports:
            for _number in range(ENDED_A_DAY):
                session = begun(new_id(), self.person(1), "Firefox", long_ago)
                token = RefreshToken(hashed_secret(f"ended {session.id}"), session.id, session.ends_at)
                await ports.sessions.insert(session, token)
            await ports.sessions.delete_ended(NOW - timedelta(days=30))
            await ports.links.delete_expired(NOW - timedelta(days=30))
            await ports.providers.delete_attempts(NOW - timedelta(days=30))


QUESTIONS: dict[str, Callable[[Desk, float], Awaitable[None]]] = {
    "page of people": Desk.page_of_people,
    "search: the beginning of a frequent word": lambda desk, _: desk.search("ma"),
    "search: a frequent word": lambda desk, _: desk.search(COMMON),
    "search: two words": Desk.search_two,
    "search: an address": Desk.search_an_address,
    "pages of units, roles, accounts": Desk.other_lists,
    "every list of the small tenant": Desk.lists_of_the_small,
    "sessions of a person": Desk.sessions_of_a_person,
    "begin a session": Desk.sign_in,
    "refresh a session": Desk.refresh,
    "define a role": Desk.define_role,
    "change a person": Desk.rename,
    "delete what ended": Desk.delete_what_ended,
}


def desk(count: int) -> AbstractAsyncContextManager[Desk]:
    rows = f"{min(count, MOST_PEOPLE):,} people, {count:,} sessions"
    return filled("identity", rows, partial(Desk, count), size=2)


async def measure(fewer: int, more: int, samples: int) -> list[Figure]:
    figures: list[Figure] = []
    async with desk(fewer) as few, desk(more) as many:
        # As a service does once it has started.
        gc.collect()
        gc.freeze()
        figures += await growth_of(QUESTIONS, (f"{fewer:,}", few), (f"{more:,}", many), samples)
    return figures


if __name__ == "__main__":
    report(measure, __doc__)
