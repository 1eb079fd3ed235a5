"""An action offered succeeds for that reader in that state, and one that is not offered is refused."""

from __future__ import annotations

from typing import Any, Final, get_args
from uuid import uuid4

import pytest

from logistics.adapters.http import routes
from logistics.application.read.access import PRIVILEGES, LineAction
from logistics.domain.shipments import ShipmentAction, State
from optima_contracts.production import JobClosed

from ..conftest import ARTICLE, DESTINATION, Depot, Order
from .test_work_outside import outsourced

pytestmark = pytest.mark.sampled(6)

READERS: Final = ("backoffice", "admin", "purchasing", "auditor", "marketing", "supplier")
BODIES: Final[dict[ShipmentAction, tuple[str, dict[str, Any] | None]]] = {
    "label": ("labels", None),
    "pick": ("picking", None),
    "issue": ("issuance", {}),
    "depart": ("departure", {}),
    "deliver": ("delivery", {"received_by": "Carla Neri"}),
    "refuse": ("refusal", {"reason": "Chiuso"}),
    "take_back": ("returns", {"document_type": "reso-da-cliente", "warehouse": "BO1", "reason": "Difettosi"}),
    "void": ("voiding", {"reason": "Errore", "reissue": False}),
    "cancel": ("cancellation", {"reason": "Rinviata"}),
}
WAY: Final[dict[State, tuple[ShipmentAction, ...]]] = {
    State.DRAFT: (),
    State.PICKED: ("pick",),
    State.ISSUED: ("pick", "issue"),
    State.IN_TRANSIT: ("pick", "issue", "depart"),
    State.DELIVERED: ("pick", "issue", "depart", "deliver"),
    State.REFUSED: ("pick", "issue", "depart", "refuse"),
    State.VOIDED: ("pick", "issue", "void"),
    State.CANCELLED: ("cancel",),
}
REFUSED: Final = (403, 404, 409)
SIGNED: Final[dict[str, Any]] = {
    "data": b"%PDF-1.7\nfirma",
    "headers": {"Content-Type": "application/pdf"},
}


async def take(client: Any, shipment: dict[str, Any], action: ShipmentAction) -> tuple[int, Any]:
    path = f"/v1/shipments/{shipment['id']}"
    headers = {"If-Match": f'"{shipment["version"]}"'}
    if action == "arrange":
        response, after = await client.put(f"{path}/transport", {"transport_by": "mittente"}, headers=headers)
    elif action == "prove":
        response, after = await client.request("POST", f"{path}/delivery-proofs?name=firma.pdf", **SIGNED)
        return 200 if response.status == 201 else int(response.status), after
    elif action == "name_picks":
        response, after = await client.put(f"{path}/picks", {"picks": []}, headers=headers)
    elif action == "revise":
        body = {name: shipment[name]["code"] for name in ("document_type", "warehouse", "destination")}
        body["lines"] = [
            {"job_id": line["job_id"], "quantity": line["quantity"]} for line in shipment["lines"]
        ]
        response, after = await client.put(f"{path}/content", body, headers=headers)
    else:
        suffix, body = BODIES[action]
        if action == "take_back":
            lines = [
                {"job_id": line["job_id"], "quantity": "1", "disposition": "stock"}
                for line in shipment["lines"]
            ]
            body = {**(body or {}), "lines": lines}
        response, after = await client.post(f"{path}/{suffix}", *([] if body is None else [body]))
    return int(response.status), after


async def shipment_in(depot: Depot, order: Any, state: State) -> dict[str, Any]:
    shipment = await depot.draft(order, "1")
    for action in WAY[state]:
        status, shipment = await take(depot.client, shipment, action)
        assert status == 200, shipment
    assert shipment["state"] == state
    return shipment  # type: ignore[no-any-return]


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("reader", READERS)
async def test_a_shipment_takes_what_it_offers_and_nothing_else(
    depot: Depot, reader: str, state: State
) -> None:
    order, client = await depot.stocked_order(), depot.as_role(reader)
    shipment = await shipment_in(depot, order, state)
    response, seen = await client.get(f"/v1/shipments/{shipment['id']}")
    offered = seen["actions"] if response.status == 200 else []
    for action in get_args(ShipmentAction):
        if action in offered:
            status, after = await take(client, await shipment_in(depot, order, state), action)
            assert status == 200, (action, after)
        else:
            status, after = await take(client, shipment, action)
            assert status in REFUSED, (action, after)


