"""DDT numbers: no gap, no double, in the order of their dates, whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from logistics.adapters.metrics import (
    DDT_NUMBERS_MISSING,
    DDT_SERIES,
    DDTS_ISSUED,
    DDTS_VOIDED,
    SHIPMENTS,
    measure,
    measure_documents,
)
from logistics.application.ports import Ports
from optima_kit.db import UnitOfWork
from optima_kit.testing import ServiceHarness
from optima_kit.testing.nights import SAMPLING

from ..conftest import DOCUMENT_TYPE, NOW, SERVICE, Depot


async def numbers(depot: Depot) -> list[str]:
    rows = await depot.database.fetch("SELECT number FROM ddts ORDER BY year, series, progressive")
    return [row["number"] for row in rows]


AT_ONCE = 15 if SAMPLING else 50
"""Preparing each takes as long as issuing it."""


async def test_many_at_once_take_one_number_each_from_the_first(open_depot: Callable[..., Any]) -> None:
    async with open_depot(pool_size=12) as depot:
        await depot.furnish()
        order = await depot.stocked_order(quantities=("100",))
        shipments = [await depot.picked(order, "1") for _ in range(AT_ONCE)]
        answers = await asyncio.gather(*(depot.attempt(shipment, "issuance") for shipment in shipments))
        assert {response.status for response, _ in answers} == {200}
        taken = sorted(shipment["ddt"]["progressive"] for _, shipment in answers)
        assert taken == list(range(1, AT_ONCE + 1))
        assert await numbers(depot) == [f"{n}/2026" for n in taken]
        told = await depot.database.published("optima.logistics.ddt_issued.v1")
        assert sorted(event.data["progressive"] for event in told) == taken


async def test_many_at_once_in_three_series_leave_no_gap_in_any(open_depot: Callable[..., Any]) -> None:
    async with open_depot(pool_size=12) as depot:
        await depot.furnish()
        orders = [await depot.stocked_order(quantities=("100",)) for _ in range(3)]
        shipments = [await depot.picked(orders[n % 3], "1") for n in range(AT_ONCE)]
        series = [("", "A", "B")[n % 3] for n in range(AT_ONCE)]
        answers = await asyncio.gather(
            *(
                depot.attempt(shipment, "issuance", **({"series": name} if name else {}))
                for shipment, name in zip(shipments, series, strict=True)
            )
        )
        assert {response.status for response, _ in answers} == {200}
        for name in ("", "A", "B"):
            taken = [each["ddt"]["progressive"] for _, each in answers if each["ddt"]["series"] == name]
            assert sorted(taken) == list(range(1, series.count(name) + 1))


class Interrupted(asyncpg.SerializationError):
    """The database gave up between the number and the commit. (Of all failures, one that logs nothing.)"""


async def test_a_number_whose_transaction_fails_is_taken_by_the_next(depot: Depot) -> None:
    """Every third issue breaks down after its number was taken, half of them as late as after the event."""
    first, second = await depot.stocked_order(), await depot.stocked_order()
    shipments = [await depot.picked(order, "1") for order in (first, second) for _ in range(9)]
    ids = [shipment["id"] for shipment in shipments]

    class Breaking:
        """Breaks down whenever a method is called about one of these shipments."""

        def __init__(self, inner: Any, method: str, doomed: list[str]) -> None:
            self._inner, self._method, self._doomed = inner, method, doomed

        def __getattr__(self, name: str) -> Any:
            found = getattr(self._inner, name)

            def called(*arguments: Any, **named: Any) -> Any:
                if name == self._method and any(id_ in f"{arguments} {named}" for id_ in self._doomed):
                    raise Interrupted
                return found(*arguments, **named)

            return called

    def ports(work: UnitOfWork) -> Ports:
        whole = SERVICE.ports(work)
        return replace(
            whole,
            ledger=Breaking(whole.ledger, "insert_movements", ids[2::6]),
            jobs=Breaking(whole.jobs, "schedule", ids[5::6]),
        )

    breaking = replace(SERVICE, ports=ports)
    async with ServiceHarness.serve(
        breaking, depot.database, clock=depot.clock, tenant_id=depot.tenant_id, pool_size=8
    ) as app:
        shaky = Depot(app, depot.database, depot.clock)
        answers = await asyncio.gather(*(shaky.attempt(shipment, "issuance") for shipment in shipments))
    statuses = sorted(response.status for response, _ in answers)
    assert statuses == [200] * 12 + [409] * 6
    assert await numbers(depot) == [f"{n}/2026" for n in range(1, 13)]
    for (response, _), shipment in zip(answers, shipments, strict=True):
        if response.status == 409:
            await depot.act(shipment, "issuance")
    assert await numbers(depot) == [f"{n}/2026" for n in range(1, 19)]
    rows = await depot.database.fetch("SELECT last_progressive FROM ddt_series")
    assert [row["last_progressive"] for row in rows] == [18]


async def test_a_retry_with_the_same_key_gets_the_same_number(depot: Depot) -> None:
    shipment = await depot.picked(await depot.stocked_order(), "1")
    path, key = f"/v1/shipments/{shipment['id']}/issuance", {"Idempotency-Key": "once"}
    _, first = await depot.client.post(path, {}, headers=key)
    response, again = await depot.client.post(path, {}, headers=key)
    assert (response.status, again) == (200, first)
    assert await numbers(depot) == ["1/2026"]


async def test_a_new_year_begins_at_midnight_of_the_sender(depot: Depot) -> None:
    order = await depot.stocked_order()
    shipments = [await depot.picked(order, "1") for _ in range(5)]
    depot.clock.set(datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC))
    assert (await depot.act(shipments[0], "issuance"))["ddt"]["number"] == "1/2026"
    depot.clock.set(datetime(2026, 12, 31, 23, 0, 0, tzinfo=UTC))
    new_year = (await depot.act(shipments[1], "issuance"))["ddt"]
    assert (new_year["number"], new_year["issue_date"]) == ("1/2027", "2027-01-01")
    assert (await depot.act(shipments[2], "issuance"))["ddt"]["number"] == "2/2027"
    late = (await depot.act(shipments[3], "issuance", issue_date="2026-12-31"))["ddt"]
    assert (late["number"], late["year"]) == ("2/2026", 2026)
    assert (await depot.act(shipments[4], "issuance"))["ddt"]["number"] == "3/2027"


@pytest.mark.parametrize(
    ("midnight", "day_before", "day_after"),
    [
        (datetime(2026, 10, 24, 22, tzinfo=UTC), "2026-10-24", "2026-10-25"),  # summer time ends at three
        (datetime(2026, 10, 25, 23, tzinfo=UTC), "2026-10-25", "2026-10-26"),
        (datetime(2026, 12, 31, 23, tzinfo=UTC), "2026-12-31", "2027-01-01"),
        (datetime(2027, 3, 27, 23, tzinfo=UTC), "2027-03-27", "2027-03-28"),  # summer time begins at two
        (datetime(2027, 3, 28, 22, tzinfo=UTC), "2027-03-28", "2027-03-29"),
    ],
)
async def test_days_begin_at_midnight_of_the_sender(
    depot: Depot, midnight: datetime, day_before: str, day_after: str
) -> None:
    """A second before and after, with and without summer time; and a year's first number is 1."""
    depot.clock.set(midnight - timedelta(seconds=1))
    order = await depot.stocked_order()
    first, second = await depot.picked(order, "1"), await depot.picked(order, "1")
    before = (await depot.act(first, "issuance"))["ddt"]
    depot.clock.set(midnight)
    after = (await depot.act(second, "issuance"))["ddt"]
    assert (before["issue_date"], after["issue_date"]) == (day_before, day_after)
    new_year = day_before[:4] != day_after[:4]
    assert after["number"] == f"{1 if new_year else 2}/{day_after[:4]}"


