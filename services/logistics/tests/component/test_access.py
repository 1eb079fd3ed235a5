"""Who may do what; what another tenant sees; and what bad input gets."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from openapi_spec_validator import validate

from logistics.domain.parties import Party, address_gaps, identity_gaps
from optima_kit.http.problems import load_catalogue

from ..conftest import ARTICLE, CARRIER, DESTINATION, DOCUMENT_TYPE, SERVICE, WAREHOUSE, Depot

NOBODY = str(uuid4())


async def every_request(depot: Depot) -> list[tuple[str, str, Any, str]]:
    """Method, path, a good body and the privilege of every endpoint, about things that exist."""
    order = await depot.stocked_order()
    shipment = await depot.picked(order, "1")
    issued = await depot.picked(order, "1")
    await depot.act(issued, "issuance")
    at = f"/v1/shipments/{shipment['id']}"
    out = f"/v1/shipments/{issued['id']}"
    goods = {"warehouse": "BO1", "job_id": str(order.jobs[0]), "quantity": "1"}
    content = {
        name: value
        for name, value in depot.shipment_body(order, "1").items()
        if name in ("document_type", "warehouse", "destination", "lines")
    }
    returned = {
        "document_type": "reso-da-cliente",
        "warehouse": "BO1",
        "reason": "Difettosi",
        "lines": [{"job_id": str(order.jobs[0]), "quantity": "1", "disposition": "stock"}],
    }
    await depot.client.put("/v1/articles/ESP", ARTICLE)
    await depot.client.put("/v1/warehouses/MI1", WAREHOUSE)
    _, count = await depot.client.post("/v1/counts", {"warehouse": "BO1"})
    sent = {
        "supplier": "MI-DUOMO",
        "number": "1",
        "date": "2026-11-24",
        "warehouse": "BO1",
        "lines": [{"article": "ESP", "quantity": "1"}],
    }
    return [
        ("PUT", "/v1/warehouses/BO1", WAREHOUSE, "lookup.write"),
        ("GET", "/v1/warehouses/BO1", None, "lookup.read"),
        ("GET", "/v1/warehouses", None, "lookup.read"),
        ("PUT", "/v1/destinations/MI-DUOMO", DESTINATION, "lookup.write"),
        ("GET", "/v1/destinations/MI-DUOMO", None, "lookup.read"),
        ("GET", "/v1/destinations", None, "lookup.read"),
        ("GET", "/v1/destinations/MI-DUOMO/people", None, "lookup.read"),
        ("PUT", f"/v1/destinations/MI-DUOMO/people/{order.order_id}", None, "lookup.write"),
        ("DELETE", f"/v1/destinations/MI-DUOMO/people/{order.order_id}", None, "lookup.write"),
        ("PUT", "/v1/document-types/x", DOCUMENT_TYPE, "lookup.write"),
        ("GET", "/v1/document-types/vendita", None, "lookup.read"),
        ("GET", "/v1/document-types", None, "lookup.read"),
        ("PUT", "/v1/carriers/APPENNINO", CARRIER, "lookup.write"),
        ("GET", "/v1/carriers/APPENNINO", None, "lookup.read"),
        ("GET", "/v1/carriers", None, "lookup.read"),
        ("PUT", "/v1/articles/ESP", ARTICLE, "lookup.write"),
        ("GET", "/v1/articles/ESP", None, "lookup.read"),
        ("GET", "/v1/articles", None, "lookup.read"),
        ("POST", "/v1/supplier-receipts", sent, "stock.write"),
        ("GET", "/v1/supplier-receipts", None, "stock.read"),
        ("POST", "/v1/counts", {"warehouse": "MI1"}, "stock.write"),
        ("GET", "/v1/counts", None, "stock.read"),
        ("GET", f"/v1/counts/{count['id']}", None, "stock.read"),
        ("POST", f"/v1/counts/{count['id']}/lines", {"article": "ESP", "counted": "1"}, "stock.write"),
        ("POST", f"/v1/counts/{count['id']}/posting", {}, "stock.write"),
        ("POST", f"/v1/counts/{count['id']}/cancellation", None, "stock.write"),
        ("POST", "/v1/receipts", goods, "stock.write"),
        ("POST", "/v1/allocations", goods, "stock.write"),
        ("POST", "/v1/releases", goods, "stock.write"),
        ("POST", "/v1/holds", goods | {"reason": "Colore"}, "stock.write"),
        ("POST", "/v1/hold-endings", goods | {"ending": "released", "reason": "Ok"}, "stock.write"),
        ("GET", "/v1/holds", None, "stock.read"),
        ("POST", "/v1/adjustments", goods | {"difference": "found", "reason": "Conta"}, "stock.write"),
        ("POST", "/v1/relocations", goods | {"to_location": "A-01"}, "stock.write"),
        ("POST", "/v1/locations", {"warehouse": "BO1", "codes": ["A-01"]}, "lookup.write"),
        ("GET", "/v1/locations", None, "lookup.read"),
        ("DELETE", "/v1/locations/BO1/A-01", None, "lookup.write"),
        ("PUT", "/v1/put-away/BO1", {"location": ""}, "lookup.write"),
        ("GET", "/v1/stock", None, "stock.read"),
        ("GET", "/v1/movements", None, "stock.read"),
        ("GET", f"/v1/orders/{order.order_id}", None, "shipment.read"),
        ("POST", "/v1/shipments", depot.shipment_body(order, "1"), "shipment.write"),
        ("GET", "/v1/shipments", None, "shipment.read"),
        ("GET", "/v1/expected-returns", None, "shipment.read"),
        ("GET", "/v1/goods-with-third-parties", None, "shipment.read"),
        ("GET", f"/v1/papers.pdf?paper=ddt&shipment_id={issued['id']}", None, "shipment.read"),
        ("POST", f"{at}/labels", None, "shipment.write"),
        ("GET", "/v1/figures/deliveries", None, "shipment.read"),
        ("GET", "/v1/figures/shipments", None, "shipment.read"),
        ("GET", "/v1/figures/stock", None, "stock.read"),
        ("PUT", "/v1/gs1-prefix", {"prefix": "8012345"}, "lookup.write"),
        ("GET", "/v1/gs1-prefix", None, "lookup.read"),
        ("GET", at, None, "shipment.read"),
        ("GET", f"{out}/ddt.pdf", None, "shipment.read"),
        ("GET", f"{out}/despatch-advice.xml", None, "shipment.read"),
        ("PUT", f"{at}/transport", {}, "shipment.write"),
        ("PUT", f"{at}/content", content, "shipment.write"),
        ("PUT", f"{at}/picks", {"picks": []}, "shipment.write"),
        ("GET", f"{at}/picks", None, "shipment.read"),
        ("POST", f"{at}/picking", None, "shipment.write"),
        ("POST", f"{at}/issuance", {}, "ddt.issue"),
        ("POST", f"{out}/departure", {}, "shipment.write"),
        ("POST", f"{out}/delivery", {"received_by": "Carla"}, "shipment.write"),
        ("POST", f"{out}/refusal", {"reason": "x"}, "shipment.write"),
        ("POST", f"{out}/returns", returned, "shipment.write"),
        ("GET", f"{out}/returns", None, "shipment.read"),
        ("POST", f"{out}/delivery-proofs?name=a.pdf", None, "shipment.write"),
        ("GET", f"{out}/delivery-proofs", None, "shipment.read"),
        ("GET", f"{out}/delivery-proofs/{order.order_id}", None, "shipment.read"),
        ("GET", "/v1/own-ddts", None, "phase.work"),
        ("GET", f"/v1/own-ddts/{issued['id']}", None, "phase.work"),
        ("GET", f"/v1/own-ddts/{issued['id']}/returns", None, "phase.work"),
        ("GET", f"/v1/own-ddts/{issued['id']}/ddt.pdf", None, "phase.work"),
        ("GET", "/v1/ddts/to-be-invoiced", None, "shipment.read"),
        ("GET", "/v1/ddts/to-be-invoiced/customers", None, "shipment.read"),
        (
            "GET",
            "/v1/ddts/to-be-invoiced.csv?issued_from=2026-11-01&issued_to=2026-11-30",
            None,
            "shipment.read",
        ),
        ("POST", f"{out}/voiding", {"reason": "x", "reissue": True}, "ddt.issue"),
        ("POST", f"{at}/cancellation", {"reason": "x"}, "shipment.write"),
    ]


async def asked(client: Any, method: str, path: str, body: Any) -> tuple[int, Any]:
    headers = {"If-Match": '"1"'} if path.endswith(("/transport", "/content", "/picks")) else {}
    options: dict[str, Any] = {} if body is None else {"json": body}
    if path.endswith(".pdf") and method == "POST":
        options["data"] = b"%PDF-1.7"
        headers["Content-Type"] = "application/pdf"
    response, answer = await client.request(method, path, headers=headers, **options)
    return response.status, answer


async def test_every_endpoint_asks_for_its_privilege_and_for_nothing_else(depot: Depot) -> None:
    requests = await every_request(depot)
    assert {(route.method, route.privilege) for route in SERVICE.routes.items} == {
        (method, privilege) for method, _, _, privilege in requests
    }
    assert len(requests) == len(SERVICE.routes.items)
    before = await depot.app.types()
    people = depot.app.people
    every = {privilege for _, _, _, privilege in requests}
    for method, path, body, privilege in requests:
        without = people.person("x", tenant_id=depot.tenant_id, privileges=every - {privilege})
        status, problem = await asked(depot.app.as_(without), method, path, body)
        assert (status, problem["code"]) == (403, "missing_privilege"), (method, path)
        status, _ = await asked(depot.app.as_(None), method, path, body)
        assert status == 401
    assert await depot.app.types() == before


async def test_another_tenant_finds_nothing(depot: Depot) -> None:
    """What is named in the path or body is not there; what is listed is empty; nothing is written."""
    requests = await every_request(depot)
    before = await depot.database.fetch("SELECT count(*) FROM outbox")
    stranger = depot.as_role("admin", tenant_id=uuid4())
    for method, path, body, _ in requests:
        if method == "PUT" and not path.endswith(("/transport", "/content", "/picks")):
            continue  # a tenant's own codes are its own
        status, answer = await asked(stranger, method, path, body)
        if path == "/v1/figures/shipments":
            assert {each["shipments"] for each in answer["states"]} == {0}
            continue
        if path.endswith(
            (
                "/v1/stock",
                "/movements",
                "/v1/holds",
                "/locations",
                "/shipments",
                "/warehouses",
                "/destinations",
                "/carriers",
                "/articles",
                "-receipts",
                "/counts",
                "expected-returns",
                "third-parties",
                "own-ddts",
            )
        ):
            if method == "GET":
                assert answer["items"] == []
                continue
            if path.endswith(("/supplier-receipts", "/counts", "/locations")):
                assert status == 422, answer
                continue
        elif "papers.pdf" in path:
            assert (status, answer["code"]) == (422, "shipment_absent")
            continue
        elif "to-be-invoiced" in path:
            assert status == 200
            assert "1/2026" not in str(answer)
            continue
        elif "figures" in path:
            assert answer["rows"] == []
            continue
        elif "document-types" in path or "gs1-prefix" in path:
            assert status == 200
            continue
        assert status == 404, (method, path, answer)
    assert await depot.database.fetch("SELECT count(*) FROM outbox") == before


BAD_INPUT: list[tuple[str, dict[str, Any], str]] = [
    ("/v1/receipts", {"quantity": "0"}, "quantity"),
    ("/v1/receipts", {"quantity": "-5"}, "quantity"),
    ("/v1/receipts", {"quantity": "1.0001"}, "quantity"),
    ("/v1/receipts", {"quantity": 1.5}, "quantity"),
    ("/v1/receipts", {"quantity": "NaN"}, "quantity"),
    ("/v1/receipts", {"quantity": "1e3"}, "quantity"),
    ("/v1/receipts", {"quantity": True}, "quantity"),
    ("/v1/receipts", {"job_id": "x"}, "job_id"),
    ("/v1/receipts", {"warehouse": None}, "warehouse"),
    ("/v1/receipts", {"more": 1}, "more"),
    ("/v1/adjustments", {"difference": "receipt"}, "difference"),
    ("/v1/adjustments", {"reason": ""}, "reason"),
    ("/v1/shipments", {"lines": []}, "lines"),
    ("/v1/shipments", {"lines": [{"job_id": NOBODY, "quantity": "-1"}]}, "lines[0].quantity"),
    ("/v1/shipments", {"transport_by": "piccione"}, "transport_by"),
    ("/v1/shipments", {"freight": "gratis"}, "freight"),
    ("/v1/shipments", {"packages": 0}, "packages"),
    ("/v1/shipments", {"packages": 1.5}, "packages"),
    ("/v1/shipments", {"gross_weight_kg": "0"}, "gross_weight_kg"),
    ("/v1/shipments", {"appearance": "x" * 81}, "appearance"),
    ("/v1/shipments", {"warehouse": "NESSUNO"}, "warehouse"),
    ("/v1/shipments", {"destination": "NESSUNA"}, "destination"),
    ("/v1/shipments", {"document_type": "nessuna"}, "document_type"),
    ("/v1/shipments", {"carrier": "NESSUNO"}, "carrier"),
    ("issuance", {"issue_date": "2026-02-30"}, "issue_date"),
    ("issuance", {"issue_date": "0000-01-01"}, "issue_date"),
    ("issuance", {"issue_date": 7}, "issue_date"),
    ("issuance", {"series": "a b"}, "series"),
    ("departure", {"departed_at": "2026-11-24T10:00:00"}, "departed_at"),
    ("departure", {"departed_at": "2026-11-25T10:00:00Z"}, "departed_at"),
    ("delivery", {"received_by": None}, "received_by"),
    ("voiding", {"reason": "x"}, "reissue"),
    ("cancellation", {}, "reason"),
]


async def test_bad_input_is_named_and_nothing_is_written(depot: Depot) -> None:
    order = await depot.stocked_order()
    goods = {"warehouse": "BO1", "job_id": str(order.jobs[0]), "quantity": "1"}
    picked, issued = await depot.picked(order, "1"), await depot.picked(order, "1")
    await depot.act(issued, "issuance")
    whole = {
        "/v1/receipts": goods,
        "/v1/adjustments": goods | {"difference": "found", "reason": "x"},
        "/v1/shipments": depot.shipment_body(order, "1"),
    }
    before = len(await depot.app.types())
    for path, body, field in BAD_INPUT:
        if path not in whole:
            at = issued if path == "departure" else picked
            path = f"/v1/shipments/{at['id']}/{path}"
        response, problem = await depot.client.post(path, whole.get(path, {}) | body)
        assert response.status == 422, (path, body, problem)
        assert field in [error["field"] for error in problem["errors"]], (path, body, problem)
    assert len(await depot.app.types()) == before


BAD_QUERIES = [
    "limit=0",
    "limit=201",
    "cursor=%00",
    "cursor=eyJ9",
    "state=lost",
    "order_id=7",
    "issued_from=2026-13-01",
    "more=1",
    "number=",
]


async def test_a_bad_query_is_refused(depot: Depot) -> None:
    for query in BAD_QUERIES:
        response, problem = await depot.client.get(f"/v1/shipments?{query}")
        assert response.status == 422, (query, problem)


async def test_what_is_not_there_is_not_found(depot: Depot) -> None:
    order = await depot.stocked_order()
    draft = await depot.draft(order, "1")
    for path in (
        f"/v1/shipments/{NOBODY}",
        f"/v1/shipments/{NOBODY}/ddt.pdf",
        f"/v1/shipments/{draft['id']}/ddt.pdf",
        f"/v1/orders/{NOBODY}",
        "/v1/shipments/not-an-id",
        "/v1/carriers/NESSUNO",
    ):
        response, _ = await depot.client.get(path)
        assert response.status == 404, path
    for path, body in (
        (f"/v1/shipments/{NOBODY}/issuance", {}),
        ("/v1/receipts", {"warehouse": "BO1", "job_id": NOBODY, "quantity": "1"}),
        ("/v1/shipments", depot.shipment_body(order, "1", order_id=NOBODY)),
    ):
        response, _ = await depot.client.post(path, body)
        assert response.status == 404, path


def test_whatever_a_company_may_lack_has_a_text() -> None:
    texts = load_catalogue("logistics").texts
    nobody = Party("", "", "", "", "", "")
    assert {*address_gaps(nobody), *identity_gaps(nobody)} <= texts.keys()


async def test_the_openapi_document_is_valid(depot: Depot) -> None:
    _, document = await depot.client.get("/openapi.json")
    validate(document)
    assert len(document["paths"]) > 15
