"""What each step of an order costs: a statement is a round trip, and a journey has many."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from optima_kit.testing import round_trips

from .conftest import LINE, Plant, shipment

EDGES = 3
"""Begin, events with the answer, commit: shared by the commands of a group."""
REACTION = EDGES + 1
"""The inbox asks what it has handled before."""


async def test_each_step_asks_once_and_writes_at_the_end(plant: Plant) -> None:
    await plant.define("espositore", LINE)
    dealer = await plant.worker()
    costs: dict[str, int] = {}
    with round_trips(plant.app.database) as asked:

        async def counted(name: str, step: Any) -> Any:
            asked.clear()
            done = await step
            costs[name] = max(len(asked), costs.get(name, 0))
            return done

        async def post(actor: Any, phase: Any, action: str, body: Any = None) -> None:
            path = f"/v1/phases/{phase['id']}/{action}"
            response, answer = await counted(action, plant.app.as_(actor).post(path, body))
            assert response.status == 200, answer

        admin = plant.actor("admin")
        brief_id = await counted("brief approved", plant.approve(("espositore", "500")))
        order = await plant.order_of(brief_id)
        await counted("read", plant.order(order["id"]))
        (job,) = order["jobs"]
        await counted("economics", plant.value(job))
        for phase in job["phases"]:
            await post(admin, phase, "assignment", {"assignee_id": str(dealer.person_id)})
            await post(dealer, phase, "start")
            await post(dealer, phase, "completion", {"quantity": "500"})
            if phase["quality_check"]:
                await post(admin, phase, "acceptance")
        sent = uuid4()
        for state in ("issued", "departed", "delivered"):
            fact = shipment(state, sent, order, "500")
            await counted(state, plant.deliver(fact, sent))
    assert (await plant.order(order["id"]))["state"] == "delivered"
    phase_command = EDGES + 3  # lock, job; order, job and phases in one
    assert costs == {
        "brief approved": REACTION + 6,  # brief, kinds, number, customer; order with jobs, phases
        "read": 4,  # begin, order with customer and shipments, jobs, end
        "economics": EDGES + 6,  # beside them, its kind, and what they were set to
        "assignment": phase_command + 1,  # the person
        "start": phase_command,
        "completion": phase_command,
        "acceptance": phase_command,
        "issued": REACTION + 4,  # lock, lines; shipment, order
        "departed": REACTION + 2,
        # Whose name the event carries: whether they were erased, and its digest. The whole order, once, whose
        # amendments lapse.
        "delivered": REACTION + 8,
    }
