"""What duplicates, late and reordered events do: nothing."""

from __future__ import annotations

import random
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest

from optima_contracts.erp import CustomerChanged, OrderReceived, PaymentTerms, ReceivedLine
from optima_contracts.identity import PersonDeparted, RoleChanged
from optima_contracts.logistics import CancellationRefused
from optima_kit.refusals import NotYet

from .conftest import COMPANY, LINE, ONE_PHASE, Plant, approved, cancelled


async def test_a_brief_makes_one_order_however_often_it_is_approved(plant: Plant) -> None:
    await plant.define("gadget", ONE_PHASE)
    brief_id = await plant.approve(("gadget", "1000"))
    await plant.approve(("gadget", "1000"), brief_id=brief_id)
    assert (await plant.order_of(brief_id))["number"] == "O-2026-0001"
    assert (await plant.app.types()).count("order_confirmed") == 1
    other = await plant.approve(("gadget", "10"))
    assert (await plant.order_of(other))["number"] == "O-2026-0002"
    plant.clock.advance(timedelta(days=60))
    later = await plant.approve(("gadget", "10"))
    assert (await plant.order_of(later))["number"] == "O-2027-0001"


async def test_a_brief_that_was_cancelled_first_makes_no_order(plant: Plant) -> None:
    brief_id = uuid4()
    await plant.deliver(cancelled(brief_id), brief_id, sequence=5)
    await plant.deliver(cancelled(brief_id), brief_id, sequence=5)
    await plant.deliver(approved(brief_id, ("gadget", "1000")), brief_id, sequence=4)
    _, page = await plant.admin.get("/v1/orders")
    assert page["items"] == []
    assert await plant.app.types() == []


async def test_a_cancelled_brief_stops_its_order_and_its_assignees_lose_access(plant: Plant) -> None:
    await plant.define("espositore", LINE)
    brief_id = await plant.approve(("espositore", "500"))
    order = await plant.order_of(brief_id)
    dealer = await plant.worker()
    await plant.value(order["jobs"][0])
    printing, cut, _ = order["jobs"][0]["phases"]
    await plant.assign(printing["id"], dealer)
    await plant.assign(cut["id"], dealer)
    await plant.work(printing["id"], dealer, "500")
    await plant.app.as_(dealer).post(f"/v1/phases/{cut['id']}/start")

    await plant.deliver(cancelled(brief_id), brief_id)
    await plant.deliver(cancelled(brief_id), brief_id)
    order = await plant.order(order["id"])
    assert (order["state"], order["cancellation_reason"]) == ("cancelled", "Campagna sospesa")
    assert [p["state"] for p in order["jobs"][0]["phases"]] == ["done", "cancelled", "cancelled"]
    assert (await plant.app.types()).count("order_cancelled") == 1
    _, tasks = await plant.app.as_(dealer).get("/v1/tasks")
    assert tasks["items"] == []
    response, _ = await plant.app.as_(dealer).get(f"/v1/tasks/{cut['id']}")
    assert response.status == 404
    response, _ = await plant.app.as_(dealer).post(f"/v1/phases/{cut['id']}/completion", {"quantity": "500"})
    assert response.status == 404


async def test_goods_that_have_left_keep_the_order_going(plant: Plant) -> None:
    await plant.define("gadget", ONE_PHASE)
    brief_id = await plant.approve(("gadget", "1000"))
    order = await plant.order_of(brief_id)
    await plant.make(order, await plant.worker())
    await plant.ship("issued", uuid4(), order, "400")
    await plant.deliver(cancelled(brief_id), brief_id)
    assert (await plant.order(order["id"]))["state"] == "partially_shipped"
    response, problem = await plant.admin.post(f"/v1/orders/{order['id']}/cancellation", {"reason": "Tardi"})
    assert (response.status, problem["code"]) == (409, "goods_have_left")


