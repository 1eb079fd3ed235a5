"""Somebody who may not see prices hunts for one, by everything that might answer "is it more than x?".

Each way asks about halves of the range; whoever learns more than one bit has found a way to the price.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from itertools import chain
from typing import Any, Literal, get_args, get_origin
from uuid import UUID, uuid4

import pytest
from pydantic import BaseModel

from optima_contracts.brief import BriefContent, BriefSubmitted
from optima_contracts.economics import BriefPriced
from optima_contracts.identity import PersonChanged
from optima_kit.testing import Client

from .access.approval import _publish as publish
from .access.table import DONE, World
from .conftest import EVERYTHING, Served
from .test_access import fill, rows_of

pytestmark = pytest.mark.servers

PRICE = Decimal("48713.59")
CENT = Decimal("0.01")
THRESHOLDS = ("100.00", "40000.00", "48713.58", "48713.59", "48713.60", "60000.00", "999999.00")
PRICELESS = frozenset(EVERYTHING - {"brief.price.read", "job.economics.read"})


class Hunt:
    """A world with a priced brief that a friend of the hunter's is asked about, as is the hunter."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.hunter_id, self.friend_id, self.brief_id, self.past_id = (uuid4() for _ in range(4))
        self.first = {"key": "uno", "approvers": [{"person": str(self.hunter_id)}]}

    @property
    def hunter(self) -> Client:
        return self.world.as_(person_id=self.hunter_id, privileges=set(PRICELESS))

    @property
    def friend(self) -> Client:
        return self.world.as_(person_id=self.friend_id, privileges=set(PRICELESS))

    async def prepare(self) -> None:
        for person_id, name in (
            (self.hunter_id, "Ugo"),
            (self.friend_id, "Vera"),
            (self.world.owner, "Rita"),
        ):
            await self.world.hear(
                PersonChanged(
                    person_id=person_id,
                    name=name,
                    email=f"{name.lower()}@example.it",
                    kind="internal",
                    roles=["purchasing"],
                    active=True,
                ),
                person_id,
            )
        await publish(
            self.world, {"key": "brief", "name": "Brief", "subject": "brief", "steps": [self.first]}
        )
        for brief_id in (self.brief_id, self.past_id):
            await self.submit(brief_id)
        _, past = await self.hunter.get(f"/v1/approvals?subject_id={self.past_id}")
        (found,) = past["items"]
        decision = {"step": "uno", "outcome": "approve", "content_hash": "hash-2"}
        path = f"/v1/approvals/{found['id']}/decisions"
        response, answer = await self.hunter.post(path, decision)
        assert response.status == 200, answer

    async def submit(self, brief_id: UUID) -> None:
        item = {"item_id": str(uuid4()), "kind": "x", "description": "x", "quantity": "1"}
        content = {"title": "X", "category": "POP", "budget": "9.00", "deadline": "2031-01-01"}
        await self.world.hear(
            BriefSubmitted(
                brief_id=brief_id,
                number="B-1",
                revision=1,
                content_hash="hash-1",
                process="brief",
                requester_id=self.world.owner,
                content=BriefContent.model_validate(content | {"items": [item]}),
            ),
            brief_id,
        )
        priced = BriefPriced(brief_id=brief_id, revision=1, content_hash="hash-2", lines=[], total=str(PRICE))
        await self.world.hear(priced, brief_id)

    # -- the ways: each what is seen for one threshold

    async def by_delegation(self, threshold: str) -> Any:
        body = {
            "to_person_id": str(self.friend_id),
            "starts_at": "2020-01-01T00:00:00Z",
            "ends_at": "2040-01-01T00:00:00Z",
            "up_to": threshold,
        }
        response, given = await self.hunter.post("/v1/delegations", body)
        _, inbox = await self.friend.get("/v1/inbox")
        _, summary = await self.friend.get("/v1/inbox/summary")
        if response.status == 201:
            await self.hunter.delete(f"/v1/delegations/{given['delegation_id']}")
        return response.status, len(inbox["items"]), summary["waiting"]

    async def by_replay(self, threshold: str) -> Any:
        when = f"has(brief.quote_total) && brief.quote_total > {threshold}"
        step = {"key": "due", "when": when, "approvers": [{"person": str(self.friend_id)}]}
        return await self.write_and_try([step])

    async def by_limits(self, threshold: str) -> Any:
        step = {"key": "due", "approvers": [{"manager": {"take": "first_qualified"}}], "if_too_few": "skip"}
        return await self.write_and_try([step], limits={"purchasing": threshold})

    async def by_showing(self, _: str) -> Any:
        step = {"key": "due", "approvers": [{"person": str(self.hunter_id)}], "shows": ["quote_total"]}
        content, _ = json.loads(await self.write_and_try([step]))[-1]
        return content

    async def write_and_try(self, steps: list[dict[str, Any]], **more: Any) -> Any:
        """As the brief's own process: published, replayed over the past, and the running one moved to it."""
        known, _ = await self.hunter.get("/v1/processes/brief")
        document = {"key": "brief", "name": "Brief", "subject": "brief", "steps": [self.first, *steps]} | more
        headers = {"If-Match": known.headers["ETag"]}
        seen: list[Any] = []
        for method, path, body in (
            ("PUT", "/v1/processes/brief", document),
            ("POST", "/v1/processes/brief/publication", {}),
            ("POST", "/v1/processes/brief/replays", {}),
            ("POST", "/v1/processes/brief/moves", {}),
        ):
            options = {"headers": headers} if method == "PUT" else {}
            response, answer = await self.hunter.request(method, path, json=body, **options)
            await self.world.work()
            seen.append(response.status)
            for kind in ("replay", "move") if response.status == 202 else ():
                if f"{kind}_id" in answer:
                    _, report = await self.hunter.get(f"/v1/{kind}s/{answer[f'{kind}_id']}")
                    seen.append([report.get("report"), report.get("counts")])
            if response.status == 202 and "move_id" in answer:
                await self.hunter.post(f"/v1/moves/{answer['move_id']}/execution", {})
                await self.world.work()
        _, page = await self.hunter.get(f"/v1/approvals?subject_id={self.brief_id}")
        path = f"/v1/approvals/{page['items'][0]['id']}"
        if "shows" in str(steps):
            decision = {"step": "uno", "outcome": "approve", "content_hash": "hash-2"}
            await self.hunter.post(f"{path}/decisions", decision)
        _, approval = await self.hunter.get(path)
        seen.append([approval["content"].get("quote_total"), [step["state"] for step in approval["steps"]]])
        return json.dumps(seen)

    async def by_query(self, threshold: str) -> Any:
        """Every list's every parameter that a number may be put into."""
        return await asked_by_query(self.world, self.hunter, "approval", threshold)


