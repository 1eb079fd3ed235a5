"""The bridge with a double of an ERP at the other end."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from erp_bridge.application.pace import SharedPace
from optima_contracts.economics import OrderLineValue, OrderValued
from optima_contracts.production import OrderCancelled, OrderConfirmed, OrderLine

from .conftest import DOUBLES
from .systems import Recorded, recorded

if TYPE_CHECKING:
    from ..conftest import Bridge


async def test_both_sides_are_compared_each_day_at_the_hour_that_is_wanted(bridge: Bridge) -> None:
    """And no more once nobody wants it."""
    async with recorded("odoo") as remote:
        await remote.add_customer("C1", "Cliente 1", "07643520567")
        wanted = {
            "connector": "odoo",
            "settings": {**remote.endpoint.settings, **remote.endpoint.secrets},
            "exchanges": {"customer": {"enabled": False, "compare_at": "03:00"}},
        }
        response, view = await bridge.as_("admin").put("/v1/connections/odoo", json=wanted)
        assert (response.status, view["exchanges"]["customer"]["compare_at"]) == (200, "03:00")

        async def compared() -> list[int]:
            """How many were missing here, the newest comparison first."""
            _, listed = await bridge.as_("admin").get("/v1/reconciliations")
            return [each["missing_here"] for each in listed["items"]]

        await bridge.work()
        assert await compared() == []
        for days in (1, 2):
            bridge.clock.advance(timedelta(days=1))
            await bridge.work()
            assert await compared() == [1] * days
        del wanted["exchanges"]["customer"]["compare_at"]
        changed = {"json": wanted, "headers": {"If-Match": '"1"'}}
        await bridge.as_("admin").put("/v1/connections/odoo", **changed)
        bridge.clock.advance(timedelta(days=1))
        await bridge.work()
        assert len(await compared()) == 2


async def order(bridge: Bridge, n: int, deadline: date) -> None:
    """One of ten pieces at 12,50 euro."""
    order_id, job_id = UUID(int=n), UUID(int=100 + n)
    goods = {"kind": "x", "description": "Espositore", "quantity": "10", "unit": "u"}
    line = OrderLine(job_id=job_id, item_id=None, deliveries=[], **goods)
    confirmed = OrderConfirmed(
        order_id=order_id, number=f"O-2026/{n}", brief_id=None, customer="C1", deadline=deadline, lines=[line]
    )
    value = OrderLineValue(job_id=job_id, unit_price="12.50", amount="125.00")
    valued = OrderValued(order_id=order_id, brief_id=None, lines=[value], total="125.00")
    for event in (confirmed, valued):
        await bridge.tell(event, subject=order_id, correlation=order_id)


@pytest.mark.parametrize("connector", DOUBLES)
async def test_orders_are_compared_with_their_totals_by_month(bridge: Bridge, connector: str) -> None:
    async with recorded(connector) as remote:
        await remote.add_customer("C1", "Cliente 1", "07643520567")
        settings = {**remote.endpoint.settings, **remote.endpoint.secrets}
        wanted = {"connector": connector, "settings": settings}
        await bridge.as_("admin").put("/v1/connections/erp", json=wanted)
        await bridge.as_("admin").post("/v1/connections/erp/imports", json={"entity": "customer"})
        for n, deadline in enumerate([date(2026, 11, 30), date(2026, 12, 15), date(2026, 12, 24)], 1):
            await order(bridge, n, deadline)
        await bridge.work()
        assert await bridge.failures() == []
        path, reader = "/v1/connections/erp/reconciliations", bridge.as_("admin")
        response, told = await reader.post(path, json={"entity": "order"})
        assert response.status == 200, told
        both = {"there": 1, "linked": 1, "there_quantity": "10", "linked_quantity": "10"}
        amounts = {"there_amount": "125.00", "linked_amount": "125.00"}
        assert told["totals"][0] == {"period": "2026-11", **both, **amounts}
        assert [each["period"] for each in told["totals"]] == ["2026-11", "2026-12"]
        assert told["missing_here"] == told["missing_there"] == told["differing"] == 0
        # One goes there, one is changed, and there is one more that says it is ours.
        first, second, more = remote.tamper()
        _, told = await reader.post(path, json={"entity": "order"})
        assert [told[each] for each in ("there", "linked")] == [3, 3]
        _, listed = await reader.get(f"/v1/reconciliations/{told['id']}/differences")
        assert [(each["kind"], each["remote_id"], each["name"]) for each in listed["items"]] == [
            ("differing", second, "O-2026/2"),
            ("missing_here", more, "O-2026/9"),
            ("missing_there", first, "O-2026/1"),
        ]
        november, december = told["totals"]
        assert (november["there"], november["there_quantity"]) == (0, "0")
        assert (november["linked_amount"], "there_amount" in november) == ("125.00", False)
        assert december == {
            "period": "2026-12",
            "there": 3,
            "linked": 2,
            "there_quantity": "29",
            "linked_quantity": "20",
            "there_amount": "362.50",
            "linked_amount": "250.00",
        }
        _, report = await reader.get(f"/v1/reconciliations/{told['id']}/report")
        assert "Totale del mese;;;;;;dicembre 2026;3;2;29;20;362,50;250,00" in report.decode()
        # What documents come to in money is for those who may see what work costs.
        office = bridge.as_("backoffice")
        _, seen = await office.get(f"/v1/reconciliations/{told['id']}")
        assert not any(name.endswith("amount") for each in seen["totals"] for name in each)
        _, report = await office.get(f"/v1/reconciliations/{told['id']}/report")
        assert "362,50" not in report.decode()


@pytest.mark.parametrize("connector", DOUBLES)
async def test_a_cancelled_order_is_no_difference(bridge: Bridge, connector: str) -> None:
    """Whether it is cancelled there, or deleted since there is no such state."""
    async with recorded(connector) as remote:
        await remote.add_customer("C1", "Cliente 1", "07643520567")
        settings = {**remote.endpoint.settings, **remote.endpoint.secrets}
        wanted = {"connector": connector, "settings": settings}
        await bridge.as_("admin").put("/v1/connections/erp", json=wanted)
        await bridge.as_("admin").post("/v1/connections/erp/imports", json={"entity": "customer"})
        for n in (1, 2):
            await order(bridge, n, date(2026, 12, 15))
        await bridge.work()
        cancelled = OrderCancelled(order_id=UUID(int=1), brief_id=None, reason="x")
        await bridge.tell(cancelled, subject=UUID(int=1), correlation=UUID(int=1))
        await bridge.work()
        assert await bridge.failures() == []
        path = "/v1/connections/erp/reconciliations"
        _, told = await bridge.as_("admin").post(path, json={"entity": "order"})
        assert told["missing_here"] == told["missing_there"] == told["differing"] == 0
        (total,) = told["totals"]
        assert (total["there"], total["there_quantity"], total["there_amount"]) == (
            total["linked"],
            total["linked_quantity"],
            total["linked_amount"],
        )
        assert (total["there_quantity"], total["there_amount"]) == ("10", "125.00")


async def connected(bridge: Bridge, remote: Recorded) -> dict[str, Any]:
    """The connection as it was told, with one customer of the ERP's."""
    await remote.add_customer("C1", "Cliente 1", "07643520567")
    settings = {**remote.endpoint.settings, **remote.endpoint.secrets}
    body = {"connector": remote.connector.describe().key, "settings": settings}
    response, view = await bridge.as_("admin").put("/v1/connections/gestionale", json=body)
    assert response.status == 200, view
    await bridge.import_all("customer")
    return body