@pytest.mark.parametrize("refusal_first", [True, False])
async def test_a_cancellation_that_logistics_refuses_is_undone_in_either_order(
    plant: Plant, refusal_first: bool
) -> None:
    await plant.define("espositore", LINE)
    brief_id = await plant.approve(("espositore", "500"), ("sconosciuto", "5"))
    order = await plant.order_of(brief_id)
    dealer = await plant.worker()
    await plant.value(order["jobs"][0])
    printing = order["jobs"][0]["phases"][0]
    await plant.assign(printing["id"], dealer)
    await plant.app.as_(dealer).post(f"/v1/phases/{printing['id']}/start")
    before = await plant.order(order["id"])

    refused = CancellationRefused(order_id=UUID(order["id"]), brief_id=brief_id, reason="Già partita")
    if refusal_first:
        await plant.deliver(refused, UUID(order["id"]))
        await plant.deliver(cancelled(brief_id), brief_id)
    else:
        await plant.deliver(cancelled(brief_id), brief_id)
        await plant.define("sconosciuto", ONE_PHASE)
        await plant.deliver(refused, UUID(order["id"]))
    await plant.deliver(refused, UUID(order["id"]))

    after = await plant.order(order["id"])
    assert after["state"] == "in_production"
    assert after["jobs"][0]["phases"] == before["jobs"][0]["phases"]
    assert after["jobs"][1]["state"] == ("blocked" if refusal_first else "planned")
    types = await plant.app.types()
    assert types.count("order_cancelled") == types.count("order_reinstated") == (0 if refusal_first else 1)
    await plant.app.as_(dealer).post(f"/v1/phases/{printing['id']}/completion", {"quantity": "500"})


@pytest.mark.parametrize("refused", [False, True])
async def test_goods_that_are_back_end_the_order_of_a_cancelled_brief_unless_it_went_on(
    plant: Plant, refused: bool
) -> None:
    await plant.define("gadget", ONE_PHASE)
    brief_id, parcel = await plant.approve(("gadget", "1000")), uuid4()
    order = await plant.order_of(brief_id)
    await plant.make(order, await plant.worker())
    await plant.ship("issued", parcel, order, "400")
    await plant.deliver(cancelled(brief_id), brief_id)
    if refused:
        told = CancellationRefused(order_id=UUID(order["id"]), brief_id=brief_id, reason="Già partita")
        await plant.deliver(told, UUID(order["id"]))
    assert (await plant.order(order["id"]))["state"] == "partially_shipped"
    await plant.ship("voided", parcel, order, "400")
    after = await plant.order(order["id"])
    assert after["state"] == ("ready" if refused else "cancelled")
    assert after.get("cancellation_reason") == (None if refused else "Campagna sospesa")


async def test_goods_that_had_left_revive_an_order_that_backoffice_cancelled(plant: Plant) -> None:
    await plant.define("gadget", ONE_PHASE)
    item = {"kind": "gadget", "description": "Portachiavi", "quantity": "100"}
    _, order = await plant.admin.post(
        "/v1/orders", {"title": "Riassortimento", "deadline": "2027-01-31", "items": [item]}
    )
    await plant.make(order, await plant.worker())
    await plant.admin.post(f"/v1/orders/{order['id']}/cancellation", {"reason": "Ripensato"})
    shipment_id = uuid4()
    await plant.ship("issued", shipment_id, order, "100")
    assert (await plant.order(order["id"]))["state"] == "shipped"
    await plant.ship("delivered", shipment_id, order, "100")
    assert (await plant.order(order["id"]))["state"] == "delivered"
    assert (await plant.app.types())[-3:] == ["order_reinstated", "order_shipment_changed", "order_delivered"]


async def test_an_unknown_kind_blocks_its_job_until_it_is_defined(plant: Plant) -> None:
    await plant.define("gadget", ONE_PHASE)
    brief_id = await plant.approve(("gadget", "1000"), ("roll up 85×200", "5"))
    order = await plant.order_of(brief_id)
    assert order["state"] == "confirmed"
    assert [(job["state"], job.get("blocked_reason")) for job in order["jobs"]] == [
        ("planned", None),
        ("blocked", "kind unknown"),
    ]
    await plant.value(order["jobs"][1])
    await plant.define("roll%20up%2085×200", LINE)
    blocked = (await plant.order(order["id"]))["jobs"][1]
    assert (blocked["state"], blocked.get("blocked_reason"), len(blocked["phases"])) == ("ready", None, 3)