async def test_each_series_counts_for_itself(depot: Depot) -> None:
    order = await depot.stocked_order()
    taken = []
    for series in (None, "A", "A", None, "RESI"):
        body = {} if series is None else {"series": series}
        taken.append((await depot.act(await depot.picked(order, "1"), "issuance", **body))["ddt"]["number"])
    assert taken == ["1/2026", "1/A/2026", "2/A/2026", "2/2026", "1/RESI/2026"]
    for bad in ("a", "TOOLONG", "A/B", ""):
        response, problem = await depot.attempt(await depot.draft(order, "1"), "issuance", series=bad)
        assert (response.status, problem["errors"][0]["field"]) == (422, "series")


async def test_no_document_is_dated_before_its_predecessor_or_in_the_future(depot: Depot) -> None:
    depot.clock.advance(timedelta(days=-7))
    order = await depot.stocked_order()
    depot.clock.advance(timedelta(days=7))
    first, second = await depot.picked(order, "1"), await depot.picked(order, "1")
    await depot.act(first, "issuance", issue_date="2026-11-20")
    for day, code in (("2026-11-19", "issue_date_before_last"), ("2026-11-25", "issue_date_in_the_future")):
        response, problem = await depot.attempt(second, "issuance", issue_date=day)
        assert (response.status, problem["code"]) == (422, code)
        assert problem["errors"][0]["field"] == "issue_date"
    response, problem = await depot.attempt(second, "issuance", issue_date="2026-11-19", series="B")
    assert response.status == 200, "another series has dates of its own"
    assert await numbers(depot) == ["1/2026", "1/B/2026"]


