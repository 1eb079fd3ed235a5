"""What each step of a shipment costs: a statement is a round trip, and a journey has many."""

from __future__ import annotations

from typing import Any

from optima_kit.testing import round_trips

from ..conftest import Depot

EDGES = 3
"""Begin, events with the answer, commit: shared by the commands of a group."""


async def test_each_step_asks_once_and_writes_at_the_end(depot: Depot) -> None:
    order = await depot.confirm_order(completed=False)
    await depot.confirm_order()  # its connection has met every type
    costs: dict[str, int] = {}
    with round_trips(depot.app.database) as asked:

        async def counted(name: str, step: Any) -> Any:
            asked.clear()
            done = await step
            costs[name] = len(asked)
            return done

        await counted("job completed", depot.complete_job(order, order.jobs[0], "100"))
        await counted("receipt", depot.receive(order.jobs[0]))
        shipment = await counted("draft", depot.draft(order))
        await counted("picking", depot.act(shipment, "picking"))
        await counted("issuance", depot.act(shipment, "issuance"))
        await counted("departure", depot.act(shipment, "departure"))
        await counted("delivery", depot.act(shipment, "delivery", received_by="Carla Neri"))
        await counted("order confirmed", depot.confirm_order(completed=False))
    assert costs == {
        "job completed": 4,  # begin, inbox, the update under the lock, commit
        "receipt": EDGES + 6,  # lock, lines, warehouse, where it puts what comes, goods; movement
        "draft": EDGES + 5,  # lock, lines, lookups, goods; shipment
        "picking": EDGES + 3,  # lock, shipment; shipment
        # lock, shipment, lookups, goods, places, series; document, movements, shipment, job
        "issuance": EDGES + 10,
        "departure": EDGES + 3,
        "delivery": EDGES + 4,  # and whose name was written, should they be erased
        "order confirmed": 5,  # begin, inbox, brief, order, commit
    }