async def test_shipments_add_up_in_any_order_and_however_often_they_are_told(plant: Plant) -> None:
    await plant.define("gadget", ONE_PHASE)
    order = await plant.order_of(await plant.approve(("gadget", "1000")))
    await plant.make(order, await plant.worker())
    whole, part, wrong = uuid4(), uuid4(), uuid4()

    async def seen() -> tuple[str, str, str]:
        now = await plant.order(order["id"])
        return now["state"], now["jobs"][0]["shipped"], now["jobs"][0]["delivered"]

    await plant.ship("departed", wrong, order, "700", sequence=4)
    assert await seen() == ("partially_shipped", "700", "0")
    await plant.ship("voided", wrong, order, "700", sequence=5)
    assert await seen() == ("ready", "0", "0")
    await plant.ship("departed", wrong, order, "700", sequence=4)
    assert await seen() == ("ready", "0", "0")

    await plant.ship("delivered", part, order, "300", sequence=5)
    for _ in range(2):
        await plant.ship("departed", part, order, "350", sequence=4)
        await plant.ship("issued", part, order, "350", sequence=3)
    assert await seen() == ("partially_shipped", "300", "300")

    await plant.ship("departed", whole, order, "700", sequence=4)
    assert await seen() == ("shipped", "1000", "300")
    await plant.ship("refused", whole, order, "700", sequence=5)
    assert await seen() == ("partially_shipped", "300", "300")
    again = uuid4()
    await plant.ship("delivered", again, order, "700", sequence=5)
    assert await seen() == ("delivered", "1000", "1000")
    await plant.ship("delivered", again, order, "700", sequence=5)
    states = [
        event.data["state"]
        for event in await plant.database.published("optima.production.order_shipment_changed.v1")
    ]
    assert states == [
        "partially_shipped", "ready", "partially_shipped", "shipped", "partially_shipped",
    ]  # fmt: skip
    assert (await plant.app.types()).count("order_delivered") == 1
    shown = (await plant.order(order["id"]))["shipments"]
    assert {each["id"]: each.get("ddt_number") for each in shown}[str(part)] == "1/2026"


@pytest.mark.parametrize("seed", range(3))
async def test_any_shuffle_of_shipments_ends_in_the_same_state(plant: Plant, seed: int) -> None:
    await plant.define("gadget", ONE_PHASE)
    order = await plant.order_of(await plant.approve(("gadget", "1000")))
    await plant.make(order, await plant.worker())
    chance = random.Random(seed)
    endings = ["voided", "refused", "departed", "delivered", "delivered"]
    told = []
    shipped = delivered = 0
    for ending in endings:
        quantity, parcel = chance.randrange(1, 200), uuid4()
        told += [(state, parcel, quantity, n) for n, state in enumerate(["issued", "departed"], start=3)]
        if ending != "departed":
            told.append((ending, parcel, quantity, 5))
        shipped += quantity * (ending in ("departed", "delivered"))
        delivered += quantity * (ending == "delivered")
    told *= 2
    chance.shuffle(told)
    for state, parcel, quantity, sequence in told:
        await plant.ship(state, parcel, order, str(quantity), sequence=sequence)
    after = await plant.order(order["id"])
    assert after["state"] == "partially_shipped"
    assert (after["jobs"][0]["shipped"], after["jobs"][0]["delivered"]) == (str(shipped), str(delivered))


async def test_a_shipment_of_an_order_that_is_not_known_yet_is_awaited(plant: Plant) -> None:
    unknown = {"id": str(uuid4()), "jobs": []}
    with pytest.raises(NotYet):
        await plant.ship("departed", uuid4(), unknown)
    refused = CancellationRefused(order_id=uuid4(), brief_id=uuid4(), reason="Già partita")
    with pytest.raises(NotYet):
        await plant.deliver(refused, refused.order_id)


