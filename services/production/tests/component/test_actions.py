"""An action offered succeeds for that reader in that state, and one that is not offered is refused."""

from __future__ import annotations

from typing import Any, Final, get_args
from uuid import uuid4

import pytest

from optima_contracts.privileges import BUILT_IN_ROLES
from optima_kit.actor import Actor
from production.application.read.access import JobAction, OrderAction, PhaseAction

from .conftest import ECONOMICS, Plant

pytestmark = pytest.mark.sampled(10)

KIND: Final = {
    "name": "Espositore",
    "phases": [
        {"key": "stampa", "name": "Stampa", "quality_check": True, "skippable": True},
        {"key": "taglio", "name": "Taglio", "after": ["stampa"], "skippable": True},
    ],
}
ASSIGNED: Final = ("economics", "assign")
COMPLETED: Final = (*ASSIGNED, "start", "complete")
DONE: Final = (*COMPLETED, "accept", "start next", "complete next")
STATES: Final[dict[str, tuple[str, ...]]] = {
    "of a kind that nobody has defined": (),
    "without economics": (),
    "with a phase to be assigned": ("economics",),
    "with a phase to be started": ASSIGNED,
    "with a phase that was split": ("economics", "split"),
    "with a phase whose assignee left before its start": (*ASSIGNED, "leave"),
    "with a phase at work": (*ASSIGNED, "start"),
    "with a phase partly made": (*ASSIGNED, "start", "report"),
    "with a phase whose assignee left at work": (*ASSIGNED, "start", "leave"),
    "with a phase to be inspected": COMPLETED,
    "with a phase to be done again": (*COMPLETED, "reject"),
    "with an accepted phase": (*COMPLETED, "accept"),
    "with a phase that was built upon": (*COMPLETED, "accept", "start next"),
    "with a skipped phase": ("economics", "skip"),
    "ready": DONE,
    "partly shipped": (*DONE, "ship a part"),
    "closed short on its way": (*DONE, "ship a part", "close"),
    "shipped": (*DONE, "ship all"),
    "delivered": (*DONE, "deliver"),
    "cancelled": ("cancel",),
}
"""What happens to an order of one job until it has the state; the actions concern its first phase."""
READERS: Final = ("worker", *sorted(BUILT_IN_ROLES))
"""The first is an admin who has the phases; the others have the role that they are called by."""

ACTIONS: Final = {"order": get_args(OrderAction), "job": get_args(JobAction), "phase": get_args(PhaseAction)}


def line_of(destination: str, quantity: str) -> dict[str, Any]:
    deliveries = [{"destination": destination, "quantity": quantity}]
    return {"quantity": quantity, "deliveries": deliveries, "reason": "Richiesta del cliente"}


