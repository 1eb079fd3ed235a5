"""What the ERP leaves is taken in once, row by row, and a dry run changes nothing."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from erp_bridge.adapters.drop_folder import DropFolder
from optima_contracts.erp import CustomerChanged, RecordRefused

MILANO = "AURORA-MI;Caffè Aurora Milano S.r.l.;07643520567;;Via Torino 2;20123;Milano;MI;MP12;RB 60 gg FM\n"
ROMA = "AURORA-RM;Caffè Aurora Roma S.r.l.;12345670587;;Via Nazionale 30;00184;Roma;RM;MP05;BB 30 gg FM\n"
BAD = "AURORA-X;Errata;123;;Via X;1;Y;ZZZ;MP99;boh\n"


def counts(file: dict[str, Any]) -> tuple[int, int, int, int]:
    return file["created"], file["changed"], file["unchanged"], file["refused"]


async def test_customers_come_in_and_are_told_of(bridge: Any) -> None:
    await bridge.connect()
    bridge.drop(MILANO, ROMA)
    (file,) = await bridge.take_in()
    assert counts(file) == (2, 0, 0, 0)
    told = await bridge.stored.published(CustomerChanged.type)
    assert [each.data["code"] for each in told] == ["AURORA-MI", "AURORA-RM"]
    assert told[0].data["payment"] == {"method": "MP12", "terms": "RB 60 gg FM"}
    assert str(told[0].subject) == told[0].data["customer_id"]
    assert told[0].source == "/optima/erp-bridge"
    _, listed = await bridge.as_("backoffice").get("/v1/customers")
    assert [each["code"] for each in listed["items"]] == ["AURORA-MI", "AURORA-RM"]
    assert listed["items"][0]["payment"]["instalments"] == [
        {"share": "100.00", "months": 2, "days": 0, "start": "month_end", "day": 31}
    ]


async def test_only_a_change_is_told_of(bridge: Any) -> None:
    await bridge.connect()
    bridge.drop(MILANO, ROMA)
    await bridge.take_in()
    bridge.drop(MILANO.replace("MP12;RB 60", "MP05;BB 30"), ROMA, name="clienti-2.csv")
    (file,) = await bridge.take_in()
    assert counts(file) == (0, 1, 1, 0)
    told = await bridge.stored.published(CustomerChanged.type)
    assert [each.data["payment"]["terms"] for each in told] == ["RB 60 gg FM", "BB 30 gg FM", "BB 30 gg FM"]
    assert told[2].subject == told[0].subject
    assert [each.sequence for each in told if each.subject == told[0].subject] == [1, 2]


async def test_files_are_put_away_after_the_commit(bridge: Any) -> None:
    await bridge.connect()
    path = bridge.drop(MILANO)
    await bridge.take_in()
    assert not path.exists()
    assert len(list((bridge.folder / "done").iterdir())) == 1
    assert await bridge.take_in() == []


async def test_a_file_read_again_after_a_crash_changes_nothing(bridge: Any, monkeypatch: Any) -> None:
    await bridge.connect()
    path = bridge.drop(MILANO)

    async def crash(*_: Any, **__: Any) -> None:
        raise RuntimeError("killed between commit and move")

    with monkeypatch.context() as patched:
        patched.setattr("erp_bridge.adapters.drop_folder.DropFolder.put_away", crash)
        response, _ = await bridge.as_("backoffice").post(
            "/v1/connections/gestionale/imports", json={"dry_run": False}
        )
        assert response.status == 500
    assert path.exists()
    (file,) = await bridge.take_in()
    assert counts(file) == (0, 0, 1, 0)
    assert len(await bridge.stored.published(CustomerChanged.type)) == 1


async def test_two_imports_at_once_take_each_file_in_once(bridge: Any) -> None:
    await bridge.connect()
    for n in range(5):
        bridge.drop(MILANO.replace("Via Torino 2", f"Via Torino {n}"), name=f"clienti-{n}.csv")
    await asyncio.gather(bridge.take_in(), bridge.take_in(), bridge.take_in())
    told = await bridge.stored.published(CustomerChanged.type)
    assert [each.data["legal"]["street"] for each in told] == [f"Via Torino {n}" for n in range(5)]


async def test_an_import_that_was_overtaken_does_not_bring_back_the_past(
    bridge: Any, monkeypatch: Any
) -> None:
    await bridge.connect()
    bridge.drop(MILANO, name="clienti-1.csv")
    bridge.drop(MILANO.replace("Via Torino 2", "Via Nuova 1"), name="clienti-2.csv")
    read = DropFolder.read

    async def read_slowly(self: DropFolder, *arguments: Any) -> Any:
        content = await read(self, *arguments)
        monkeypatch.setattr(DropFolder, "read", read)
        await bridge.take_in()
        return content

    monkeypatch.setattr(DropFolder, "read", read_slowly)
    assert await bridge.take_in() == []
    told = await bridge.stored.published(CustomerChanged.type)
    assert [each.data["legal"]["street"] for each in told] == ["Via Torino 2", "Via Nuova 1"]


async def test_a_bad_row_waits_for_a_person_and_stops_nobody(bridge: Any) -> None:
    await bridge.connect()
    bridge.drop(BAD, MILANO)
    (file,) = await bridge.take_in()
    assert counts(file) == (1, 0, 0, 1)
    (refusal,) = file["refusals"]
    assert (refusal["line"], refusal["record"]) == (2, "AURORA-X")
    assert all(each["detail"] and each["field"] for each in refusal["problems"])
    (failure,) = await bridge.failures()
    assert failure["payload"]["ragione_sociale"] == "Errata"
    assert (failure["attempts"], failure.get("retry_at")) == (1, None)
    (event,) = await bridge.stored.published(RecordRefused.type)
    assert event.data["failure_id"] == failure["failure_id"]


async def test_the_same_bad_row_is_one_failure_and_a_good_one_ends_it(bridge: Any) -> None:
    await bridge.connect()
    bridge.drop(BAD)
    await bridge.take_in()
    bridge.drop(BAD)
    await bridge.take_in()
    (failure,) = await bridge.failures()
    assert failure["attempts"] == 2
    bridge.drop(MILANO.replace("AURORA-MI", "AURORA-X"))
    await bridge.take_in()
    assert await bridge.failures() == []


async def test_a_replayed_row_is_read_under_the_mapping_of_now(bridge: Any) -> None:
    await bridge.connect()
    bridge.drop(MILANO.replace("MP12", "RIBA"))
    await bridge.take_in()
    (failure,) = await bridge.failures()
    backoffice = bridge.as_("backoffice")
    _, answer = await backoffice.post(f"/v1/failures/{failure['failure_id']}/replay")
    assert answer == {"resolved": False}
    mapping = {"customer": {"payment_method": {"remote": "modalita_pagamento", "code_map": {"MP12": "RIBA"}}}}
    response, view = await bridge.as_("admin").put(
        "/v1/connections/gestionale",
        json={"connector": "drop-folder", "settings": {"folder": "acme"}, "mapping": mapping},
        headers={"If-Match": '"1"'},
    )
    assert (response.status, view["mapping_version"]) == (200, 2)
    _, answer = await backoffice.post(f"/v1/failures/{failure['failure_id']}/replay")
    assert answer == {"resolved": True}
    assert await bridge.failures() == []
    assert len(await bridge.stored.published(CustomerChanged.type)) == 1


async def test_a_file_that_is_no_table_is_refused_whole(bridge: Any) -> None:
    await bridge.connect()
    bridge.drop("x;y\n", name="clienti-a.csv", header="ragione_sociale;cap\n")
    path = bridge.drop(name="clienti-b.csv")
    path.write_bytes(b"codice\n\xff\n")
    bridge.drop(MILANO, name="clienti-c.csv")
    files = await bridge.take_in()
    assert [counts(each) for each in files] == [(0, 0, 0, 1), (0, 0, 0, 1), (1, 0, 0, 0)]
    assert len(list((bridge.folder / "refused").iterdir())) == 2
    failures = await bridge.failures()
    assert {each["problems"][0]["code"] for each in failures} == {"column_missing", "file_unreadable"}
    response, problem = await bridge.as_("backoffice").post(
        f"/v1/failures/{failures[0]['failure_id']}/replay"
    )
    assert (response.status, problem["code"]) == (409, "file_must_come_again")


async def test_a_dry_run_says_the_same_and_writes_nothing(bridge: Any) -> None:
    await bridge.connect()
    bridge.drop(ROMA)
    await bridge.take_in()
    bridge.drop(MILANO, BAD, ROMA, name="clienti-1.csv")
    bridge.drop(MILANO, name="clienti-2.csv")
    rows = await bridge.everything()
    files = sorted(bridge.root.rglob("*"))
    bridge.clock.advance(timedelta(minutes=1))
    preview = await bridge.take_in(dry_run=True)
    assert await bridge.everything() == rows
    assert sorted(bridge.root.rglob("*")) == files
    assert [counts(each) for each in preview] == [(1, 0, 1, 1), (1, 0, 0, 0)]
    assert [counts(each) for each in await bridge.take_in()] == [(1, 0, 1, 1), (0, 0, 1, 0)]


async def test_the_folder_is_looked_at_regularly(bridge: Any) -> None:
    await bridge.connect()
    bridge.drop(MILANO)
    assert await bridge.work() == 0
    bridge.clock.advance(timedelta(seconds=30))
    assert await bridge.work() == 1
    assert (await bridge.connection())["customers"] == 1
    bridge.drop(ROMA)
    bridge.clock.advance(timedelta(seconds=30))
    await bridge.work()
    assert (await bridge.connection())["customers"] == 2


async def test_another_tenant_sees_nothing(bridge: Any) -> None:
    await bridge.connect()
    bridge.drop(MILANO, BAD)
    await bridge.take_in()
    (failure,) = await bridge.failures()
    _, listed = await bridge.as_("backoffice").get("/v1/customers")
    stranger = bridge.as_("admin", tenant_id=UUID(int=2))
    for path in ("/v1/connections/gestionale", f"/v1/customers/{listed['items'][0]['customer_id']}"):
        response, _ = await stranger.get(path)
        assert response.status == 404
    for path in (f"/v1/failures/{failure['failure_id']}/replay", "/v1/connections/gestionale/imports"):
        response, _ = await stranger.post(path, json={} if path.endswith("imports") else None)
        assert response.status == 404
    for path in ("/v1/connections", "/v1/customers", "/v1/failures"):
        _, body = await stranger.get(path)
        assert body["items"] == []


@pytest.mark.parametrize("role", ["dealer", "marketing", "supplier"])
async def test_who_lacks_the_privilege_is_told_so(bridge: Any, role: str) -> None:
    person = bridge.as_(role)
    for path in ("/v1/connections", "/v1/customers", "/v1/failures", "/v1/connectors"):
        response, _ = await person.get(path)
        assert response.status == 403
    response, _ = await person.post("/v1/connections/gestionale/imports", json={})
    assert response.status == 403
