"""Papers of shipments: what is printed beside the transport document, for one or many."""

from __future__ import annotations

import asyncio
import io
from typing import Any

from pypdf import PdfReader

from logistics.domain.gs1 import check_digit
from optima_contracts.logistics import PackagesLabelled

from ..conftest import Depot


def pages_of(pdf: bytes) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(pdf)).pages]


async def printed(depot: Depot, paper: str, *shipments: dict[str, Any]) -> list[str]:
    named = "".join(f"&shipment_id={each['id']}" for each in shipments)
    response, pdf = await depot.client.get(f"/v1/papers.pdf?paper={paper}{named}")
    assert response.status == 200, pdf
    return pages_of(pdf)


async def test_papers_of_many_shipments_are_one_pdf(depot: Depot) -> None:
    order = await depot.stocked_order(quantities=("100", "60"))
    first = await depot.draft(order, "7")
    second = await depot.act(await depot.picked(order, "8"), "issuance")
    lists = await printed(depot, "pick_list", second, first)
    assert len(lists) == 2
    assert "DDT n. 1/2026" in lists[0]
    assert "Senza DDT" in lists[1]
    for text in lists:
        assert "LISTA DI PRELIEVO" in text
        assert "Espositore da banco 1" in text
        assert "Espositore da banco 2" in text
        assert "Piazza del Duomo 12" in text
    (packing,) = await printed(depot, "packing_list", second)
    assert "Packing list" in packing
    assert "184,5 kg" in packing
    third = await depot.act(await depot.picked(order, "9"), "issuance")
    await depot.act(third, "voiding", reason="Errore", reissue=False)
    ddts = await printed(depot, "ddt", second, third)
    assert ["ANNULLATO" in text for text in ddts] == [False, True]
    assert all("Pagina 1 di 1" in text for text in ddts)


async def test_papers_that_can_not_be_are_refused(depot: Depot) -> None:
    order = await depot.stocked_order()
    draft = await depot.draft(order, "1", packages=None)
    for paper, id_, status, code in (
        ("ddt", draft["id"], 422, "ddt_not_issued"),
        ("labels", draft["id"], 422, "packages_missing"),
        ("pick_list", str(order.order_id), 422, "shipment_absent"),
        ("letter", draft["id"], 422, None),
        ("pick_list", "x", 422, None),
    ):
        response, problem = await depot.client.get(f"/v1/papers.pdf?paper={paper}&shipment_id={id_}")
        assert response.status == status
        assert code in (None, problem["code"])
    response, problem = await depot.client.post(f"/v1/shipments/{draft['id']}/labels")
    assert (response.status, problem["code"]) == (409, "packages_missing")


async def test_packages_are_numbered_once_and_labelled(depot: Depot) -> None:
    order = await depot.stocked_order()
    shipment = await depot.draft(order, "1", packages=2)
    path = f"/v1/shipments/{shipment['id']}/labels"
    assert (await depot.client.post(path))[1] == {"packages": [{"position": 1}, {"position": 2}]}
    bare = await printed(depot, "labels", shipment)
    assert ["1 / 2" in bare[0], "2 / 2" in bare[1], "(00)" in "".join(bare)] == [True, True, False]

    response, _ = await depot.client.put("/v1/gs1-prefix", {"prefix": "801234x"})
    assert response.status == 422
    assert (await depot.client.put("/v1/gs1-prefix", {"prefix": "8012345"}))[1]["prefix"] == "8012345"
    assert (await depot.client.get("/v1/gs1-prefix"))[1]["prefix"] == "8012345"
    others = [await depot.draft(order, "1", packages=3) for _ in range(4)]
    answers = await asyncio.gather(
        *(
            depot.client.post(f"/v1/shipments/{each['id']}/labels")
            for each in (shipment, shipment, *others, *others)
        )
    )
    assert [response.status for response, _ in answers] == [200] * 10
    by_shipment = [[package["sscc"] for package in body["packages"]] for _, body in answers]
    assert by_shipment[0] == by_shipment[1]
    assert by_shipment[2:6] == by_shipment[6:]
    numbers = [number for each in by_shipment[1:6] for number in each]
    assert len(set(numbers)) == len(numbers) == 14
    assert all(number[-1] == check_digit(number[:-1]) for number in numbers)
    told = [event.data["numbers"] for event in await depot.app.published(PackagesLabelled)]
    assert sorted(told) == sorted(by_shipment[1:6]), "each number is told of once"

    labels = await printed(depot, "labels", shipment)
    for text, number in zip(labels, by_shipment[0], strict=True):
        assert number in text.replace(" ", "")
        assert "Piazza del Duomo 12" in text
    more = {"packages": 3}
    headers = {"If-Match": f'"{shipment["version"]}"'}
    await depot.client.put(f"/v1/shipments/{shipment['id']}/transport", more, headers=headers)
    _, body = await depot.client.post(path)
    assert [package["sscc"] for package in body["packages"]][:2] == by_shipment[0]
    assert len({package["sscc"] for package in body["packages"]} | set(numbers)) == 15


async def test_the_labels_of_many_packages_are_printed_in_parts(depot: Depot) -> None:
    order = await depot.stocked_order()
    shipment = await depot.draft(order, "1", packages=201)
    assert shipment["labels_at_once"] == 200
    path = f"/v1/papers.pdf?paper=labels&shipment_id={shipment['id']}"
    for asked, code in (
        ("", "labels_too_many"),
        ("&first_package=2&last_package=202", None),
        ("&first_package=202", "packages_out_of_range"),
        ("&first_package=5&last_package=4", "packages_out_of_range"),
        ("&first_package=0", "greater_than"),
    ):
        response, problem = await depot.client.get(path + asked)
        assert response.status == (422 if code else 200)
        if code:
            assert problem["errors"][0]["code"] == code
    response, pdf = await depot.client.get(f"{path}&first_package=200&last_package=900")
    assert response.status == 200
    labels = pages_of(pdf)
    assert ["200 / 201" in labels[0], "201 / 201" in labels[1], len(labels)] == [True, True, 2]
