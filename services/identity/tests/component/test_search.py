"""People are found by the words of their name and by their address."""

from __future__ import annotations

import random
import re
import unicodedata
from itertools import permutations
from typing import Any
from uuid import UUID

from identity.domain.people import Person
from optima_kit.ids import new_id
from optima_kit.testing import Client

from ..conftest import Identity

FIRST = ("Anna", "Anna Maria", "Mario", "Nicolò", "Zoë", "Mària", "Marisa Ann", "Ugo")
LAST = ("Rossi", "Rossini", "D'Angelo", "De Rossi", "Ferri", "Martínez-Sáez", "Ng", "O’Brien")
TEXTS = (
    *("r", "ross", "anna", "maria ro", "rossi an", "anna rossi", "NICOLO", "zoe", "maria"),
    *("d'angelo ugo", "angelo", "martinez saez", "anna maria rossi", "rossi maria an", "mario.ross"),
    *("mario.rossi7@aurora.example", "aurora", "an ro", "ossi", "--", "\U0010ffff", "%", "_"),
)


def words(text: str) -> list[str]:
    """As the database has it, told anew."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return [word for word in re.split(r"[\W_]+", plain.lower()) if word]


def keys(person: Person) -> list[str]:
    name = words(person.name)
    pairs = {" ".join(pair) for pair in permutations(name, min(2, len(name)))}
    return sorted(pairs | {" ".join(words(person.email))})


def expected(people: list[Person], text: str) -> list[UUID]:
    sought = words(text)
    pair = sought
    if len(sought) > 2 and "@" not in text:
        pair = [max(sought[:-1], key=len), sought[-1]]
    found = []
    for person in people:
        has = keys(person)
        begun = [key for key in has if key.startswith(" ".join(pair))]
        if begun and (pair == sought or all(any(key.startswith(word) for key in has) for word in sought)):
            found.append((begun[0], person.id))
    return [person_id for _, person_id in sorted(found)] if sought else []


async def add_people(identity: Identity, names: list[tuple[str, str]]) -> list[Person]:
    (tenant,) = await identity.database.fetch("SELECT id FROM tenants WHERE slug = 'aurora'")
    made = [
        Person(new_id(), name, email, "internal", None, ("marketing",), None, None, "it")
        for name, email in names
    ]
    async with identity.app.database.transaction(tenant["id"]) as work:
        for person in made:
            await identity.ports(work).people.insert(person)
    return made


async def found_by(client: Client, text: str, *, limit: int) -> list[UUID]:
    """Of all pages."""
    found: list[UUID] = []
    query: dict[str, Any] = {"text": text, "limit": limit}
    while True:
        response, page = await client.get("/v1/people", params=query)
        assert response.status == 200, page
        found += [UUID(person["id"]) for person in page["items"]]
        if page.get("next_cursor") is None:
            return found
        query["cursor"] = page["next_cursor"]


async def test_a_search_finds_exactly_those_whose_words_begin_so(identity: Identity) -> None:
    admin = await identity.register()
    await identity.register("brezza")
    rng = random.Random(20260101)
    names = []
    for number in range(120):
        first, last = rng.choice(FIRST), rng.choice(LAST)
        address = f"{first}.{last}{number}@aurora.example".replace(" ", "").replace("'", "").casefold()
        names.append((f"{first} {last}" if rng.random() < 0.8 else f"{last} {first}", address))
    people = await add_people(identity, names)
    people.append(await admin_of(identity))
    for text in TEXTS:
        found = await found_by(admin, text, limit=rng.choice((3, 7, 50)))
        assert found == expected(people, text), text


async def test_a_new_name_or_address_is_found_and_the_old_one_no_longer(identity: Identity) -> None:
    admin = await identity.register()
    elena = await identity.invite(admin, "elena@aurora.example", "marketing")
    renamed, _ = await admin.patch(f"/v1/people/{elena}", {"name": "Lena Blu"}, headers={"If-Match": '"2"'})
    assert renamed.status == 200
    assert await found_by(admin, "lena b", limit=50) == [elena]
    assert await found_by(admin, "elena aurora", limit=50) == [elena], "by the address"
    rows = await identity.database.fetch("SELECT key FROM people_search_keys WHERE person_id = $1", elena)
    assert sorted(row["key"] for row in rows) == ["blu lena", "elena aurora example", "lena blu"]


async def test_no_name_is_too_long_or_too_odd_to_be_found(identity: Identity) -> None:
    admin = await identity.register()
    names = ["\ufdfa" * 120, "a " * 60, "…", "x" * 120]
    people = await add_people(identity, [(name.strip(), f"{n}@x.example") for n, name in enumerate(names)])
    assert await found_by(admin, "x" * 100, limit=50) == [people[3].id]
    assert await found_by(admin, "a a a", limit=50) == [people[1].id]
    assert await found_by(admin, "2@x", limit=50) == [people[2].id]


async def admin_of(identity: Identity) -> Person:
    (row,) = await identity.database.fetch(
        "SELECT people.id, name, email FROM people JOIN tenants ON tenants.id = tenant_id"
        " WHERE slug = 'aurora' AND 'admin' = ANY (roles)"
    )
    return Person(row["id"], row["name"], row["email"], "internal", None, ("admin",), None, None, "it")