async def test_nothing_is_issued_of_a_line_that_production_closed(depot: Depot) -> None:
    order = await depot.stocked_order()
    picked = await shipment_in(depot, order, State.PICKED)
    await close(depot, order)
    _, seen = await depot.client.get(f"/v1/shipments/{picked['id']}")
    assert seen["actions"] == ["arrange", "revise", "label", "name_picks", "cancel"]
    status, problem = await take(depot.client, picked, "issue")
    assert (status, problem["code"]) == (409, "line_closed")


def test_a_shipments_actions_ask_for_the_privileges_that_their_endpoints_demand() -> None:
    demanded = {
        route.path.rpartition("/")[2]: route.privilege
        for route in routes.items
        if route.method != "GET" and "{shipment_id}/" in route.path
    }
    suffixes = {
        "arrange": "transport",
        "revise": "content",
        "name_picks": "picks",
        "prove": "delivery-proofs",
    } | {action: suffix for action, (suffix, _) in BODIES.items()}
    assert {suffixes[action]: privilege for action, privilege in PRIVILEGES.items()} == demanded


# An order's line: what may be received and shipped of it, from its confirmation to its end.


async def close(depot: Depot, order: Any) -> None:
    closed = JobClosed(
        job_id=order.jobs[0],
        order_id=order.order_id,
        brief_id=order.brief_id,
        reason="Basta",
        shipped="0",
        unit="pz",
    )
    await depot.deliver(closed, subject=order.jobs[0])


async def confirmed(depot: Depot) -> Any:
    return await depot.confirm_order(completed=False)


async def produced(depot: Depot) -> Any:
    return await depot.confirm_order()


async def partly_finished(depot: Depot) -> Any:
    order = await confirmed(depot)
    await depot.finish_part(order, order.jobs[0], "40")
    return order


async def partly_received(depot: Depot) -> Any:
    order = await produced(depot)
    await depot.receive(order.jobs[0], "40")
    return order


async def received(depot: Depot) -> Any:
    return await depot.stocked_order()


async def in_shipments(depot: Depot) -> Any:
    order = await received(depot)
    await depot.draft(order, "100")
    return order


async def broken(depot: Depot) -> Any:
    order = await received(depot)
    body = {"warehouse": "BO1", "job_id": str(order.jobs[0]), "quantity": "100"}
    await depot.client.post("/v1/adjustments", body | {"difference": "damaged", "reason": "Rotti"})
    return order


async def closed(depot: Depot) -> Any:
    order = await partly_received(depot)
    await close(depot, order)
    return order


async def cancelled(depot: Depot) -> Any:
    order = await partly_received(depot)
    await depot.cancel_brief(order.brief_id)
    return order


async def scarce(depot: Depot) -> Any:
    """A line from stock, of which a part is set aside and another has come since."""
    _, article = await depot.client.put("/v1/articles/ESP-BANCO", ARTICLE)
    await depot.supply("BO1", "40")
    order = await depot.confirm_from_stock(article["id"], "100")
    await depot.supply("BO1", "10")
    return order


async def set_aside(depot: Depot) -> Any:
    _, article = await depot.client.put("/v1/articles/ESP-BANCO", ARTICLE)
    await depot.supply("BO1", "120")
    return await depot.confirm_from_stock(article["id"], "100")


async def not_needed(depot: Depot) -> Any:
    """Its line was closed while a draft held its goods, which was given up then."""
    order = await set_aside(depot)
    draft = await depot.draft(order, "100")
    await close(depot, order)
    await depot.act(draft, "cancellation", reason="Riga chiusa")
    return order


async def worked_on_outside(depot: Depot) -> Any:
    """Its line is a phase's, of which a part has gone out."""
    await depot.client.put("/v1/destinations/FIN-01", DESTINATION)
    order = await confirmed(depot)
    phase = Order(order.order_id, order.brief_id, [uuid4()])
    await depot.deliver(outsourced(order, phase_id=phase.jobs[0]), subject=phase.jobs[0])
    await depot.picked(phase, "40", document_type="conto-lavorazione", destination="FIN-01")
    return phase