async def reconnected(bridge: Bridge, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    response, told = await bridge.as_("admin").put(
        "/v1/connections/gestionale", json=body, headers={"If-Match": '"1"'}
    )
    return response.status, told


async def test_a_server_that_is_down_is_one_outage(bridge: Bridge) -> None:
    async with recorded("odoo") as remote:
        body = await connected(bridge, remote)
        nowhere = {**body["settings"], "url": "http://127.0.0.1:9"}
        assert (await reconnected(bridge, {**body, "settings": nowhere}))[0] == 200
        for n in (1, 2):
            await order(bridge, n, date(2026, 12, 15))
        await bridge.work()
        (failure,) = await bridge.failures()
        assert (failure["entity"], failure["problems"][0]["code"]) == ("connection", "remote_unreachable")


async def test_credentials_are_asked_for_again_when_the_connection_leads_elsewhere(bridge: Bridge) -> None:
    async with recorded("odoo") as remote:
        body = await connected(bridge, remote)
        _, view = await bridge.as_("admin").get("/v1/connections/gestionale")
        settings, key = dict(view["settings"]), remote.endpoint.secrets["api_key"]
        assert view["secrets"] == ["api_key"]
        assert key not in str(view)
        elsewhere = {**settings, "url": "https://elsewhere.example"}
        status, problem = await reconnected(bridge, {**body, "settings": elsewhere})
        assert (status, [each["field"] for each in problem["errors"]]) == (422, ["settings.api_key"])
        assert (await reconnected(bridge, {**body, "settings": settings}))[0] == 200
        (row,) = await bridge.stored.fetch("SELECT secrets, settings::text FROM connections")
        assert key.encode() not in row["secrets"]
        assert key not in row["settings"]


async def test_a_connection_keeps_to_its_ceiling_of_calls(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns: list[int] = []

    async def turn(self: SharedPace) -> None:
        turns.append(self.calls_per_minute)

    monkeypatch.setattr(SharedPace, "turn", turn)
    async with recorded("odoo") as remote:
        body = await connected(bridge, remote)
        turns.clear()
        status, view = await reconnected(bridge, {**body, "calls_per_minute": 90})
        assert (status, view["calls_per_minute"]) == (200, 90)
        await bridge.as_("backoffice").post("/v1/connections/gestionale/check")
    assert turns
    assert set(turns) == {90}


async def test_an_entity_whose_fields_went_is_paused_and_goes_on_when_told(bridge: Bridge) -> None:
    async with recorded("odoo") as remote:
        await connected(bridge, remote)
        lost = remote.lose_field()
        response, problem = await bridge.as_("backoffice").post(
            "/v1/connections/gestionale/imports", json={"entity": "customer"}
        )
        assert (response.status, problem["code"]) == (409, "entity_paused")
        # Others go on, and nobody takes it for an outage.
        await bridge.import_all("product")
        view = await bridge.connection()
        paused = [entity for entity, each in view["exchanges"].items() if each["paused"]]
        assert (paused, "outage" in view) == (["customer"], False)
        (failure,) = await bridge.failures()
        assert (failure["error_class"], failure["actions"]) == ("paused", ["replay"])
        assert [(each["code"], each["field"]) for each in failure["problems"]] == [
            ("schema_field_gone", lost)
        ]
        remote.double.missing.clear()
        response, told = await bridge.as_("backoffice").post(f"/v1/failures/{failure['id']}/replay")
        assert (response.status, told["resolved"]) == (200, True)
        assert not any(each["paused"] for each in (await bridge.connection())["exchanges"].values())


@pytest.mark.parametrize("connector", DOUBLES)
async def test_credentials_are_in_no_answer_log_or_event(bridge: Bridge, connector: str) -> None:
    """Whatever an ERP makes of them: it repeats them in its refusals, and lets nobody in with them."""
    async with recorded(connector) as remote:
        secrets = {name: f"parola-{name}-{text}" for name, text in remote.endpoint.secrets.items()}
        admin = bridge.as_("admin")
        answers: list[object] = []
        with capture_logs() as logged:
            for credentials in (secrets, remote.endpoint.secrets):
                wanted = {"connector": connector, "settings": {**remote.endpoint.settings, **credentials}}
                known, _ = await admin.get("/v1/connections/erp")
                headers = {"If-Match": known.headers["ETag"]} if known.status == 200 else {}
                answers.append((await admin.put("/v1/connections/erp", json=wanted, headers=headers))[1])
                answers.append((await admin.post("/v1/connections/erp/check", json={}))[1])
                told = " ".join([*credentials.values(), *remote.endpoint.secrets.values()])
                remote.proxy.answer_next(400, f'{{"message": "No {told}"}}'.encode())
                await admin.post("/v1/connections/erp/imports", json={"entity": "customer"})
                await order(bridge, len(answers), date(2026, 11, 30))
                await bridge.work()
            for path in ("/v1/connections", "/v1/connections/erp", "/v1/failures", "/v1/runs"):
                answers.append((await admin.get(path))[1])
        shown = f"{answers} {logged} {[event.data for event in await bridge.app.published()]}"
        assert connector in shown
        for secret in (*secrets.values(), *remote.endpoint.secrets.values()):
            assert secret not in shown