async def test_goods_come_in_are_documented_leave_and_arrive_in_this_order(depot: Depot) -> None:
    """Days are the sender's: 23:30 of the 23rd in UTC is the 24th in Rome."""
    order = await depot.stocked_order()
    shipment = await depot.picked(order, "1")
    for day in ("1999-01-04", "2026-11-23"):
        response, problem = await depot.attempt(shipment, "issuance", issue_date=day)
        assert (response.status, problem["code"]) == (422, "issue_date_before_receipt")
        assert problem["errors"][0]["field"] == "issue_date"
    await depot.act(shipment, "issuance")
    for moment in ("2020-01-04T09:00:00Z", "2026-11-23T22:30:00Z"):
        response, problem = await depot.attempt(shipment, "departure", departed_at=moment)
        assert (response.status, problem["code"]) == (422, "departure_before_issue")
        assert problem["errors"][0]["field"] == "departed_at"
    await depot.act(shipment, "departure", departed_at="2026-11-23T23:30:00Z")
    for moment, code in (
        ("2026-11-23T23:00:00Z", "delivery_before_departure"),
        ("2026-11-25T00:00:00Z", "moment_in_the_future"),
    ):
        body = {"received_by": "Carla Neri", "delivered_at": moment}
        response, problem = await depot.attempt(shipment, "delivery", **body)
        assert (response.status, problem["code"]) == (422, code)


NO_DAYS: list[str] = ["0001-01-01", "0001-01-02", "1899-12-31", "2200-01-01", "9999-12-31"]


async def test_a_date_beyond_reach_is_refused(depot: Depot) -> None:
    shipment = await depot.picked(await depot.stocked_order(), "1")
    for day in NO_DAYS:
        attempts = [
            ("issuance", "issue_date", day),
            ("departure", "departed_at", f"{day}T12:00:00Z"),
            ("delivery", "delivered_at", f"{day}T12:00:00Z"),
        ]
        for action, field, value in attempts:
            response, problem = await depot.attempt(shipment, action, **{"received_by": "x", field: value})
            assert response.status == 422, problem
            assert "date_out_of_range" in {each["code"] for each in problem["errors"]}, problem


async def test_a_voided_number_stays_used_and_the_reissue_takes_the_next(depot: Depot) -> None:
    order = await depot.stocked_order()
    shipment = await depot.picked(order, "100")
    await depot.act(shipment, "issuance")
    voided = await depot.act(shipment, "voiding", reason="Destinatario errato", reissue=True)
    assert (voided["state"], voided["ddt"]["number"]) == ("voided", "1/2026")
    assert voided["ended_because"] == "Destinatario errato"
    _, again = await depot.client.get(f"/v1/shipments/{voided['replaced_by_id']}")
    assert (again["state"], again["replaces_id"]) == ("draft", shipment["id"])
    assert again["lines"] == voided["lines"]
    assert (await depot.stock())[str(order.jobs[0])] == ("100", "100", "0")
    await depot.act(again, "picking")
    assert (await depot.act(again, "issuance"))["ddt"]["number"] == "2/2026"
    events = await depot.database.published()
    told = next(event for event in events if event.type == "optima.logistics.ddt_voided.v1")
    assert (told.data["number"], told.data["replaced_by"]) == ("1/2026", again["id"])
    assert await numbers(depot) == ["1/2026", "2/2026"]
    response, problem = await depot.attempt(voided, "voiding", reason="Ancora", reissue=False)
    assert (response.status, problem["code"]) == (409, "ddt_not_voidable")


async def test_the_replacement_of_a_voided_document_is_a_free_draft(depot: Depot) -> None:
    order = await depot.stocked_order(deliveries={"MI-DUOMO": "60", "RM-TERMINI": "40"})
    shipment = await depot.picked(order, "60")
    await depot.act(shipment, "issuance")
    body = depot.shipment_body(order, "30", destination="RM-TERMINI", replaces_id=shipment["id"])
    response, problem = await depot.client.post("/v1/shipments", body)
    assert (response.status, problem["code"]) == (409, "shipment_not_replaceable")
    await depot.act(shipment, "voiding", reason="Destinatario errato", reissue=False)
    response, again = await depot.client.post("/v1/shipments", body)
    assert (response.status, again["replaces_id"]) == (201, shipment["id"])
    _, voided = await depot.client.get(f"/v1/shipments/{shipment['id']}")
    assert (voided["replaced_by_id"], voided["state"]) == (again["id"], "voided")
    response, problem = await depot.client.post("/v1/shipments", body | {"lines": body["lines"]})
    assert (response.status, problem["code"]) == (409, "shipment_not_replaceable")
    await depot.act(again, "cancellation", reason="Rinviata")
    response, third = await depot.client.post("/v1/shipments", body)
    assert response.status == 201, third
    await depot.act(third, "picking")
    await depot.act(third, "issuance")
    (document,) = await depot.database.fetch(
        "SELECT document FROM ddts WHERE number = '2/2026' AND tenant_id = $1", depot.tenant_id
    )
    assert '"replaces_number": "1/2026"' in document["document"]