class Scene:
    """Orders in one state, and their readers."""

    def __init__(self, plant: Plant, worker: Actor, heir: Actor, state: str) -> None:
        self.plant = plant
        self.worker = worker
        self.heir = heir
        self.state = state

    def as_(self, reader: str) -> Any:
        return self.plant.app.as_(self.worker) if reader == "worker" else self.plant.as_(reader)

    async def order(self) -> dict[str, Any]:
        plant = self.plant
        kind = "nuovo" if "nobody has defined" in self.state else "espositore"
        await plant.tell_of(self.worker)
        order = await plant.order_of(await plant.approve((kind, "100"), prices=["2.50"]))
        for step in STATES[self.state]:
            await self.take(step, order)
        return await plant.order(order["id"])

    async def take(self, step: str, order: dict[str, Any]) -> None:
        if step == "economics":
            await self.plant.value(order["jobs"][0])
        elif step == "assign":
            for phase in order["jobs"][0]["phases"]:
                await self.plant.assign(phase["id"], self.worker)
        elif step == "leave":
            await self.plant.tell_of(self.worker, active=False)
        elif step in ("ship a part", "ship all", "deliver"):
            quantity = "40" if step == "ship a part" else "100"
            state = "delivered" if step == "deliver" else "issued"
            await self.plant.ship(state, uuid4(), order, quantity)
        else:
            action, _, following = step.partition(" ")
            thing = "order" if action in ACTIONS["order"] else "phase"
            reader = "worker" if action in ("start", "report", "complete") else "admin"
            assert await self.attempt(reader, order, thing, action, phase=1 if following else 0) == 200, step

    async def attempt(
        self, reader: str, order: dict[str, Any], thing: str, action: str, phase: int = 0
    ) -> int:
        job = order["jobs"][0]
        concerned = {"order": order, "job": job, "phase": job["phases"][phase] if job["phases"] else {}}
        id_ = concerned[thing]["id"]
        path, body = {
            "cancel": ("cancellation", {"reason": "Sospesa"}),
            "close": ("closure", {"reason": "Basta"}),
            "set_economics": ("economics", ECONOMICS),
            "request_amendment": ("amendments", {"unit_price": "2.75", "reason": "Carta"}),
            "amend_quantity": ("amendments", {"quantity": "150", "reason": "Altri negozi"}),
            "change_deadline": ("deadline", {"deadline": "2027-03-01", "reason": "Rinviata"}),
            "change_quantity": ("line", line_of("MI-01", "95")),
            "change_destinations": ("line", line_of("RM-01", job["quantity"])),
            "correct_kind": ("kind", {"kind": "espositore"}),
            "assign": ("assignment", {"assignee_id": str(self.heir.person_id)}),
            "replace": ("assignment", {"assignee_id": str(self.heir.person_id), "reason": "Urgente"}),
            "give_back": ("return", {"reason": "Macchina ferma"}),
            "start": ("start", None),
            "report": ("parts", {"quantity": "40"}),
            "complete": ("completion", {"quantity": "100"}),
            "accept": ("acceptance", None),
            "reject": ("rejection", {"reason": "Storto"}),
            "skip": ("skip", None),
            "outsource": ("outsourcing", {"finisher": "FIN-01"}),
            "split": ("shares", {"quantity": "40"}),
            "join": ("joining", {"with_id": job["phases"][1]["id"] if job["phases"][1:] else str(uuid4())}),
        }[action]
        changes = action.startswith("change")
        method = "PUT" if changes or action in ("set_economics", "correct_kind") else "POST"
        headers = {"If-Match": f'"{concerned[thing]["version"]}"'} if method == "PUT" else None
        response, _ = await self.as_(reader).request(
            method, f"/v1/{thing}s/{id_}/{path}", json=body, headers=headers
        )
        return int(response.status)

    async def offers(self, reader: str, order: dict[str, Any]) -> set[tuple[str, str]]:
        """What the reader is offered, on the order's page or on that of their task."""
        response, seen = await self.as_(reader).get(f"/v1/orders/{order['id']}")
        things: list[tuple[str, Any]] = []
        if response.status == 200:
            (job,) = seen["jobs"]
            things = [
                ("order", seen),
                ("job", job),
                *(("phase", phase) for phase in job.get("phases", [])[:1]),
            ]
        for phase in order["jobs"][0]["phases"][:1]:
            response, task = await self.as_(reader).get(f"/v1/tasks/{phase['id']}")
            if response.status == 200:
                things.append(("phase", task))
        return {(thing, action) for thing, shown in things for action in shown["actions"]}


@pytest.fixture
async def scene(plant: Plant, request: pytest.FixtureRequest) -> Scene:
    await plant.define("espositore", KIND)
    worker, heir = await plant.worker("admin"), await plant.worker(name="Dario Blu")
    return Scene(plant, worker, heir, request.param)


@pytest.mark.parametrize("scene", STATES, indirect=True, ids=lambda state: f"an order {state}")
async def test_what_is_offered_succeeds_and_nothing_else_does(scene: Scene) -> None:
    order = await scene.order()
    things = ACTIONS if order["jobs"][0]["phases"] else {each: ACTIONS[each] for each in ("order", "job")}
    everything = {(thing, action) for thing, actions in things.items() for action in actions}
    for reader in READERS:
        offered = await scene.offers(reader, order)
        for thing, action in sorted(everything - offered):
            status = await scene.attempt(reader, order, thing, action)
            assert status in (403, 404, 409), (reader, thing, action)
        for thing, action in sorted(offered):
            status = await scene.attempt(reader, await scene.order(), thing, action)
            assert status in (200, 201), (reader, thing, action)


@pytest.mark.parametrize(
    ("path", "action", "body"),
    [
        ("/v1/kinds/espositore", "replace", KIND),
        ("/v1/price-policy", "set", {"tolerance_percent": "5"}),
    ],
)
async def test_settings_are_replaced_by_those_to_whom_it_is_offered(
    plant: Plant, path: str, action: str, body: dict[str, Any]
) -> None:
    await plant.define("espositore", KIND)
    for role in sorted(BUILT_IN_ROLES):
        response, seen = await plant.as_(role).get(path)
        offered = response.status == 200 and seen["actions"] == [action]
        _, present = await plant.admin.get(path)
        headers = {"If-Match": f'"{present["version"]}"'}
        response, _ = await plant.as_(role).put(path, body, headers=headers)
        assert response.status == (200 if offered else 403), role


@pytest.mark.parametrize("scene", STATES, indirect=True, ids=lambda state: f"an order {state}")
async def test_the_board_offers_assignment_as_the_phase_does(scene: Scene) -> None:
    order = await scene.order()
    first = [phase["id"] for phase in order["jobs"][0]["phases"][:1]]
    for reader in READERS:
        response, page = await scene.as_(reader).get("/v1/phases?limit=200")
        rows = page["items"] if response.status == 200 else []
        shown = await scene.offers(reader, order)
        for row in rows:
            if row["id"] in first:
                assert ("assign" in row["actions"]) == (("phase", "assign") in shown), reader
