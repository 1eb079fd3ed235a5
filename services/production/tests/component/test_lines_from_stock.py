"""Lines of orders that are taken from stock: nothing is made, and the warehouse says when they are ready."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from optima_contracts.erp import OrderReceived, ReceivedLine
from optima_contracts.logistics import ArticleKept, GoodsAllocated

from .conftest import ONE_PHASE, Plant

CONFIRMED = "optima.production.order_confirmed.v1"


async def keep_article(plant: Plant, code: str = "ESP-BANCO") -> UUID:
    article_id = uuid4()
    kept = ArticleKept(article_id=article_id, code=code, description="Espositore da banco", unit="pz")
    await plant.deliver(kept, article_id)
    return article_id


def body(*items: dict[str, Any]) -> dict[str, Any]:
    return {"title": "Espositori per Bari", "deadline": "2027-01-31", "items": list(items)}


async def write(plant: Plant, *items: dict[str, Any]) -> dict[str, Any]:
    response, order = await plant.as_("backoffice").post("/v1/orders", body(*items))
    assert response.status == 201, order
    return await plant.order(order["id"])


async def allocate(plant: Plant, order: dict[str, Any], quantity: str, allocated: str) -> None:
    job = next(job for job in order["jobs"] if "article_id" in job)
    movement_id = uuid4()
    event = GoodsAllocated(
        movement_id=movement_id,
        order_id=UUID(order["id"]),
        brief_id=None,
        job_id=UUID(job["id"]),
        article_id=UUID(job["article_id"]),
        article_code=job["kind"],
        warehouse="BO1",
        quantity=quantity,
        unit="pz",
        allocated=allocated,
    )
    for _ in range(2):
        await plant.deliver(event, movement_id, sequence=1)


async def test_an_order_from_stock_is_ready_once_all_is_set_aside_and_ends_as_any_other(plant: Plant) -> None:
    article_id = await keep_article(plant)
    order = await write(plant, {"article": "ESP-BANCO", "quantity": "100"})
    (job,) = order["jobs"]
    assert (order["state"], job["state"], job["phases"]) == ("confirmed", "ready", [])
    assert (job["kind"], job["description"], job["unit"]) == ("ESP-BANCO", "Espositore da banco", "pz")
    (confirmed,) = await plant.database.published(CONFIRMED)
    assert confirmed.data["lines"][0]["article_id"] == str(article_id)

    await allocate(plant, order, "60", "60")
    assert (await plant.order(order["id"]))["state"] == "confirmed"
    await allocate(plant, order, "40", "100")
    order = await plant.order(order["id"])
    assert (order["state"], order["jobs"][0]["state"], order["jobs"][0]["produced"]) == (
        "ready",
        "done",
        "100",
    )
    await plant.value(order["jobs"][0])
    shipment_id = uuid4()
    await plant.ship("issued", shipment_id, order, "100")
    await plant.ship("delivered", shipment_id, order, "100")
    assert (await plant.order(order["id"]))["state"] == "delivered"
    assert await plant.app.types() == [
        "order_confirmed",
        "order_ready",
        "job_set",
        "order_valued",
        "order_shipment_changed",
        "order_delivered",
    ]


async def test_one_order_has_lines_that_are_made_and_lines_from_stock(plant: Plant) -> None:
    await keep_article(plant)
    await plant.define("gadget", ONE_PHASE)
    made = {"kind": "gadget", "description": "Penne", "quantity": "500"}
    order = await write(plant, made, {"article": "ESP-BANCO", "quantity": "10"})
    await allocate(plant, order, "10", "10")
    assert (await plant.order(order["id"]))["state"] == "confirmed"
    await plant.make({**order, "jobs": order["jobs"][:1]}, await plant.worker())
    assert (await plant.order(order["id"]))["state"] == "ready"


async def test_what_of_it_never_comes_is_closed_short(plant: Plant) -> None:
    await keep_article(plant)
    order = await write(plant, {"article": "ESP-BANCO", "quantity": "100"})
    await allocate(plant, order, "60", "60")
    shipment_id = uuid4()
    await plant.ship("issued", shipment_id, order, "60")
    response, _ = await plant.admin.post(f"/v1/orders/{order['id']}/closure", {"reason": "Esauriti"})
    assert response.status == 200
    await plant.ship("delivered", shipment_id, order, "60")
    assert (await plant.order(order["id"]))["state"] == "delivered"


async def test_goods_set_aside_for_a_cancelled_order_change_nothing(plant: Plant) -> None:
    await keep_article(plant)
    order = await write(plant, {"article": "ESP-BANCO", "quantity": "100"})
    response, _ = await plant.admin.post(f"/v1/orders/{order['id']}/cancellation", {"reason": "Rinviato"})
    assert response.status == 200
    await allocate(plant, order, "100", "100")
    order = await plant.order(order["id"])
    assert (order["state"], order["jobs"][0]["state"]) == ("cancelled", "cancelled")


async def test_what_a_line_cannot_be_is_named(plant: Plant) -> None:
    await keep_article(plant)
    await plant.define("gadget", ONE_PHASE)
    for changes, field, code in (
        ({"article": "NIENTE"}, "items[0].article", "article_unknown"),
        ({"kind": "gadget"}, "items[0].kind", "kind_or_article"),
        ({"article": None}, "items[0].kind", "kind_or_article"),
        ({"unit": "kg"}, "items[0].unit", "unit_not_of_article"),
        ({"article": None, "kind": "gadget"}, "items[0].description", "description_missing"),
    ):
        item = {"article": "ESP-BANCO", "quantity": "1"} | changes
        response, problem = await plant.admin.post(
            "/v1/orders", body({name: value for name, value in item.items() if value is not None})
        )
        assert (response.status, [(each["field"], each["code"]) for each in problem["errors"]]) == (
            422,
            [(field, code)],
        )


async def test_an_erps_line_that_names_an_article_is_taken_from_stock(plant: Plant) -> None:
    article_id = await keep_article(plant)
    await keep_article(plant, "CARTA")
    await plant.define("gadget", ONE_PHASE)
    codes = (("ESP-BANCO", "PZ"), ("gadget", "pz"), ("CARTA", "kg"))
    received = OrderReceived(
        order_id=uuid4(),
        connection_id=uuid4(),
        connection="gestionale",
        number="OV-12",
        title="Espositori",
        customer=None,
        customer_id=None,
        deadline=date(2027, 1, 31),
        lines=[ReceivedLine(kind=code, description="Merce", quantity="5", unit=unit) for code, unit in codes],
    )
    await plant.deliver(received, received.order_id)
    jobs = (await plant.order(str(received.order_id)))["jobs"]
    assert [(job.get("article_id"), job["state"], job["unit"]) for job in jobs] == [
        (str(article_id), "ready", "pz"),
        (None, "planned", "pz"),
        (None, "blocked", "kg"),
    ]