async def test_a_document_voided_without_reissue_gives_the_goods_back(depot: Depot) -> None:
    order = await depot.stocked_order()
    shipment = await depot.picked(order, "100")
    await depot.act(shipment, "issuance")
    voided = await depot.act(shipment, "voiding", reason="Viaggio annullato", reissue=False)
    assert "replaced_by_id" not in voided
    assert (await depot.stock())[str(order.jobs[0])] == ("100", "0", "100")


async def test_goods_on_their_way_come_back_by_a_refusal_and_not_by_a_void(depot: Depot) -> None:
    shipment = await depot.picked(await depot.stocked_order(), "100")
    await depot.act(shipment, "issuance")
    await depot.act(shipment, "departure")
    response, problem = await depot.attempt(shipment, "voiding", reason="Ripensamento", reissue=False)
    assert (response.status, problem["code"]) == (409, "ddt_not_voidable")
    assert await depot.stock() == {}, "the lorry drives"
    assert (await depot.act(shipment, "refusal", reason="Richiamata"))["state"] == "refused"


async def test_what_the_law_demands_is_told_at_once_and_nothing_is_written(depot: Depot) -> None:
    order = await depot.stocked_order()
    shipment = await depot.picked(order, "1", transport_by="vettore", carrier=None, packages=None)
    before = await depot.app.types()
    response, problem = await depot.attempt(shipment, "issuance", issue_date="2026-12-01")
    assert (response.status, problem["code"]) == (422, "violations")
    assert [(error["field"], error["code"]) for error in problem["errors"]] == [
        ("issue_date", "issue_date_in_the_future"),
        ("carrier", "carrier_missing"),
    ]
    assert all(error["detail"] for error in problem["errors"])
    assert await depot.app.types() == before
    assert await numbers(depot) == []
    assert await depot.database.fetch("SELECT 1 FROM ddt_series") == []
    assert (await depot.stock())[str(order.jobs[0])] == ("100", "1", "99")


async def test_without_a_sender_nothing_is_issued_and_the_newest_counts(
    open_depot: Callable[..., Any],
) -> None:
    async with open_depot() as depot:
        await depot.furnish()
        shipment = await depot.picked(await depot.stocked_order(), "1")
        await depot.database.fetch("DELETE FROM senders")
        response, problem = await depot.attempt(shipment, "issuance")
        assert (response.status, problem["code"]) == (422, "sender_unknown")
        await depot.introduce_sender(province="")
        response, problem = await depot.attempt(shipment, "issuance")
        assert problem["errors"][0]["field"] == "sender.province"
        await depot.introduce_sender(name="Caffè Aurora Holding S.p.A.")
        await depot.act(shipment, "issuance")
        event = (await depot.database.published("optima.logistics.ddt_issued.v1"))[0]
        assert event.data["sender"]["name"] == "Caffè Aurora Holding S.p.A."


async def test_an_issued_document_keeps_what_it_said(depot: Depot) -> None:
    shipment = await depot.picked(await depot.stocked_order(), "1")
    await depot.act(shipment, "issuance")
    path = f"/v1/shipments/{shipment['id']}/ddt.pdf"
    response, before = await depot.client.get(path)
    assert (response.status, response.content_type) == (200, "application/pdf")
    assert "DDT%201-2026.pdf" in response.headers["Content-Disposition"]
    await depot.introduce_sender(name="Altro nome")
    moved = DOCUMENT_TYPE | {"text": "Altro"}
    assert (await depot.client.put("/v1/document-types/vendita", moved))[0].status == 200
    depot.clock.advance(timedelta(days=3))
    assert (await depot.client.get(path))[1] == before
    voided = await depot.act(shipment, "voiding", reason="Errore", reissue=False)
    assert (await depot.client.get(path))[1] != before, "a voided one says so"
    assert voided["ddt"]["issued_at"] == NOW.isoformat().replace("+00:00", "Z")


