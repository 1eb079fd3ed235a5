"""A public body's order becomes one here, once; its goods leave under an electronic DDT."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from optima_contracts.erp import OrderReceived
from optima_contracts.logistics import DdtVoided
from optima_contracts.production import OrderCancelled, OrderConfirmed, OrderLine

from ..conftest import Bridge
from .test_exports import ISSUED, JOB, SHIPMENT

ORDER = Path(__file__).parents[1].joinpath("adapters", "ubl", "ordine-nso.xml").read_text("utf-8")
XML = "<DespatchAdvice>Opuscoli</DespatchAdvice>"


@dataclass(slots=True)
class Office:
    """A tenant with an ERP that knows the customers, and a folder for UBL."""

    bridge: Bridge

    @property
    def folder(self) -> Path:
        return Path(self.bridge.folder.parent / "nso")

    async def drop(self, text: str, name: str = "IT01234567897_OR_00001.xml") -> dict[str, Any]:
        (self.folder / "in").mkdir(parents=True, exist_ok=True)
        (self.folder / "in" / name).write_text(text, "utf-8")
        response, answer = await self.bridge.as_("backoffice").post("/v1/connections/nso/imports", json={})
        assert response.status == 200, answer
        (source,) = answer["sources"]
        return dict(source)

    async def received(self) -> list[dict[str, Any]]:
        return [each.data for each in await self.bridge.stored.published(OrderReceived.type)]

    async def problems(self) -> list[str]:
        return [problem["code"] for each in await self.bridge.failures() for problem in each["problems"]]

    async def confirmed(self) -> UUID:
        """The one order that came, confirmed by production."""
        (order,) = await self.received()
        order_id = UUID(order["order_id"])
        line = OrderLine(
            job_id=JOB, item_id=None, kind="k", description="O", quantity="1", unit="pz", deliveries=[]
        )
        confirmed = OrderConfirmed(
            order_id=order_id,
            number="O-2026-0001",
            brief_id=None,
            customer=order["customer"],
            customer_id=UUID(order["customer_id"]),
            deadline=order["deadline"],
            lines=[line],
        )
        await self.bridge.tell(confirmed, subject=order_id, correlation=order_id)
        return order_id

    async def issue(self, order_id: UUID, despatch_advice: str | None) -> None:
        issued = ISSUED.model_copy(update={"order_id": order_id, "despatch_advice": despatch_advice})
        await self.bridge.tell(issued, subject=SHIPMENT, correlation=order_id)
        await self.bridge.work()

    def left(self) -> list[str]:
        return [each.read_text("utf-8") for each in sorted((self.folder / "out" / "ddt").glob("*.xml"))]


@pytest.fixture
async def office(bridge: Bridge) -> Office:
    await bridge.connect()
    await bridge.import_customers()
    body = {"connector": "ubl", "settings": {"folder": "nso"}}
    response, answer = await bridge.as_("admin").put("/v1/connections/nso", json=body)
    assert response.status == 200, answer
    return Office(bridge)


async def test_an_order_comes_once_and_finds_its_customer_by_tax_number(office: Office) -> None:
    assert (await office.drop(ORDER))["created"] == 1
    (order,) = await office.received()
    assert (order["customer"], order["number"], order["connection"]) == ("AURORA-MI", "2026/118", "nso")
    assert [(each["quantity"], each["unit"]) for each in order["lines"]] == [
        ("1200.5", "pz"),
        ("3", "scatole"),
    ]
    assert (await office.drop(ORDER, "again.xml"))["unchanged"] == 1
    # Another body may have given the same number.
    assert (await office.drop(ORDER.replace("UFM4R2", "UFX9T1")))["created"] == 1
    assert len(await office.received()) == 2


async def test_what_the_body_changes_later_is_a_persons_to_see(office: Office) -> None:
    await office.drop(ORDER)
    assert (await office.drop(ORDER.replace(">3<", ">4<")))["refused"] == 1
    assert await office.problems() == ["received_order_changed"]


async def test_a_person_tells_the_body_of_an_order_that_is_cancelled_here(office: Office) -> None:
    await office.drop(ORDER)
    order_id = await office.confirmed()
    cancelled = OrderCancelled(order_id=order_id, brief_id=None, reason="x")
    await office.bridge.tell(cancelled, subject=order_id, correlation=order_id)
    await office.bridge.work()
    (failure,) = await office.bridge.failures()
    assert (failure["connection"], failure["problems"][0]["code"]) == ("nso", "cancellation_not_carried")
    assert "2026/118" in failure["problems"][0]["detail"]


async def test_who_is_nobodys_customer_waits_for_a_person(office: Office) -> None:
    stranger = ORDER.replace("07643520567", "01234560157")
    assert (await office.drop(stranger))["refused"] == 1
    assert await office.problems() == ["customer_not_linked"]
    office.bridge.drop(
        "OSPEDALE;Ospedale Maggiore;01234560157;;Via Torino 2;20123;Milano;MI;MP05;BB 60 gg DF\n"
    )
    await office.bridge.import_all()
    (failure,) = (each for each in await office.bridge.failures() if each["connection"] == "nso")
    replay = f"/v1/failures/{failure['id']}/replay"
    response, answer = await office.bridge.as_("backoffice").post(replay)
    assert (response.status, answer) == (200, {"resolved": True})
    assert [each["customer"] for each in await office.received()] == ["OSPEDALE"]
    assert (await office.drop(stranger))["unchanged"] == 1


async def test_a_file_that_is_no_order_is_told_of(office: Office) -> None:
    await office.drop("<FatturaElettronica/>")
    assert await office.problems() == ["file_not_ubl_order"]
    assert [each.name.partition("-")[2] for each in (office.folder / "refused").iterdir()] == [
        "IT01234567897_OR_00001.xml"
    ]


async def test_its_goods_leave_under_an_electronic_ddt(office: Office) -> None:
    await office.drop(ORDER)
    order_id = await office.confirmed()
    await office.issue(order_id, XML)
    assert office.left() == [XML]
    # The order was born there: it is written nowhere but to the ERP that knows the customer.
    assert not (office.folder / "out" / "ordini").exists()


async def test_a_voided_ddt_is_taken_away_and_told_of(office: Office) -> None:
    await office.drop(ORDER)
    order_id = await office.confirmed()
    await office.issue(order_id, XML)
    facts = ISSUED.model_dump(include={"shipment_id", "brief_id", "destination", "lines"})
    voided = DdtVoided(**facts, order_id=order_id, number="12/2026", reason="x")
    await office.bridge.tell(voided, subject=SHIPMENT, correlation=order_id)
    await office.bridge.work()
    assert (office.left(), await office.problems()) == ([], ["cancellation_not_carried"])


async def test_a_ddt_without_its_electronic_form_is_told_of(office: Office) -> None:
    await office.drop(ORDER)
    await office.issue(await office.confirmed(), None)
    assert (office.left(), await office.problems()) == ([], ["despatch_advice_incomplete"])
