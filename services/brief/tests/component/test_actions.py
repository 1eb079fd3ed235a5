"""An action offered succeeds for that reader in that state, and one that is not offered is refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
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
from .test_types import definition

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


@dataclass(frozen=True)
class Thing:
    """Something beside briefs, and how each of its actions is taken."""

    view: str
    """Where its view stands, alone or among others."""
    attempts: dict[str, tuple[str, str, Any, dict[str, str]]]
    """Method, address, body and headers by action."""
    id: str = ""


async def the_briefs(_: Desk) -> Thing:
    return Thing("/v1/briefs", {"find_priced": ("GET", "/v1/briefs?priced=true", None, {})})


async def a_budget(desk: Desk) -> Thing:
    plan = {"name": "X", "cost_centre": uuid4().hex[:8], "planned": "900.00"}
    year = {"period_from": "2027-01-01", "period_to": "2027-12-31"}
    _, budget = await desk.as_(desk.ada).post("/v1/budgets", plan | year)
    path, body = f"/v1/budgets/{budget['id']}", {"planned": "1000.00", "blocking": False, "reason": "Cresce"}
    return Thing(path, {"change_plan": ("PUT", f"{path}/plan", body, {"If-Match": '"1"'})}, budget["id"])


async def a_catalogue_price(desk: Desk) -> Thing:
    breaks = [{"from_quantity": "1", "unit_price": "3.00"}]
    terms = {"breaks": breaks, "lead_time_days": 10, "valid_from": "2026-11-01", "valid_until": "2026-12-31"}
    about = {"supplier_id": str(SUPPLIER), "kind": uuid4().hex[:8]}
    _, price = await desk.as_(desk.paola).post("/v1/catalogue-prices", about | terms)
    path = f"/v1/catalogue-prices/{price['id']}"
    return Thing(path, {"change": ("PUT", path, terms, {"If-Match": '"1"'})}, price["id"])


async def a_type(desk: Desk) -> Thing:
    path = f"/v1/brief-types/t{uuid4().hex[:8]}"
    await desk.as_(desk.ada).put(path, definition())
    return Thing(path, {"define": ("PUT", path, definition(), {"If-Match": '"1"'})})


async def a_template(desk: Desk) -> Thing:
    brief = await desk.draft()
    _, template = await desk.as_(desk.anna).post(f"/v1/briefs/{brief['id']}/templates", {"name": "Lancio"})
    path = f"/v1/brief-templates/{template['id']}"
    attempts = {"begin": ("POST", f"{path}/briefs", None, {}), "delete": ("DELETE", path, None, {})}
    return Thing("/v1/brief-templates", attempts, template["id"])


async def a_comment(desk: Desk) -> Thing:
    path = f"/v1/briefs/{(await desk.submitted())['id']}/comments"
    _, comment = await desk.as_(desk.anna).post(path, {"text": "Bene"})
    return Thing(path, {"edit": ("PUT", f"{path}/{comment['id']}", {"text": "Male"}, {})}, comment["id"])


@pytest.mark.parametrize(
    "make", [the_briefs, a_budget, a_catalogue_price, a_type, a_template, a_comment], ids=lambda f: f.__name__
)
@pytest.mark.parametrize("reader", READERS)
async def test_of_other_things_what_is_offered_succeeds_and_nothing_else_does(
    desk: Desk, reader: str, make: Callable[[Desk], Awaitable[Thing]]
) -> None:
    supplier = PersonChanged(
        person_id=SUPPLIER, name="Gino", email="g@a.example", kind="external", roles=["supplier"], active=True
    )
    await desk.deliver(supplier)
    thing = await make(desk)
    client = desk.as_(getattr(desk, reader))
    response, seen = await client.get(thing.view)
    views = seen.get("items", []) if thing.id and "items" in seen else [seen]
    shown = next((each for each in views if each.get("id", "") == thing.id), {}) if thing.id else seen
    offered = shown.get("actions", []) if response.status == 200 else []
    for action in thing.attempts:
        method, path, body, headers = (await make(desk)).attempts[action]
        response, _ = await client.request(method, path, headers=headers, **({"json": body} if body else {}))
        assert response.status in ((200, 201, 204) if action in offered else (403, 404, 409)), action