async def test_the_ledger_and_the_documents_can_not_be_rewritten(depot: Depot) -> None:
    shipment = await depot.picked(await depot.stocked_order(), "1")
    await depot.act(shipment, "issuance")
    for statement in (
        "UPDATE movements SET quantity = 1",
        "DELETE FROM movements",
        "UPDATE ddts SET number = '7/2026'",
        "DELETE FROM ddts",
        "DELETE FROM shipments",
        "DELETE FROM ddt_series",
    ):
        async with depot.app.database.connection() as connection:
            with pytest.raises(Exception, match="permission denied"):
                await connection.execute(statement)


async def test_the_pdf_is_made_once_and_kept(depot: Depot) -> None:
    shipment = await depot.picked(await depot.stocked_order(), "1")
    await depot.act(shipment, "issuance")
    path = f"/v1/shipments/{shipment['id']}/ddt.pdf"
    _, on_the_spot = await depot.client.get(path)
    (stored,) = await depot.database.fetch("SELECT pdf FROM ddt_pdfs")
    assert stored["pdf"] == on_the_spot
    assert await depot.work() == 1
    assert await depot.work() == 0
    await depot.database.fetch("DELETE FROM ddt_pdfs")
    await depot.database.fetch("UPDATE jobs SET state = 'due', hinted_at = NULL")
    assert await depot.work() == 1
    (stored,) = await depot.database.fetch("SELECT pdf FROM ddt_pdfs")
    assert stored["pdf"] == on_the_spot
    await depot.database.fetch("UPDATE ddt_pdfs SET pdf = $1", b"%PDF kept")
    assert (await depot.client.get(path))[1] == b"%PDF kept"
    await depot.act(shipment, "voiding", reason="Errore", reissue=False)
    assert b"kept" not in (await depot.client.get(path))[1], "a voided one is never read from the store"


async def test_nobody_waits_for_a_connection_while_a_sheet_is_typeset(depot: Depot) -> None:
    shipment = await depot.picked(await depot.stocked_order(), "1")
    await depot.act(shipment, "issuance")

    class Typesetter:
        async def print(self, *_: Any, **__: Any) -> bytes:
            async with asyncio.timeout(5), app.database.connection() as connection:
                return b"%%PDF %d" % await connection.fetchval("SELECT 1")

    slow = replace(SERVICE, resources=Typesetter())
    async with ServiceHarness.serve(
        slow, depot.database, clock=depot.clock, tenant_id=depot.tenant_id, pool_size=1
    ) as app:
        path = f"/v1/shipments/{shipment['id']}/ddt.pdf"
        response, pdf = await app.as_(depot.sara).get(path)
    assert (response.status, pdf) == (200, b"%PDF 1")


async def test_what_is_counted(depot: Depot) -> None:
    order = await depot.stocked_order()
    await depot.draft(order, "1")
    for series in ("A", "B", "B"):
        await depot.act(await depot.picked(order, "1"), "issuance", series=series)
    connection = await asyncpg.connect(depot.database.backbone_url)
    try:
        await measure(connection)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch("SELECT destination FROM shipments")
    finally:
        await connection.close()
    assert SHIPMENTS.labels("draft")._value.get() == 1
    assert SHIPMENTS.labels("picked")._value.get() == 0
    assert SHIPMENTS.labels("issued")._value.get() == 3
    assert DDTS_ISSUED._value.get() == 3


async def test_a_gap_in_a_series_is_counted(depot: Depot) -> None:
    """One that numbering never leaves: a restore of some tables and not of others might."""
    order = await depot.stocked_order()
    *_, voided = [
        (await depot.act(await depot.picked(order, "1"), "issuance", series=series))
        for series in ("A", "B", "B")
    ]
    await depot.act(voided, "voiding", reason="Errore", reissue=False)

    async def counted() -> tuple[float, ...]:
        connection = await asyncpg.connect(depot.database.backbone_url)
        try:
            await measure_documents(connection)
            for column in ("document", "number", "progressive"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.fetch(f"SELECT {column} FROM ddts")
        finally:
            await connection.close()
        return tuple(gauge._value.get() for gauge in (DDT_SERIES, DDT_NUMBERS_MISSING, DDTS_VOIDED))

    assert await counted() == (2, 0, 1)
    await depot.database.fetch("DELETE FROM ddts WHERE series = 'B' AND progressive = 1")
    assert await counted() == (2, 1, 1)
    await depot.database.fetch("UPDATE ddt_series SET last_progressive = 0 WHERE series = 'A'")
    assert await counted() == (2, 2, 1)