WAYS = sorted(name for name in vars(Hunt) if name.startswith("by_"))


def named_in(path: str) -> set[str]:
    return set(re.findall(r"{([a-z_]+)}", path))


async def asked_by_query(world: World, hunter: Client, module: str, threshold: str) -> Any:
    """What each endpoint that reads tells with the threshold in each parameter of its query."""
    at = {row.endpoint: row.path for row in rows_of(module) if row.method == "GET"}
    seen = []
    for route in world.served.service.routes.items:
        path = at.get(f"GET {route.path}", route.path)
        if route.method != "GET" or route.query is None or not named_in(path) <= world.names.keys():
            continue
        for name in route.query.model_fields.keys() - {"limit"}:
            address = fill(path, world.names).partition("?")[0]
            response, answer = await hunter.get(address, params={name: threshold})
            # Whether the text is a number at all may decide which refusal it is.
            told = json.dumps(answer).replace(threshold, "…") if response.status == 200 else "refused"
            seen.append((route.path, name, told))
    assert 0 < [told for *_, told in seen].count("refused") < len(seen)
    return tuple(sorted(seen))


@pytest.mark.sampled(2)
@pytest.mark.parametrize("module", ["brief", "production"])
async def test_no_query_tells_on_which_side_of_a_number_a_secret_is(serve, module):
    """Of the prices in the busy tenant that the access table builds."""
    served = await serve(module)
    world = World(served, served.tenant_id, uuid4(), uuid4())
    await importlib.import_module(f"tests.security.access.{module}").build(world)
    hunter = world.as_(person_id=world.colleague, privileges=PRICELESS - {"brief.price"})
    prices = [Decimal(text) for text in chain(*world.secrets.values()) if text.replace(".", "").isdecimal()]
    assert prices
    thresholds = [price + cent for price in prices for cent in (-CENT, 0, CENT)]
    seen = [await asked_by_query(world, hunter, module, f"{each:.2f}") for each in thresholds]
    assert [each for each in zip(*seen, strict=True) if len({*each}) > 1] == []