async def test_the_directory_says_who_may_work(plant: Plant) -> None:
    await plant.define("gadget", ONE_PHASE)
    order = await plant.order_of(await plant.approve(("gadget", "1000")))
    await plant.value(order["jobs"][0])
    address = f"/v1/phases/{order['jobs'][0]['phases'][0]['id']}/assignment"

    async def refusal(person_id: UUID) -> tuple[int, str, str]:
        response, problem = await plant.admin.post(address, {"assignee_id": str(person_id)})
        return response.status, problem["code"], problem["errors"][0]["field"]

    assert await refusal(uuid4()) == (422, "assignee_unknown", "assignee_id")
    buyer = await plant.worker("purchasing", name="Piero Neri")
    assert await refusal(buyer.person_id) == (422, "assignee_may_not_work", "assignee_id")
    gone = await plant.worker(active=False)
    assert await refusal(gone.person_id) == (422, "assignee_not_active", "assignee_id")

    own = plant.actor("posatore", privileges={"phase.work"})
    await plant.tell_of(own)
    assert await refusal(own.person_id) == (422, "assignee_may_not_work", "assignee_id")
    role = RoleChanged(role_id=uuid4(), key="posatore", privileges=["phase.work"])
    await plant.deliver(role, role.role_id)
    response, body = await plant.admin.post(address, {"assignee_id": str(own.person_id)})
    assert (response.status, body["state"], body["assignee"]["name"]) == (200, "assigned", own.name)

    response, _ = await plant.app.as_(own).post(f"{address.removesuffix('assignment')}start")
    assert response.status == 200
    response, problem = await plant.admin.post(
        address, {"assignee_id": str((await plant.worker()).person_id)}
    )
    assert (response.status, problem["code"]) == (409, "phase_already_started")
    await plant.tell_of(own, active=False)
    heir = await plant.worker(name="Elena Gialli")
    response, body = await plant.admin.post(address, {"assignee_id": str(heir.person_id)})
    assert (response.status, body["assignee"]["name"]) == (200, "Elena Gialli")
    assert (await plant.app.as_(own).get("/v1/tasks"))[1]["items"] == []


async def test_customers_follow_the_erp(plant: Plant) -> None:
    def customer(code: str, terms: str) -> CustomerChanged:
        return CustomerChanged(
            customer_id=link,
            code=code,
            legal=COMPANY,
            payment=PaymentTerms(method="MP12", terms=terms),
            connection="easyfatt",
        )

    link = uuid4()
    order = await plant.order_of(await plant.approve(("gadget", "1000")))
    assert order["customer"] == {"code": "C001"}
    await plant.deliver(customer("C000", "RB 30 gg FM"), link)
    await plant.deliver(customer("C001", "RB 60 gg FM"), link)
    _, page = await plant.admin.get("/v1/customers")
    assert [(c["code"], c["payment_terms"]) for c in page["items"]] == [("C001", "RB 60 gg FM")]
    assert (await plant.order(order["id"]))["customer"] == {
        "code": "C001",
        "name": "Valtellina Dolci S.r.l.",
        "payment_method": "MP12",
        "payment_terms": "RB 60 gg FM",
    }
    _, shown = await plant.admin.get("/v1/customers/C001")
    assert (shown["vat_number"], shown["city"]) == ("00743110157", "Sondrio")
    response, _ = await plant.admin.get("/v1/customers/C000")
    assert response.status == 404


async def test_an_order_of_the_erp_is_made_once_under_the_id_that_it_came_with(plant: Plant) -> None:
    await plant.define("gadget", ONE_PHASE)
    lines = [
        ReceivedLine(kind=kind, description="Espositore", quantity="120", unit="pz")
        for kind in ("gadget", "mai-visto")
    ]
    order_id = uuid4()
    received = OrderReceived(
        order_id=order_id,
        connection_id=uuid4(),
        connection="gestionale",
        number="OV-118",
        title="Espositori di primavera",
        customer="C001",
        customer_id=None,
        deadline=date(2027, 2, 15),
        lines=lines,
    )
    await plant.deliver(received, order_id)
    await plant.deliver(received, order_id)
    order = await plant.order(str(order_id))
    assert (order["title"], order["deadline"]) == ("Espositori di primavera", "2027-02-15")
    assert [job["state"] for job in order["jobs"]] == ["planned", "blocked"]
    assert (await plant.app.types()).count("order_confirmed") == 1