async def take_goods(depot: Depot, reader: str, order: Any, action: str) -> int:
    client, goods = depot.as_role(reader), {"warehouse": "BO1", "job_id": str(order.jobs[0]), "quantity": "1"}
    if action == "receive":
        response, _ = await client.post("/v1/receipts", goods)
    elif action in ("allocate", "release"):
        response, _ = await client.post(
            {"allocate": "/v1/allocations", "release": "/v1/releases"}[action], goods
        )
    elif action == "adjust":
        response, _ = await client.post(
            "/v1/adjustments", goods | {"difference": "missing", "reason": "Conta"}
        )
    else:
        outside = {"document_type": "conto-lavorazione", "destination": "FIN-01"}
        body = depot.shipment_body(order, "1", **outside if action == "send_out" else {})
        response, _ = await client.post("/v1/shipments", body)
    return int(response.status)


@pytest.mark.parametrize(
    "made",
    [
        confirmed,
        produced,
        partly_finished,
        partly_received,
        received,
        in_shipments,
        broken,
        closed,
        cancelled,
        scarce,
        set_aside,
        not_needed,
        worked_on_outside,
    ],
)
@pytest.mark.parametrize("reader", READERS)
async def test_an_orders_goods_move_as_offered_and_not_otherwise(
    depot: Depot, reader: str, made: Any
) -> None:
    order, client = await made(depot), depot.as_role(reader)
    response, seen = await client.get(f"/v1/orders/{order.order_id}")
    offered = seen["lines"][-1]["actions"] if response.status == 200 else []
    for action in get_args(LineAction):
        if action not in offered:
            assert await take_goods(depot, reader, order, action) in (*REFUSED, 422), action
    for action in offered:
        assert await take_goods(depot, reader, await made(depot), action) == 201, action
    response, page = await client.get(f"/v1/stock?order_id={order.order_id}")
    rows = page["items"] if response.status == 200 else []
    for row in rows:
        status = await take_goods(depot, reader, order, "adjust")
        assert status == 201 if "adjust" in row["actions"] else status in REFUSED


@pytest.mark.parametrize("reader", READERS)
async def test_a_location_is_removed_as_offered_and_not_otherwise(depot: Depot, reader: str) -> None:
    """One where goods lie, and one where none do."""
    client = depot.as_role(reader)
    await depot.client.post("/v1/locations", {"warehouse": "BO1", "codes": ["A-01", "B-02"]})
    order = await depot.confirm_order()
    goods = {"warehouse": "BO1", "job_id": str(order.jobs[0]), "quantity": "10", "location": "A-01"}
    assert (await depot.client.post("/v1/receipts", goods))[0].status == 201
    response, page = await client.get("/v1/locations")
    offered = {each["code"]: each["actions"] for each in page["items"]} if response.status == 200 else {}
    for code in ("A-01", "B-02"):
        actions = offered.get(code, [])
        response, _ = await client.put("/v1/put-away/BO1", {"location": code})
        assert response.status == 200 if "put_away" in actions else response.status in REFUSED
        response, _ = await client.delete(f"/v1/locations/BO1/{code}")
        assert response.status == 204 if "remove" in actions else response.status in REFUSED
    assert offered.get("A-01", ["put_away"]) in ([], ["put_away"])


@pytest.mark.parametrize("reader", READERS)
async def test_a_lookup_table_is_rewritten_as_offered_and_not_otherwise(depot: Depot, reader: str) -> None:
    client = depot.as_role(reader)
    await depot.client.put("/v1/articles/ESP-BANCO", ARTICLE)
    for path in (
        "warehouses/BO1",
        "destinations/MI-DUOMO",
        "carriers/APPENNINO",
        "document-types/vendita",
        "articles/ESP-BANCO",
    ):
        response, seen = await client.get(f"/v1/{path}")
        offered = seen.pop("actions") if response.status == 200 else []
        _, entry = await depot.client.get(f"/v1/{path}")
        body = {
            name: value
            for name, value in entry.items()
            if name not in ("id", "code", "version", "actions", "built_in")
        }
        response, _ = await client.put(
            f"/v1/{path}", body.get("address" if "ware" in path else "identity", body)
        )
        assert response.status == 200 if "rewrite" in offered else response.status in REFUSED