SHOWING = frozenset({"brief.price", "brief.price.read", "budget.read", "job.economics.read"})
"""Each shows its holder a hidden number."""
_PLACES = """
SELECT c.oid::regclass::text AS relation, a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type
FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
    AND a.attgenerated = '' AND a.atttypid = ANY('{numeric,text,json,jsonb}'::regtype[])
"""
_NUMBER = re.compile(r"(?<![\w.-])\d+(?:\.\d+)?(?![\w.-])")


class HiddenNumbers:
    """Every row of a service's database that holds one of some numbers."""

    def __init__(self, served: Served, numbers: Iterable[str]) -> None:
        self.fetch = served.database.fetch
        self.numbers = {Decimal(number) for number in numbers}
        self.rows: list[tuple[str, int, str, dict[str, tuple[str, str]]]] = []
        """Relation, rank in it, place, and by column its type and text."""

    async def find(self) -> None:
        tables: dict[str, dict[str, str]] = {}
        for place in await self.fetch(_PLACES):
            tables.setdefault(place["relation"], {})[place["column"]] = place["type"]
        for relation, columns in tables.items():
            texts = ", ".join(f'"{column}"::text' for column in columns)
            found = []
            for ctid, *row in await self.fetch(f"SELECT ctid::text, {texts} FROM {relation}"):
                held = {
                    column: (kind, text)
                    for (column, kind), text in zip(columns.items(), row, strict=True)
                    if text and not self.numbers.isdisjoint(map(Decimal, _NUMBER.findall(text)))
                }
                found += [(ctid, held)] if held else []
            self.rows += [(relation, rank, *each) for rank, each in enumerate(found)]
            if found:
                # Some hold what is never changed.
                await self.fetch(f"ALTER TABLE {relation} DISABLE TRIGGER USER")

    async def put(self, factor: Callable[[int], int]) -> None:
        """Each times the factor of its row's rank."""
        for index, (relation, rank, ctid, held) in enumerate(self.rows):
            columns = enumerate(held.items(), start=2)
            changes = ", ".join(f'"{name}" = ${at}::text::{kind}' for at, (name, (kind, _)) in columns)
            change = f"UPDATE {relation} SET {changes} WHERE ctid = $1::text::tid RETURNING ctid::text"
            texts = [self.multiplied(text, factor(rank)) for _, text in held.values()]
            ((moved,),) = await self.fetch(change, ctid, *texts)
            self.rows[index] = (relation, rank, moved, held)

    def multiplied(self, text: str, factor: int) -> str:
        def times(found: re.Match[str]) -> str:
            number = Decimal(found[0])
            return str(number * factor) if number in self.numbers else found[0]

        return _NUMBER.sub(times, text)


# Identity and logistics hold no number that anybody who reads them may not see.
@pytest.mark.sampled(2)
@pytest.mark.parametrize("module", ["approval", "brief", "erp_bridge", "production", "trail"])
async def test_no_answer_is_another_or_in_another_order_for_other_numbers(serve, module):
    """Whatever is read, in whichever order it may be asked for: where the greatest of the hidden numbers
    become the least, who may not see them reads the very same."""
    served = await serve(module)
    world = World(served, served.tenant_id, uuid4(), uuid4())
    access = importlib.import_module(f"tests.security.access.{module}")
    await access.build(world)
    if module == "production":
        await access.value(world, await world.ask("GET", f"/v1/jobs/{world.names['blocked_job_id']}"))
    told = chain(*(texts for privilege, texts in world.secrets.items() if privilege in SHOWING))
    hidden = HiddenNumbers(served, (text for text in told if text.replace(".", "").isdecimal()))
    await hidden.find()
    reader = frozenset(EVERYTHING - SHOWING)
    await hidden.put(lambda rank: rank + 1)
    shown, seen = await all_read(world, module, EVERYTHING), await all_read(world, module, reader)
    await hidden.put(lambda rank: 100 - rank)
    assert await all_read(world, module, EVERYTHING) != shown
    again = await all_read(world, module, reader)
    assert [(at, seen[at], again[at]) for at in seen if seen[at] != again[at]] == []


