"""A delivery is proved by a photo, a signature or a signed document."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from optima_contracts.logistics import DeliveryProved

from ..conftest import Depot

PHOTO = b"\xff\xd8\xff\xe0 firma"


async def prove(
    depot: Depot, shipment: dict[str, Any], data: bytes = PHOTO, media_type: str = "image/jpeg"
) -> tuple[int, Any]:
    path = f"/v1/shipments/{shipment['id']}/delivery-proofs?name=../firma.jpg"
    response, answer = await depot.client.request(
        "POST", path, data=data, headers={"Content-Type": media_type}
    )
    return response.status, answer


@pytest.fixture
async def delivered(depot: Depot) -> dict[str, Any]:
    shipment = await depot.picked(await depot.stocked_order())
    for step in ("issuance", "departure"):
        shipment = await depot.act(shipment, step)
    return await depot.act(shipment, "delivery", received_by="Carla Neri")


async def test_a_photo_is_kept_with_the_delivery_and_told_of(depot: Depot, delivered: dict[str, Any]) -> None:
    assert delivered["proofs"] == 0
    status, proof = await prove(depot, delivered)
    assert (status, proof["name"], proof["media_type"]) == (201, "firma.jpg", "image/jpeg")
    assert (proof["sha256"], proof["recorded_by"]["name"]) == (
        hashlib.sha256(PHOTO).hexdigest(),
        "Sara Monti",
    )
    _, page = await depot.client.get(f"/v1/shipments/{delivered['id']}/delivery-proofs")
    assert [each | {"recorded_by": proof["recorded_by"]} for each in page["items"]] == [proof]
    _, seen = await depot.client.get(f"/v1/shipments/{delivered['id']}")
    assert (seen["proofs"], seen["version"]) == (1, delivered["version"])
    path = f"/v1/shipments/{delivered['id']}/delivery-proofs/{proof['id']}"
    response, data = await depot.client.get(path)
    assert (response.status, data) == (200, PHOTO)
    assert response.headers["Content-Type"] == "image/jpeg"
    (told,) = await depot.app.published(DeliveryProved)
    assert (told.data["sha256"], told.data["ddt_number"]) == (proof["sha256"], delivered["ddt"]["number"])


async def test_only_what_was_delivered_is_proved_and_only_by_what_the_file_says_it_is(
    depot: Depot, delivered: dict[str, Any]
) -> None:
    draft = await depot.draft(await depot.stocked_order(), "1")
    status, problem = await prove(depot, draft)
    assert (status, problem["code"]) == (409, "delivery_not_recorded")
    status, problem = await prove(depot, delivered, b"MZ programma")
    assert (status, problem["code"]) == (422, "file_is_not_its_media_type")
    assert (await prove(depot, delivered, b"<svg/>", "image/svg+xml"))[0] == 415
    status, proof = await prove(depot, delivered)
    response, _ = await depot.client.get(f"/v1/shipments/{draft['id']}/delivery-proofs/{proof['id']}")
    assert response.status == 404, "by another shipment"


async def test_ten_files_are_enough(depot: Depot, delivered: dict[str, Any]) -> None:
    for _ in range(10):
        assert (await prove(depot, delivered))[0] == 201
    status, problem = await prove(depot, delivered)
    assert (status, problem["code"]) == (409, "proofs_too_many")
    _, seen = await depot.client.get(f"/v1/shipments/{delivered['id']}")
    assert "prove" not in seen["actions"]
