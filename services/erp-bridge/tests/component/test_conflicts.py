"""Fields that both sides may change: neither silently overwrites the other."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from optima_contracts.erp import ConflictFound, CustomerChanged
from optima_contracts.identity import PersonChanged

from ..conftest import Bridge

MAPPING = {
    "customer": {
        "street": {"remote": "indirizzo", "owner": "both"},
        "payment_terms": {"remote": "condizioni_pagamento", "owner": "both"},
    }
}
ROW = "AURORA-MI;Caffè Aurora Milano S.r.l.;07643520567;;{street};20123;Milano;MI;MP12;RB 60 gg FM\n"
ANNA = UUID(int=77)
HERE, THERE = "Via Nuova 1", "Via Vecchia 9"


class Customer:
    def __init__(self, bridge: Bridge, customer_id: str) -> None:
        self.bridge = bridge
        self.id = customer_id
        self.path = f"/v1/customers/{customer_id}"

    async def read(self) -> tuple[Any, str]:
        response, body = await self.bridge.as_("backoffice").get(self.path)
        return body, response.headers["ETag"]

    async def street(self) -> str:
        body, _ = await self.read()
        return str(body["street"])

    async def edit(self, **changes: Any) -> tuple[Any, Any]:
        _, version = await self.read()
        response, body = await self.bridge.as_("backoffice").patch(
            self.path, json=changes, headers={"If-Match": version}
        )
        return response, body

    async def told_by_erp(self, street: str) -> None:
        self.bridge.drop(ROW.format(street=street))
        await self.bridge.import_all()

    async def conflicts(self, *, resolved: bool = False) -> list[dict[str, Any]]:
        query = "?resolved=true" if resolved else ""
        _, listed = await self.bridge.as_("backoffice").get(f"/v1/conflicts{query}")
        items: list[dict[str, Any]] = listed["items"]
        return items


@pytest.fixture
async def customer(bridge: Bridge) -> Customer:
    await bridge.connect(mapping=MAPPING)
    await bridge.import_customers()
    _, listed = await bridge.as_("backoffice").get("/v1/customers")
    return Customer(bridge, listed["items"][0]["id"])


async def test_what_one_side_changes_counts(customer: Customer) -> None:
    response, _ = await customer.edit(street=HERE)
    assert response.status == 200
    assert await customer.street() == HERE
    # The ERP says what it always said.
    customer.bridge.drop(ROW.format(street="Via Torino 2").replace("20123", "20124"))
    await customer.bridge.import_all()
    body, _ = await customer.read()
    assert (body["street"], body["postal_code"]) == (HERE, "20124")
    assert await customer.conflicts() == []
    told = await customer.bridge.stored.published(CustomerChanged.type)
    assert [each.data["legal"]["street"] for each in told] == ["Via Torino 2", HERE, HERE]


async def test_once_the_erp_agrees_it_may_change_again(customer: Customer) -> None:
    await customer.edit(street=HERE)
    await customer.told_by_erp(HERE)
    await customer.told_by_erp(THERE)
    assert (await customer.street(), await customer.conflicts()) == (THERE, [])


@pytest.mark.parametrize(("choice", "street"), [("ours", HERE), ("theirs", THERE)])
async def test_where_both_changed_a_person_decides(customer: Customer, choice: str, street: str) -> None:
    anna = customer.bridge.as_("backoffice", person_id=ANNA)
    _, version = await customer.read()
    await anna.patch(customer.path, json={"street": HERE}, headers={"If-Match": version})
    await customer.told_by_erp(THERE)
    assert await customer.street() == HERE
    (conflict,) = await customer.conflicts()
    assert (conflict["field"], conflict["ours"], conflict["theirs"]) == ("street", HERE, THERE)
    record = {"id": customer.id, "code": "AURORA-MI", "name": "Caffè Aurora Milano S.r.l."}
    assert conflict["record"] == record
    # Names are what the directory says, as soon as it has said it.
    assert conflict["ours_by"] == {"id": str(ANNA)}
    await customer.bridge.tell(
        PersonChanged(
            person_id=ANNA, name="Anna Bianchi", email="a@b.it", kind="internal", roles=[], active=True
        ),
        subject=ANNA,
        correlation=ANNA,
    )
    (conflict,) = await customer.conflicts()
    assert conflict["ours_by"] == {"id": str(ANNA), "name": "Anna Bianchi"}
    (event,) = await customer.bridge.stored.published(ConflictFound.type)
    assert (event.data["conflict_id"], event.data["field"]) == (conflict["id"], "street")
    # The same again is the same conflict.
    await customer.told_by_erp(THERE)
    assert len(await customer.conflicts()) == 1
    person = anna
    path = f"/v1/conflicts/{conflict['id']}/resolution"
    response, resolved = await person.post(path, json={"choice": choice})
    assert (response.status, resolved["choice"]) == (200, choice)
    assert resolved["resolved_by"]["name"] == "Anna Bianchi"
    assert (await customer.street(), await customer.conflicts()) == (street, [])
    assert [each["id"] for each in await customer.conflicts(resolved=True)] == [conflict["id"]]
    response, problem = await person.post(path, json={"choice": choice})
    assert (response.status, problem["code"]) == (409, "conflict_resolved")
    await customer.told_by_erp(THERE)
    assert (await customer.street(), await customer.conflicts()) == (street, [])


async def test_what_is_the_erps_is_changed_there_alone(customer: Customer) -> None:
    response, problem = await customer.edit(name="Altro nome", street=HERE)
    assert (response.status, problem["errors"][0]["field"]) == (422, "name")
    assert await customer.street() == "Via Torino 2"


async def test_a_wrong_value_and_a_stale_version_are_refused(customer: Customer) -> None:
    response, problem = await customer.edit(street=None)
    assert (response.status, problem["errors"][0]["field"]) == (422, "street")
    response, _ = await customer.bridge.as_("backoffice").patch(
        customer.path, json={"street": HERE}, headers={"If-Match": '"9"'}
    )
    assert response.status == 412
    response, _ = await customer.bridge.as_("backoffice").patch(customer.path, json={"street": HERE})
    assert response.status == 428


async def test_a_method_of_payment_that_a_person_makes_up_is_refused(bridge: Bridge) -> None:
    """An ERP's is a notice; a person can say it otherwise now."""
    method = {"remote": "modalita_pagamento", "owner": "both"}
    await bridge.connect(mapping={"customer": {"payment_method": method}})
    await bridge.import_customers()
    _, listed = await bridge.as_("backoffice").get("/v1/customers")
    customer = Customer(bridge, listed["items"][0]["id"])
    response, problem = await customer.edit(payment_method="MP99")
    assert (response.status, problem["errors"][0]["field"]) == (422, "payment_method")
    response, body = await customer.edit(payment_method="MP05")
    assert (response.status, body["payment"]["method"]) == (200, "MP05")