async def all_read(world: World, module: str, privileges: frozenset[str]) -> dict[str, str]:
    """What the owner is answered wherever they may read, in each order and by each choice to be asked for."""
    client = world.as_(privileges=set(privileges))
    routes = {f"{route.method} {route.path}": route for route in world.served.service.routes.items}
    seen = {}
    for row in rows_of(module):
        needed = {row.needs or next(iter(privileges)), *row.also}
        if row.method != "GET" or row.endpoint not in routes or not needed <= privileges:
            continue
        if row.endpoint == "GET /v1/verification":  # which tells that the database was changed
            continue
        if not named_in(row.path) <= world.names.keys() or row.scope.outcome(privileges, owner=True) != DONE:
            continue
        address = fill(row.path, world.names)
        query = routes[row.endpoint].query
        for choice in ({}, *choices_of(query)):
            response, answer = await client.get(address, params=choice)
            assert response.status == 200 or choice, f"{address}: {response.status} {answer}"
            if response.content_type == "text/csv":
                answer = answer.decode()
            if not isinstance(answer, bytes):
                seen[f"{address} {choice}"] = f"{response.status} {json.dumps(answer)}"
    assert len(seen) > 5
    return seen


def choices_of(query: type[BaseModel] | None) -> Iterator[dict[str, str]]:
    """Each value of each parameter that has a few."""
    for name, field in (query.model_fields if query is not None else {}).items():
        for kind in (field.annotation, *get_args(field.annotation)):
            values = get_args(kind) if get_origin(kind) is Literal else ()
            yield from ({name: str(value)} for value in values or (("true", "false") if kind is bool else ()))


@pytest.fixture
async def hunt(serve) -> Hunt:
    served = await serve("approval")
    world = World(served, served.tenant_id, uuid4(), uuid4())
    found = Hunt(world)
    await found.prepare()
    return found


@pytest.mark.sampled(2)
@pytest.mark.parametrize("way", WAYS)
async def test_no_way_tells_on_which_side_of_a_number_the_price_is(hunt, way):
    seen = [await getattr(hunt, way)(threshold) for threshold in THRESHOLDS]
    told = {str(each) for each in seen}
    assert len(told) == 1, dict(zip(THRESHOLDS, seen, strict=True))
    assert str(PRICE) not in str(told)


async def test_a_content_hash_can_t_be_searched_offline(hunt):
    """Whoever knows all of a subject but its price finds no hash by trying prices."""
    fields = {"t": {"type": "text"}, "p": {"type": "money", "privilege": "brief.price.read"}}
    declared = {"key": "spesa", "name": "Spesa", "title": "t", "fields": fields}
    await hunt.world.ask("PUT", "/v1/subject-types/spesa", declared)
    step = {"key": "uno", "approvers": [{"person": str(hunt.hunter_id)}]}
    await publish(hunt.world, {"key": "spese", "name": "Spese", "subject": "spesa", "steps": [step]})
    content = {"t": "Carta", "p": str(PRICE)}
    hashes = set()
    for _ in range(2):
        submission = {"process": "spese", "subject_id": str(uuid4()), "content": content}
        approval = await hunt.world.ask("POST", "/v1/approvals", submission)
        _, seen = await hunt.hunter.get(f"/v1/approvals/{approval['id']}")
        assert seen["content"] == {"t": "Carta"}
        hashes.add(seen["content_hash"])
    assert len(hashes) == 2
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(canonical.encode()).hexdigest() not in hashes


async def test_a_field_is_not_opened_by_who_may_not_see_it(hunt):
    fields = {"t": {"type": "text"}, "p": {"type": "money", "privilege": "brief.price.read"}}
    declared = {"key": "gara", "name": "Gara", "amounts": ["p"], "fields": fields}
    path = "/v1/subject-types/gara"
    await hunt.world.ask("PUT", path, declared)
    opened = declared | {"fields": fields | {"p": {"type": "money"}}}
    response, problem = await hunt.hunter.put(path, opened, headers={"If-Match": '"1"'})
    assert (response.status, problem["code"]) == (403, "field_hidden_from_author")
    more = declared | {"fields": fields | {"u": {"type": "text"}}}
    response, _ = await hunt.hunter.put(path, more, headers={"If-Match": '"1"'})
    assert response.status == 200