async def test_tasks_of_who_left_are_the_successors(plant: Plant) -> None:
    await plant.define("espositore", LINE)
    order = await plant.order_of(await plant.approve(("espositore", "500")))
    await plant.value(order["jobs"][0])
    carla, heir = await plant.worker(), await plant.worker(name="Elena Gialli")
    phases = [phase["id"] for phase in order["jobs"][0]["phases"]]
    for phase_id in phases:
        await plant.assign(phase_id, carla)
    await plant.app.as_(carla).post(f"/v1/phases/{phases[0]}/start")
    await plant.tell_of(carla, active=False)
    told = len(await plant.app.published())
    departed = PersonDeparted(person_id=carla.person_id, successor_id=heir.person_id)
    await plant.deliver(departed, carla.person_id)
    await plant.deliver(departed, carla.person_id)

    assert (await plant.app.as_(carla).get("/v1/tasks"))[1]["items"] == []
    _, own = await plant.app.as_(heir).get("/v1/tasks")
    assert {task["id"] for task in own["items"]} == set(phases)
    await plant.work(phases[0], heir, "500")
    events = (await plant.app.published())[told : told + len(phases)]
    assert [event.data for event in events] == [
        {
            "job_id": order["jobs"][0]["id"],
            "order_id": order["id"],
            "phase_id": phase["id"],
            "phase": phase["key"],
            "assignee_id": str(heir.person_id),
            "reason": None,
        }
        for phase in order["jobs"][0]["phases"]
    ]
    assert (await plant.app.types()).count("phase_assigned") == 2 * len(phases)


async def test_tasks_wait_for_an_admin_where_the_successor_may_not_work(plant: Plant) -> None:
    await plant.define("gadget", ONE_PHASE)
    order = await plant.order_of(await plant.approve(("gadget", "1000")))
    await plant.value(order["jobs"][0])
    (phase,) = order["jobs"][0]["phases"]
    carla, buyer = await plant.worker(), await plant.worker("purchasing", name="Piero Neri")
    await plant.assign(phase["id"], carla)
    departed = PersonDeparted(person_id=carla.person_id, successor_id=buyer.person_id)
    await plant.deliver(departed, carla.person_id)
    (shown,) = (await plant.order(order["id"]))["jobs"][0]["phases"]
    assert (shown["state"], shown.get("assignee")) == ("ready", None)
    (told,) = await plant.database.published("optima.production.phase_unassigned.v1")
    assert told.data == {
        "job_id": order["jobs"][0]["id"],
        "order_id": order["id"],
        "phase_id": phase["id"],
        "phase": phase["key"],
        "former_assignee_id": str(carla.person_id),
    }
    heir = await plant.worker(name="Elena Gialli")
    await plant.assign(phase["id"], heir)
    # Told once more, later: what is somebody else's by now stays theirs.
    await plant.deliver(departed, carla.person_id)
    assert [task["id"] for task in (await plant.app.as_(heir).get("/v1/tasks"))[1]["items"]] == [phase["id"]]


async def test_a_successor_who_is_not_known_yet_is_awaited(plant: Plant) -> None:
    carla = await plant.worker()
    with pytest.raises(NotYet):
        await plant.deliver(PersonDeparted(person_id=carla.person_id, successor_id=uuid4()), carla.person_id)


async def test_refused_work_of_who_left_waits_for_an_admin(plant: Plant) -> None:
    await plant.define("espositore", LINE)
    order = await plant.order_of(await plant.approve(("espositore", "500")))
    await plant.value(order["jobs"][0])
    carla = await plant.worker()
    first, second, _ = (phase["id"] for phase in order["jobs"][0]["phases"])
    for phase_id in (first, second):
        await plant.assign(phase_id, carla)
        await plant.work(phase_id, carla, "490")
    await plant.tell_of(carla, active=False)
    response, body = await plant.as_("backoffice").post(
        f"/v1/phases/{second}/rejection", {"reason": "Bordi irregolari"}
    )
    assert (response.status, body["state"], body["attempt"]) == (200, "ready", 2)
