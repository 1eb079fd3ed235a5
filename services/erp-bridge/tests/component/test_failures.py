"""Failures are grouped by what is wrong, and settled many at once: replayed, or dismissed with a reason."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from optima_contracts.erp import CustomerChanged, FailuresDismissed, RecordRefused
from optima_contracts.production import OrderCancelled, OrderConfirmed

from ..conftest import Bridge

VAT_NUMBERS = ["07643520567", "12345670587", "01234560371", "00905811006"]
MAPPING = {"customer": {"province": {"remote": "provincia", "code_map": {"MI": "Mailand"}}}}
WHY = {"reason": "Clienti cessati"}
ORDER = OrderConfirmed(
    order_id=UUID(int=7), number="O-7", brief_id=None, customer="NUOVO", deadline=date(2027, 2, 15), lines=[]
)


def row(n: int, province: str = "MI", code: str | None = None, name: str | None = None) -> str:
    code, name = code or f"C-{n}", f"Dolci {n} S.r.l." if name is None else name
    return f"{code};{name};{VAT_NUMBERS[n]};;Via Torino 2;20123;Milano;{province};MP05;RB 60 gg FM\n"


async def groups(bridge: Bridge) -> list[tuple[str, str, int]]:
    _, listed = await bridge.as_("backoffice").get("/v1/failure-groups?connection=gestionale")
    return [(each["error_class"], each["code"], each["failures"]) for each in listed["items"]]


@pytest.fixture
async def failed(bridge: Bridge) -> Any:
    """Three rows with a province that nobody knows, and one without a name."""
    await bridge.connect()
    bridge.drop(*(row(n, "Mailand") for n in range(3)), row(3, name=""))
    await bridge.import_all()
    return bridge


async def test_failures_are_counted_by_what_is_wrong(failed: Any) -> None:
    assert await groups(failed) == [
        ("refused", "province_wrong", 3),
        ("refused", "value_missing", 1),
    ]
    _, page = await failed.as_("backoffice").get("/v1/failure-groups?limit=1")
    _, rest = await failed.as_("backoffice").get(f"/v1/failure-groups?cursor={page['next_cursor']}")
    assert [each["code"] for each in page["items"] + rest["items"]] == [
        "province_wrong",
        "value_missing",
    ]
    assert "due lettere" in page["items"][0]["detail"]
    _, listed = await failed.as_("backoffice").get("/v1/failures?code=value_missing&entity=customer")
    assert [each["record"] for each in listed["items"]] == ["C-3"]


async def test_all_of_a_kind_are_tried_again_at_once(failed: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("erp_bridge.application.replay_failures.PAGE", 2)
    body = {"connector": "drop-folder", "settings": {"folder": "acme"}, "mapping": MAPPING}
    await failed.as_("admin").put("/v1/connections/gestionale", json=body, headers={"If-Match": '"1"'})
    response, told = await failed.as_("backoffice").post(
        "/v1/failure-replays", json={"connection": "gestionale"}
    )
    assert (response.status, told) == (202, {"failures": 4})
    await failed.work()
    assert await groups(failed) == [("refused", "value_missing", 1)]
    assert len(await failed.stored.published(CustomerChanged.type)) == 3


async def test_what_is_dismissed_asks_no_more_until_it_changes(failed: Any) -> None:
    anna = failed.as_("backoffice", person_id=UUID(int=77))
    wanted = {"connection": "gestionale", "code": "province_wrong"}
    response, told = await anna.post("/v1/failure-dismissals", json={**wanted, **WHY})
    assert (response.status, told) == (200, {"failures": 3})
    assert await groups(failed) == [("refused", "value_missing", 1)]
    assert (await failed.connection())["failures"] == 1
    (event,) = await failed.stored.published(FailuresDismissed.type)
    assert (event.actorid, event.data["failures"], event.data["reason"]) == (UUID(int=77), 3, WHY["reason"])
    _, listed = await anna.get("/v1/failures?dismissed=true")
    one = listed["items"][0]
    assert (one["dismissed_by"], one["dismissal_reason"]) == ({"id": str(UUID(int=77))}, WHY["reason"])
    # The nightly export brings the same rows again, and one that is wrong otherwise.
    events = len(await failed.stored.published(RecordRefused.type))
    failed.drop(row(0, "Mailand"), row(1, "Turin"))
    await failed.import_all()
    assert await groups(failed) == [
        ("refused", "province_wrong", 1),
        ("refused", "value_missing", 1),
    ]
    assert len(await failed.stored.published(RecordRefused.type)) == events + 1


async def test_a_file_that_was_dismissed_asks_anew_when_it_comes_again(bridge: Bridge) -> None:
    await bridge.connect()
    for _ in range(2):
        bridge.drop("X\n", header="colonna\n")
        await bridge.import_all()
        (failure,) = await bridge.failures()
        path = f"/v1/failures/{failure['id']}/dismissal"
        response, _ = await bridge.as_("backoffice").post(path, json=WHY)
        assert response.status == 200
        assert await bridge.failures() == []


async def test_a_dismissed_document_leaves_only_when_it_changes(bridge: Bridge) -> None:
    await bridge.connect()
    await bridge.tell(ORDER, subject=ORDER.order_id, correlation=ORDER.order_id)
    await bridge.work()
    assert await groups(bridge) == [("waiting", "customer_not_told_of", 1)]
    await bridge.as_("backoffice").post("/v1/failure-dismissals", json={"connection": "gestionale", **WHY})
    assert (await bridge.connection())["waiting"] == 0
    await bridge.import_customers(row(0, code="NUOVO"))
    await bridge.work()
    assert not (bridge.folder / "out" / "ordini").exists()
    cancelled = OrderCancelled(order_id=ORDER.order_id, brief_id=None, reason="x")
    await bridge.tell(cancelled, subject=ORDER.order_id, correlation=ORDER.order_id)
    await bridge.work()
    assert len(list((bridge.folder / "out" / "ordini").iterdir())) == 1
    assert await bridge.failures() == []


async def test_a_dismissed_document_can_be_sent_after_all(bridge: Bridge) -> None:
    await bridge.connect()
    await bridge.tell(ORDER, subject=ORDER.order_id, correlation=ORDER.order_id)
    await bridge.work()
    (failure,) = await bridge.failures()
    path = f"/v1/failures/{failure['id']}"
    await bridge.as_("backoffice").post(f"{path}/dismissal", json=WHY)
    response, problem = await bridge.as_("backoffice").post(f"{path}/dismissal", json=WHY)
    assert (response.status, problem["code"]) == (409, "failures_not_dismissible")
    await bridge.import_customers(row(0, code="NUOVO"))
    await bridge.as_("backoffice").post(f"{path}/replay")
    await bridge.work()
    assert len(list((bridge.folder / "out" / "ordini").iterdir())) == 1


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v1/failure-replays", "failures_not_replayable"),
        ("/v1/failure-dismissals", "failures_not_dismissible"),
    ],
)
async def test_nothing_to_settle_is_told(failed: Any, path: str, code: str) -> None:
    body = {"connection": "gestionale", "entity": "supplier", **(WHY if "dismissals" in path else {})}
    response, problem = await failed.as_("backoffice").post(path, json=body)
    assert (response.status, problem["code"]) == (409, code)


async def test_nobody_settles_anothers_failures(failed: Any) -> None:
    stranger = failed.as_("admin", tenant_id=UUID(int=2))
    response, _ = await stranger.post("/v1/failure-dismissals", json={"connection": "gestionale", **WHY})
    assert response.status == 404
    assert len(await failed.failures()) == 4
