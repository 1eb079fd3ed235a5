"""All that a dealer gets to see of a busy tenant, beside what its data say: their own tasks, and no price."""

from __future__ import annotations

import importlib
import json
import random
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from optima_contracts.identity import PersonChanged
from optima_contracts.privileges import privileges_of
from optima_kit.testing import Client

from .access.production import KIND, order_from_brief, value
from .access.table import PUBLIC, World
from .conftest import SERVICES, Served
from .test_access import fill, rows_of

pytestmark = pytest.mark.servers

EXTERNAL = ("dealer", "agent", "supplier")
DEALER = set().union(*(privileges_of(role) for role in EXTERNAL))
OF_PRICES = (
    "price",
    "cost",
    "margin",
    "amount",
    "total",
    "economics",
    "vat_code",
    "quote",
    "budget",
    "supplier",
)
ORDERS = 12

TASKS = """
SELECT id::text FROM phases WHERE tenant_id = $1 AND assignee_id = $2 AND state = ANY($3::text[])
"""
OPEN = ["waiting", "assigned", "in_progress", "to_inspect"]


def fields_in(value: Any) -> Iterator[str]:
    """Every field's name in a JSON document."""
    if isinstance(value, dict):
        yield from value
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from fields_in(inner)


def says_no_price(answer: Any, text: str, amounts: list[str]) -> bool:
    names = {name for name in fields_in(answer) if any(word in name for word in OF_PRICES)}
    return not names and not any(amount in text for amount in amounts)


async def asked(client: Client, path: str) -> tuple[int, Any, str]:
    response, answer = await client.get(path)
    text = answer.decode("latin-1") if isinstance(answer, bytes) else json.dumps(answer)
    return response.status, answer, text


@pytest.mark.parametrize("module", SERVICES)
async def test_a_dealer_learns_nothing_of_what_others_have(serve, module):
    """Every GET of the service, asked for every thing that is there."""
    served: Served = await serve(module)
    world = World(served, served.tenant_id, uuid4(), uuid4())
    await importlib.import_module(f"tests.security.access.{module}").build(world)
    dealer = world.as_("dealer", person_id=world.colleague, kind="external", privileges=DEALER)
    amounts = [text for texts in world.secrets.values() for text in texts]
    there = {value for name, value in world.names.items() if len(value) > 4}
    declared = {f"{route.method} {route.path}" for route in served.service.routes.items}
    for row in rows_of(module):
        if row.method != "GET" or row.needs == PUBLIC or row.endpoint not in declared:
            continue
        path = fill(row.path, world.names)
        status, answer, text = await asked(dealer, path)
        assert status == 403 or row.needs is None or row.needs in DEALER, f"{path}: {status} {text}"
        assert says_no_price(answer, text, amounts), f"{path}: {text}"
        untold = text.replace(path.partition("?")[0], "")
        assert not any(value in untold for value in there), f"{path}: {text}"


@pytest.fixture
async def factory(serve) -> tuple[World, list[UUID]]:
    """A dozen orders whose phases three dealers have, some begun, made, refused, or taken away again."""
    served: Served = await serve("production")
    world = World(served, served.tenant_id, uuid4(), uuid4())
    dealers = [uuid4() for _ in range(3)]
    for person_id in dealers:
        person = PersonChanged(
            person_id=person_id,
            name="Carla Verdi",
            email="carla@example.it",
            kind="external",
            roles=["dealer"],
            active=True,
        )
        await world.hear(person, person_id)
    world.names["kind"] = "espositore"
    await world.ask("PUT", f"/v1/kinds/{world.names['kind']}", KIND)
    luck = random.Random(7)
    for _ in range(ORDERS):
        (job,) = (await order_from_brief(world, world.names["kind"]))["jobs"]
        await value(world, job)
        for phase in job["phases"]:
            await _work(world, phase, luck.choice([*dealers, None]), luck.choice(dealers), luck.random())
    return world, dealers


async def _work(world: World, phase: dict[str, Any], who: UUID | None, heir: UUID, how_far: float) -> None:
    path = f"/v1/phases/{phase['id']}"
    if who is None:
        return
    await world.ask("POST", f"{path}/assignment", {"assignee_id": str(who)})
    if how_far < 0.2:
        await world.ask("POST", f"{path}/assignment", {"assignee_id": str(heir)})
    if how_far < 0.4:
        return
    worker = world.served.app.as_(world.person("dealer", person_id=who))
    for step, body in (("start", None), ("completion", {"quantity": "100"}))[: 1 if how_far < 0.6 else 2]:
        response, answer = await worker.post(f"{path}/{step}", body)
        assert response.status == 200, answer
    if how_far > 0.8 and phase["quality_check"]:
        await world.ask("POST", f"{path}/rejection", {"reason": "Storto"})


async def test_a_dealers_tasks_are_exactly_those_assigned_to_them(factory):
    world, dealers = factory
    database = world.served.database
    everything = [row["id"] for row in await database.fetch("SELECT id::text FROM phases")]
    orders = [row["id"] for row in await database.fetch("SELECT id::text FROM orders")]
    assert len(everything) == ORDERS * len(KIND["phases"])
    for person_id in dealers:
        dealer = world.as_("dealer", person_id=person_id, kind="external", privileges=DEALER)
        own: set[str] = set()
        for path, states in (("/v1/tasks?limit=200", OPEN), ("/v1/tasks?limit=200&state=done", ["done"])):
            status, page, text = await asked(dealer, path)
            rows = await database.fetch(TASKS, world.tenant_id, person_id, states)
            assert (status, {task["id"] for task in page["items"]}) == (200, {row["id"] for row in rows})
            assert says_no_price(page, text, ["38712.40", "487.13", "48713.00"])
            assert not any(order in text for order in orders)
            own |= {row["id"] for row in rows}
        assert own, "the oracle knows of nothing"
        unknown = await asked(dealer, f"/v1/tasks/{uuid4()}")
        for phase_id in everything:
            status, answer, text = await asked(dealer, f"/v1/tasks/{phase_id}")
            assert (status == 200) == (phase_id in own), f"{phase_id}: {text}"
            assert says_no_price(answer, text, ["38712.40", "487.13", "48713.00"])
            if status != 200:
                assert {**answer, "instance": ""} == {**unknown[1], "instance": ""}
        status, page, _ = await asked(dealer, "/v1/tasks?limit=1")
        assert len(page["items"]) == 1


async def test_a_dealer_gets_nothing_out_of_the_trail(factory, serve):
    """Of all that happened in the factory, prices included, by no address of the trail."""
    world, dealers = factory
    events = await world.served.database.published()
    assert any(event.type.startswith("optima.economics.") for event in events)
    record = World(await serve("trail"), world.tenant_id, world.owner, world.colleague)
    for event in events:
        await record.receive(event)
    status, whole, _ = await asked(record.mighty, "/v1/events?limit=200")
    assert (status, len(whole["items"])) == (200, min(200, len(events)))
    for person_id in dealers:
        dealer = record.as_("dealer", person_id=person_id, kind="external", privileges=DEALER)
        for row in rows_of("trail"):
            if row.method != "GET" or row.needs == PUBLIC:
                continue
            path = fill(row.path, {name: str(uuid4()) for name in _names(row.path)})
            status, answer, text = await asked(dealer, path)
            assert (status, answer["code"]) == (403, "missing_privilege"), f"{path}: {text}"
            assert says_no_price(answer, text, ["38712.40", "487.13", "48713.00"])


def _names(path: str) -> list[str]:
    return [part.partition("}")[0] for part in path.split("{")[1:]]
