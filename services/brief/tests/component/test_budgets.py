"""A brief takes of its budget what was approved, and gives back what will not be spent."""

from __future__ import annotations

import asyncio
import random
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from optima_contracts.approval import ApprovalRevoked, Approved
from optima_contracts.brief import BriefApproved, BriefOverBudget, BriefSubmitted
from optima_contracts.economics import (
    BriefPricesApproved,
    BudgetCharged,
    BudgetPlanned,
    BudgetTold,
    OrderLineValue,
    OrderValued,
)
from optima_contracts.envelope import Envelope
from optima_contracts.identity import PersonChanged, RoleChanged
from optima_contracts.logistics import (
    CancellationRefused,
    DdtIssued,
    ShipmentDelivered,
    ShipmentLine,
    ShipmentRefused,
)
from optima_contracts.production import OrderCancelled, OrderDelivered
from optima_kit.testing.nights import SAMPLING

from ..conftest import Desk
from .test_progress import Order

pytestmark = pytest.mark.servers

PRICES = ("2.00", "0.05")
"""500 displays and 20,000 leaflets: 1,000.00 + 1,000.00 euro."""
YEAR = {"period_from": "2027-01-01", "period_to": "2027-12-31"}


class Treasury:
    """Whoever plans budgets, and what they see."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.client = desk.as_(desk.app.person("admin", name="Ada Monti"))
        self.budget_id = ""

    async def plan(self, planned: str = "10000.00", **changes: Any) -> dict[str, Any]:
        body = {"name": "Marketing 2027", "unit_id": str(self.desk.anna.unit_id), "planned": planned}
        response, budget = await self.client.post("/v1/budgets", body | YEAR | changes)
        assert response.status == 201, budget
        self.budget_id = budget["id"]
        return budget  # type: ignore[no-any-return]

    async def change(self, planned: str, *, blocking: bool = True) -> tuple[Any, Any]:
        body = {"planned": planned, "blocking": blocking, "reason": "Nuova campagna"}
        return await self.client.put(f"/v1/budgets/{self.budget_id}/plan", body)  # type: ignore[no-any-return]

    async def ask(self, path: str) -> Any:
        response, body = await self.client.get(path)
        assert response.status == 200, body
        return body

    async def balance(self) -> tuple[str, str, str, str]:
        """Planned, committed, spent, available: and the entries add up to it, and so do the briefs."""
        budget = await self.ask(f"/v1/budgets/{self.budget_id}")
        entries = (await self.ask(f"/v1/budgets/{self.budget_id}/entries?limit=200"))["items"]
        charges = (await self.ask(f"/v1/budgets/{self.budget_id}/charges?limit=200"))["items"]
        for part in ("planned", "committed", "spent"):
            assert sum(Decimal(each[part]) for each in entries) == Decimal(budget[part]), part
        for part in ("committed", "spent"):
            assert sum(Decimal(each[part]) for each in charges) == Decimal(budget[part]), part
        planned, committed, spent = (Decimal(budget[name]) for name in ("planned", "committed", "spent"))
        assert planned == Decimal(budget["available"]) + committed + spent
        return budget["planned"], budget["committed"], budget["spent"], budget["available"]

    async def causes(self) -> list[str]:
        page = await self.ask(f"/v1/budgets/{self.budget_id}/entries?limit=200")
        return [entry["cause"] for entry in reversed(page["items"])]


@pytest.fixture
def treasury(desk: Desk) -> Treasury:
    return Treasury(desk)


async def priced(desk: Desk, **changes: Any) -> dict[str, Any]:
    brief = await desk.submitted(**changes)
    response, _ = await desk.price(brief, *PRICES)
    assert response.status == 200
    return await desk.read(brief["id"])  # type: ignore[no-any-return]


async def approved(desk: Desk, **changes: Any) -> dict[str, Any]:
    brief = await priced(desk, **changes)
    await desk.deliver(desk.approval(Approved, brief))
    return await desk.read(brief["id"])  # type: ignore[no-any-return]


async def test_what_is_approved_is_committed_and_spent_as_it_is_delivered(
    desk: Desk, treasury: Treasury
) -> None:
    await treasury.plan()
    order = Order(desk, await approved(desk))
    assert await treasury.balance() == ("10000.00", "2000.00", "0.00", "8000.00")
    shipment = uuid4()
    await order.tell(order.confirmed(), order.shipment(ShipmentDelivered, shipment, "300"))
    assert await treasury.balance() == ("10000.00", "1400.00", "600.00", "8000.00")
    await order.tell(order.shipment(ShipmentDelivered, shipment, "300"))
    assert await treasury.balance() == ("10000.00", "1400.00", "600.00", "8000.00"), "told twice"
    await order.tell(desk.order(OrderDelivered, order.brief))
    assert await treasury.balance() == ("10000.00", "0.00", "2000.00", "8000.00")
    assert await treasury.causes() == ["planned", "approved", "delivered", "order_delivered"]
    charged = [each.data for each in await desk.app.published(BudgetCharged)]
    assert [(each["cause"], each["committed"], each["spent"]) for each in charged] == [
        ("approved", "2000.00", "0.00"),
        ("delivered", "1400.00", "600.00"),
        ("order_delivered", "0.00", "2000.00"),
    ]


async def test_what_will_not_come_is_given_back(desk: Desk, treasury: Treasury) -> None:
    await treasury.plan()
    order = Order(desk, await approved(desk))
    await order.tell(order.confirmed(), order.closed(1))
    assert await treasury.balance() == ("10000.00", "1000.00", "0.00", "9000.00")
    await order.tell(desk.order(OrderCancelled, order.brief, reason="Sospesa"))
    assert await treasury.balance() == ("10000.00", "0.00", "0.00", "10000.00")
    refused = {"brief_id": order.brief["id"], "order_id": desk.order_id, "reason": "Merce partita"}
    await desk.deliver(CancellationRefused.model_validate(refused))
    assert await treasury.balance() == ("10000.00", "1000.00", "0.00", "9000.00")
    assert await treasury.causes() == [
        "planned",
        "approved",
        "closed_short",
        "cancelled",
        "cancellation_revoked",
    ]


async def test_a_refused_delivery_is_not_spent(desk: Desk, treasury: Treasury) -> None:
    await treasury.plan()
    order, shipment = Order(desk, await approved(desk)), uuid4()
    await order.tell(order.confirmed(), order.shipment(ShipmentDelivered, shipment, "500"))
    assert await treasury.balance() == ("10000.00", "1000.00", "1000.00", "8000.00")
    await order.tell(order.shipment(ShipmentRefused, shipment, "500"))
    assert await treasury.balance() == ("10000.00", "2000.00", "0.00", "8000.00")


async def test_a_corrected_price_counts(desk: Desk, treasury: Treasury) -> None:
    await treasury.plan("2000.00", blocking=True)
    order = Order(desk, await approved(desk))

    def valued(unit_price: str, amount: str) -> OrderValued:
        line = OrderLineValue(job_id=order.jobs[0], unit_price=unit_price, amount=amount)
        return OrderValued(
            order_id=desk.order_id, brief_id=UUID(order.brief["id"]), lines=[line], total=amount
        )

    await order.tell(order.confirmed(), valued("1.90", "950.00"))
    assert await treasury.balance() == ("2000.00", "1950.00", "0.00", "50.00")
    # Dearer than what is left: the rest is uncovered, until the plan has room for it.
    await order.tell(valued("2.20", "1100.00"))
    assert await treasury.balance() == ("2000.00", "2000.00", "0.00", "0.00")
    (charge,) = (await treasury.ask(f"/v1/budgets/{treasury.budget_id}/charges?uncovered=true"))["items"]
    assert (charge["uncovered"], charge["waiting"]) == ("100.00", False)
    await treasury.change("2500.00")
    await desk.app.run_due_jobs()
    assert await treasury.balance() == ("2500.00", "2100.00", "0.00", "400.00")
    assert (await treasury.causes())[-1] == "room_made"


async def test_it_takes_what_is_ordered_now(desk: Desk, treasury: Treasury) -> None:
    """500 displays at 2.00 were approved: another quantity of the order counts, however it came about."""
    await treasury.plan("2100.00", blocking=True)
    order = Order(desk, await approved(desk))
    await order.tell(order.confirmed(), order.changed("250"))
    assert await treasury.balance() == ("2100.00", "1500.00", "0.00", "600.00")
    await order.tell(order.changed("750"))
    assert await treasury.balance() == ("2100.00", "2100.00", "0.00", "0.00")
    (charge,) = (await treasury.ask(f"/v1/budgets/{treasury.budget_id}/charges?uncovered=true"))["items"]
    assert charge["uncovered"] == "400.00"
    await treasury.change("3000.00")
    await desk.app.run_due_jobs()
    await order.tell(order.shipment(ShipmentDelivered, uuid4(), "750"))
    assert await treasury.balance() == ("3000.00", "1000.00", "1500.00", "500.00")
    await order.tell(desk.order(OrderDelivered, order.brief))
    assert await treasury.balance() == ("3000.00", "0.00", "2500.00", "500.00")


async def test_who_plans_budgets_and_sees_them_is_told_of_a_brief_that_waits(
    desk: Desk, treasury: Treasury
) -> None:
    treasurer = RoleChanged(
        role_id=uuid4(),
        key="tesoreria",
        privileges=["budget.read", "budget.write", "brief.price.read"],
    )
    blind = treasurer.model_copy(
        update={"role_id": uuid4(), "key": "pianificazione", "privileges": ["budget.write"]}
    )
    for role in (treasurer, blind):
        await desk.deliver(role)
    people = {name: uuid4() for name in ("admin", "tesoreria", "pianificazione", "purchasing", "left")}
    for name, person_id in people.items():
        person = PersonChanged(
            person_id=person_id,
            name=name,
            email=f"{name}@a.example",
            kind="internal",
            roles=["admin" if name == "left" else name],
            active=name != "left",
        )
        await desk.deliver(person)
    budget = await treasury.plan("1999.99", blocking=True)
    brief = await approved(desk)
    (over,) = await desk.app.published(BriefOverBudget)
    assert set(over.data["recipients"]) == {str(people["admin"]), str(people["tesoreria"])}
    assert (over.data["budget_id"], over.data["title"]) == (budget["id"], brief["title"])


async def test_a_brief_without_room_waits_until_the_plan_is_raised(desk: Desk, treasury: Treasury) -> None:
    await treasury.plan("1999.99", blocking=True)
    brief = await approved(desk)
    assert (brief["state"], brief["cause"]) == ("over_budget", "budget_exceeded")
    assert await treasury.balance() == ("1999.99", "0.00", "0.00", "1999.99")
    assert not await desk.app.published(BriefApproved), "nothing may be ordered"
    (over,) = await desk.app.published(BriefOverBudget)
    assert over.data["brief_id"] == brief["id"]
    await desk.deliver(desk.approval(Approved, brief))
    assert (await desk.read(brief["id"]))["state"] == "over_budget", "told twice"
    response, _ = await treasury.change("2000.00")
    assert response.status == 200
    await desk.app.run_due_jobs()
    assert await desk.history(brief["id"]) == [
        ("draft", "drafted"),
        ("submitted", "submitted"),
        ("over_budget", "budget_exceeded"),
        ("approved", "budget_granted"),
    ]
    assert await treasury.balance() == ("2000.00", "2000.00", "0.00", "0.00")
    for kind in (BriefApproved, BriefPricesApproved):
        assert len(await desk.app.published(kind)) == 1


async def test_a_brief_without_room_is_released_for_a_reason(desk: Desk, treasury: Treasury) -> None:
    await treasury.plan("1500.00", blocking=True)
    brief = await approved(desk)
    path = f"/v1/briefs/{brief['id']}/budget-release"
    response, _ = await desk.as_(desk.paola).post(path, {"reason": "Serve"})
    assert response.status == 403, "purchasing sees budgets, and plans none"
    response, released = await treasury.client.post(path, {"reason": "Lancio già annunciato"})
    assert response.status == 200, released
    assert (released["state"], released["reason"]) == ("approved", "Lancio già annunciato")
    assert await treasury.balance() == ("2000.00", "2000.00", "0.00", "0.00")
    assert await treasury.causes() == ["planned", "released", "released"]
    planned = (await desk.app.published(BudgetPlanned))[-1].data
    assert (planned["planned"], planned["reason"]) == ("2000.00", "Lancio già annunciato")
    assert planned["released_brief_id"] == brief["id"]
    response, problem = await treasury.client.post(path, {"reason": "Ancora"})
    assert (response.status, problem["code"]) == (409, "brief_not_over_budget")


@pytest.mark.parametrize("way", ["given up", "cancelled", "revoked", "not blocking"])
async def test_every_way_out_of_the_budget(desk: Desk, treasury: Treasury, way: str) -> None:
    await treasury.plan("3000.00", blocking=True)
    first = await approved(desk)
    brief = await approved(desk)
    assert (first["state"], brief["state"]) == ("approved", "over_budget")
    if way == "given up":
        await desk.as_(desk.anna).post(f"/v1/briefs/{first['id']}/cancellation", {"reason": "Sospesa"})
    elif way == "cancelled":
        await desk.as_(desk.anna).post(f"/v1/briefs/{brief['id']}/cancellation", {"reason": "Sospesa"})
    elif way == "revoked":
        await desk.deliver(desk.approval(ApprovalRevoked, brief, reason="Errore"))
    else:
        await treasury.change("3000.00", blocking=False)
    await desk.app.run_due_jobs()
    over = way in ("cancelled", "revoked")
    assert (await desk.read(brief["id"]))["state"] == ("cancelled" if over else "approved")
    available = "-1000.00" if way == "not blocking" else "1000.00"
    assert (await treasury.balance())[3] == available
    page = await treasury.ask(f"/v1/budgets/{treasury.budget_id}/charges?uncovered=true")
    assert page["items"] == []


async def test_without_blocking_a_budget_is_exceeded_and_shows_it(desk: Desk, treasury: Treasury) -> None:
    await treasury.plan("500.00")
    brief = await priced(desk)
    before = await treasury.ask(f"/v1/briefs/{brief['id']}/budget")
    assert (before["charged"], before["amount"], before["left"]) == (False, "2000.00", "-1500.00")
    await desk.deliver(desk.approval(Approved, brief))
    assert await treasury.balance() == ("500.00", "2000.00", "0.00", "-1500.00")
    after = await treasury.ask(f"/v1/briefs/{brief['id']}/budget")
    assert (after["charged"], after["amount"], after["left"]) == (True, "2000.00", "-1500.00")
    (listed,) = (await treasury.ask("/v1/budgets?exceeded=true"))["items"]
    assert listed["id"] == treasury.budget_id


async def test_fifty_approvals_at_once_commit_what_is_there_for_ten(desk: Desk, treasury: Treasury) -> None:
    """A third of them, in a run of everything by day."""
    room, many = (3, 15) if SAMPLING else (10, 50)
    await treasury.plan(f"{room * 2000}.00", blocking=True)
    briefs = [await priced(desk) for _ in range(many)]
    await asyncio.gather(*(desk.deliver(desk.approval(Approved, brief)) for brief in briefs))
    states = [(await desk.read(brief["id"]))["state"] for brief in briefs]
    assert (states.count("approved"), states.count("over_budget")) == (room, many - room)
    assert await treasury.balance() == (f"{room * 2000}.00", f"{room * 2000}.00", "0.00", "0.00")
    assert len(await desk.app.published(BriefApproved)) == room


async def test_a_cost_centre_is_charged_where_it_is_named(desk: Desk, treasury: Treasury) -> None:
    await treasury.plan()
    await treasury.plan(cost_centre="CC-100", unit_id=None, name="Eventi")
    listed = await desk.as_(desk.anna).get("/v1/cost-centres")
    assert listed[1]["items"] == [{"key": "CC-100", "name": "Eventi"}]
    draft = await desk.draft(cost_centre="CC-200")
    response, problem = await desk.as_(desk.anna).post(
        f"/v1/briefs/{draft['id']}/submission", {"process": "standard"}
    )
    assert (response.status, problem["errors"][0]["code"]) == (422, "cost_centre_without_budget")
    await approved(desk, cost_centre="CC-100")
    assert await treasury.balance() == ("10000.00", "2000.00", "0.00", "8000.00")


async def test_at_submission_the_budget_is_told(desk: Desk, treasury: Treasury) -> None:
    await approved(desk)
    (without,) = await desk.app.published(BriefSubmitted)
    assert without.data["budget_told"] is None
    await treasury.plan()
    await approved(desk)
    brief = await desk.submitted()
    assert (await desk.app.published(BriefSubmitted))[-1].data["budget_told"]
    told = (await desk.app.published(BudgetTold))[-1].data
    assert (told["brief_id"], told["committed"]) == (brief["id"], "2000.00")


async def test_a_plan_holds_what_is_taken(desk: Desk, treasury: Treasury) -> None:
    budget = await treasury.plan("3000.00", blocking=True)
    await approved(desk)
    response, problem = await treasury.change("1999.99")
    assert (response.status, problem["code"]) == (409, "budget_below_taken")
    response, _ = await treasury.change("1000.00", blocking=False)
    assert response.status == 200
    response, problem = await treasury.client.put(
        f"/v1/budgets/{budget['id']}/plan",
        {"planned": "1.00", "blocking": False, "reason": "X"},
        headers={"If-Match": '"1"'},
    )
    assert (response.status, problem["code"]) == (412, "stale_version")


async def test_a_mistyped_period_is_mended_until_a_brief_is_charged(desk: Desk, treasury: Treasury) -> None:
    await treasury.plan(period_from="2028-01-01", period_to="2028-12-31")
    budget = await treasury.plan("3000.00", period_to="2027-01-31")
    path = f"/v1/budgets/{budget['id']}/plan"

    async def move(**days: str) -> tuple[int, Any, Any]:
        body = {"planned": "3000.00", "blocking": False, "reason": "Date sbagliate"} | days
        response, answer = await treasury.client.put(path, body)
        return response.status, answer.get("code"), answer.get("period_to")

    assert await move(period_to="2028-01-01") == (409, "budget_overlaps", None)
    assert await move(period_to="2026-12-31") == (422, "period_ends_first", None)
    assert await move(**YEAR) == (200, None, "2027-12-31")
    await approved(desk)
    assert await move(**YEAR) == (200, None, "2027-12-31"), "nothing changes"
    assert await move(period_from="2027-02-01") == (409, "budget_period_in_use", None)


async def test_plans_that_are_refused(desk: Desk, treasury: Treasury) -> None:
    await treasury.plan()
    for changes, code in (
        ({"period_from": "2027-06-01", "period_to": "2028-05-31"}, "budget_overlaps"),
        ({"cost_centre": "CC-1"}, "budget_of_whom"),
        ({"unit_id": None}, "budget_of_whom"),
        ({"period_to": "2026-12-31"}, "period_ends_first"),
        ({"period_to": "2031-12-31"}, "period_too_long"),
        ({"planned": "999999999999.99"}, None),
    ):
        body = {"name": "X", "unit_id": str(desk.anna.unit_id), "planned": "1.00"} | YEAR
        if code is None:
            body |= {"unit_id": str(uuid4())}
        response, problem = await treasury.client.post("/v1/budgets", body | changes)
        if code is None:
            assert response.status == 201, problem
        else:
            assert (response.status in (409, 422), problem["code"]) == (True, code), problem


async def test_lists_in_both_orders_go_on_where_they_ended(desk: Desk, treasury: Treasury) -> None:
    for month, planned in ((1, "300.00"), (2, "100.00"), (3, "200.00")):
        period = {"period_from": f"2027-0{month}-01", "period_to": f"2027-0{month}-28"}
        await treasury.plan(planned, **period)

    async def pages(path: str) -> list[str]:
        page = await treasury.ask(f"{path}&limit=2")
        second = await treasury.ask(f"{path}&limit=2&cursor={page['next_cursor']}")
        return [each["planned"] for each in page["items"] + second["items"]]

    assert await pages("/v1/budgets?sort=period") == ["200.00", "100.00", "300.00"]
    assert await pages("/v1/budgets?sort=available") == ["100.00", "200.00", "300.00"]
    found = await treasury.ask("/v1/budgets?day=2027-02-10")
    assert [each["planned"] for each in found["items"]] == ["100.00"]


async def test_budgets_are_absent_without_the_privileges(desk: Desk, treasury: Treasury) -> None:
    await treasury.plan("1999.99", blocking=True)
    brief = await approved(desk)
    reader = desk.app.person(privileges={"brief.read", "brief.read_all", "budget.read", "budget.write"})
    for path in ("/v1/budgets", f"/v1/budgets/{treasury.budget_id}", f"/v1/briefs/{brief['id']}/budget"):
        for actor in (desk.anna, desk.bruno, reader):
            response, _ = await desk.as_(actor).get(path)
            assert response.status == 403, path
    assert "release_budget" not in (await desk.read(brief["id"], reader))["actions"]
    paola = await desk.as_(desk.paola).get(f"/v1/budgets/{treasury.budget_id}")
    assert paola[1]["actions"] == []


@pytest.mark.sampled(4)
@pytest.mark.parametrize("seed", range(8))
async def test_events_in_any_order_and_twice_come_to_the_same(
    desk: Desk, treasury: Treasury, seed: int
) -> None:
    """500 displays at 1.90 (corrected) in two shipments; of the leaflets 5,000 were shipped, and the rest was
    closed short."""
    chance = random.Random(seed)
    await treasury.plan("2000.00", blocking=True)
    order = Order(desk, await approved(desk))
    assert (await approved(desk))["state"] == "over_budget"
    first, second, leaflets = uuid4(), uuid4(), uuid4()

    def shipped(kind: Any, shipment: Any, job: int, quantity: str, sequence: int) -> Envelope:
        line = ShipmentLine(job_id=order.jobs[job], description="X", quantity=quantity, unit="pz")
        event = order.shipment(kind, shipment, quantity, lines=[line])
        return desk.app.event(event, sequence=sequence, actor_id=desk.paola.person_id)

    prices = [OrderLineValue(job_id=order.jobs[0], unit_price="1.90", amount="950.00")]
    valued = OrderValued(
        order_id=desk.order_id, brief_id=UUID(order.brief["id"]), lines=prices, total="950.00"
    )
    told = [
        *(
            desk.app.event(event, sequence=sequence)
            for sequence, event in enumerate((order.confirmed(), valued), 1)
        ),
        desk.app.event(order.closed(1, "5000"), sequence=3),
        shipped(DdtIssued, first, 0, "300", 1),
        shipped(ShipmentDelivered, first, 0, "300", 2),
        shipped(DdtIssued, second, 0, "200", 1),
        shipped(ShipmentRefused, second, 0, "200", 2),
        shipped(DdtIssued, leaflets, 1, "5000", 1),
        shipped(ShipmentDelivered, leaflets, 1, "5000", 2),
    ]
    told += chance.sample(told, 4)
    chance.shuffle(told)
    for event in told:
        await desk.app.deliver(event)
        assert Decimal((await treasury.balance())[3]) >= 0
    # Of the displays 200 are still to come: 380.00 of 950.00; of the leaflets 250.00 are spent.
    assert await treasury.balance() == ("2000.00", "380.00", "820.00", "800.00")
    await desk.deliver(desk.order(OrderDelivered, order.brief))
    assert await treasury.balance() == ("2000.00", "0.00", "1200.00", "800.00")
