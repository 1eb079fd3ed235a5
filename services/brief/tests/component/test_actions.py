"""An action offered succeeds for that reader in that state, and one that is not offered is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args
from uuid import UUID, uuid4

import pytest

from brief.application.read.access import Action
from brief.domain.lifecycle import State
from optima_contracts.approval import ApprovalOpened, Approved, Rejected
from optima_contracts.identity import PersonChanged
from optima_contracts.logistics import ShipmentDeparted
from optima_contracts.production import OrderCancelled, OrderConfirmed, OrderDelivered, OrderStarted

from ..conftest import Desk

pytestmark = [pytest.mark.servers, pytest.mark.sampled(10)]

# What happens to a submitted brief until it has the state.
EVENTS: dict[State, tuple[Any, ...]] = {
    State.SUBMITTED: (),
    State.IN_APPROVAL: (ApprovalOpened,),
    State.REJECTED: (ApprovalOpened, Rejected),
    State.OVER_BUDGET: (Approved,),
    State.APPROVED: (Approved,),
    State.IN_PRODUCTION: (Approved, OrderConfirmed, OrderStarted),
    State.IN_DELIVERY: (Approved, OrderConfirmed, OrderStarted, ShipmentDeparted),
    State.CLOSED: (Approved, OrderConfirmed, OrderStarted, OrderDelivered),
    State.CANCELLED: (Approved, OrderConfirmed, OrderCancelled),
}
FACTS: dict[Any, dict[str, Any]] = {
    Rejected: {"reason": "Troppo caro"},
    OrderConfirmed: {"number": "O-1", "customer": "C001", "deadline": "2027-02-15", "lines": []},
    OrderCancelled: {"reason": "Sospesa"},
}
SUPPLIER = UUID(int=7)
READERS = ("anna", "marco", "paola", "bruno", "ada")


async def brief_in(desk: Desk, state: State) -> dict[str, Any]:
    if state is State.DRAFT:
        return await desk.draft()  # type: ignore[no-any-return]
    if state is State.OVER_BUDGET:
        desk.anna = replace(desk.anna, unit_id=uuid4())
        plan = {"name": "X", "unit_id": str(desk.anna.unit_id), "planned": "1.00", "blocking": True}
        year = {"period_from": "2027-01-01", "period_to": "2027-12-31"}
        response, _ = await desk.as_(desk.ada).post("/v1/budgets", plan | year)
        assert response.status == 201
    brief = await desk.submitted()
    for event in EVENTS[state]:
        said = FACTS.get(event, {})
        if event in (ApprovalOpened, Approved, Rejected):
            await desk.deliver(desk.approval(event, brief, **said))
        elif event is ShipmentDeparted:
            await desk.deliver(desk.shipment(event, brief))
        else:
            await desk.deliver(desk.order(event, brief, **said))
    seen = await desk.read(brief["id"])
    assert seen["state"] == state
    return seen  # type: ignore[no-any-return]


async def attempt(desk: Desk, reader: str, brief: dict[str, Any], action: str) -> int:
    client, path = desk.as_(getattr(desk, reader)), f"/v1/briefs/{brief['id']}"
    lines = [{"item_id": item["item_id"], "unit_price": "1.50"} for item in brief["items"]]
    if action == "revise":
        response, _ = await client.put(path, desk.content(), headers={"If-Match": f'"{brief["version"]}"'})
    elif action == "price":
        body = {"revision": brief["revision"], "lines": lines}
        response, _ = await client.put(f"{path}/prices", body)
    elif action in ("attach", "submit_proof"):
        suffix = "attachments?name=a.pdf" if action == "attach" else "proofs?name=a.pdf&title=A&process=visto"
        response, _ = await client.post(
            f"{path}/{suffix}", data=b"%PDF-1.7", headers={"Content-Type": "application/pdf"}
        )
    else:
        suffix, body = {
            "submit": ("submission", {"process": "standard"}),
            "request_quotations": (
                "quotation-requests",
                {"title": "X", "due_at": "2026-11-30T12:00:00Z", "supplier_ids": [str(SUPPLIER)]},
            ),
            "comment": ("comments", {"text": "Bene"}),
            "copy": ("copy", None),
            "keep_template": ("templates", {"name": "Lancio"}),
            "release_budget": ("budget-release", {"reason": "Serve"}),
            "cancel": ("cancellation", {"reason": "Sospesa"}),
        }[action]
        response, _ = await client.post(f"{path}/{suffix}", body)
    return int(response.status)


@pytest.mark.parametrize("state", [State.DRAFT, *EVENTS])
@pytest.mark.parametrize("reader", READERS)
async def test_what_is_offered_succeeds_and_nothing_else_does(desk: Desk, reader: str, state: State) -> None:
    await desk.deliver(
        PersonChanged(
            person_id=SUPPLIER,
            name="Gino",
            email="g@a.example",
            kind="external",
            roles=["supplier"],
            active=True,
        )
    )
    brief = await brief_in(desk, state)
    response, seen = await desk.as_(getattr(desk, reader)).get(f"/v1/briefs/{brief['id']}")
    offered = seen["actions"] if response.status == 200 else []
    for action in get_args(Action):
        if action not in offered:
            assert await attempt(desk, reader, brief, action) in (403, 404, 409), action
    for action in offered:
        assert await attempt(desk, reader, await brief_in(desk, state), action) in (200, 201), action
