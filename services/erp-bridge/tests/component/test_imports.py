"""What the ERP leaves is taken in once, row by row, and a dry run changes nothing."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from erp_bridge.adapters.folder import PAGE, FolderSession
from optima_contracts.erp import CustomerChanged, RecordRefused
from optima_kit.testing import round_trips

from ..conftest import Bridge

HEADER = (
    "codice;ragione_sociale;partita_iva;codice_fiscale;indirizzo;cap;comune;provincia;"
    "modalita_pagamento;condizioni_pagamento\n"
)
MILANO = "AURORA-MI;Caffè Aurora Milano S.r.l.;07643520567;;Via Torino 2;20123;Milano;MI;MP12;RB 60 gg FM\n"
ROMA = "AURORA-RM;Caffè Aurora Roma S.r.l.;12345670587;;Via Nazionale 30;00184;Roma;RM;MP05;BB 30 gg FM\n"
BAD = "AURORA-X;Errata;123;;Via X;1;Y;ZZZ;MP99;boh\n"


def counts(file: dict[str, Any]) -> tuple[int, int, int, int]:
    return file["created"], file["changed"], file["unchanged"], file["refused"]


async def test_customers_come_in_and_are_told_of(bridge: Bridge) -> None:
    await bridge.connect()
    bridge.drop(MILANO, ROMA)
    (file,) = await bridge.import_all()
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


async def test_only_a_change_is_told_of(bridge: Bridge) -> None:
    await bridge.connect()
    bridge.drop(MILANO, ROMA)
    await bridge.import_all()
    bridge.drop(MILANO.replace("MP12;RB 60", "MP05;BB 30"), ROMA, name="clienti-2.csv")
    (file,) = await bridge.import_all()
    assert counts(file) == (0, 1, 1, 0)
    told = await bridge.stored.published(CustomerChanged.type)
    assert [each.data["payment"]["terms"] for each in told] == ["RB 60 gg FM", "BB 30 gg FM", "BB 30 gg FM"]
    assert told[2].subject == told[0].subject
    assert [each.sequence for each in told if each.subject == told[0].subject] == [1, 2]


async def test_of_rows_that_came_before_nothing_but_their_hashes_is_asked(bridge: Bridge) -> None:
    """Whatever their number: it costs a page of them as many round trips as a page of one."""
    await bridge.connect()
    asked: dict[int, list[str]] = {}
    for count in (1, 400):
        bridge.drop(*customers(count), header=HEADER.strip() + ";nazione\n")
        await bridge.import_all()
        bridge.drop(*customers(count), header=HEADER.strip() + ";nazione\n")
        with round_trips(bridge.app.database) as asked[count]:
            (file,) = await bridge.import_all()
        assert counts(file) == (0, 0, count, 0)
    assert len(asked[1]) == len(asked[400])
    assert not [each for each in asked[400] if "FROM records" in each]


async def test_files_are_put_away_after_the_commit(bridge: Bridge) -> None:
    await bridge.connect()
    path = bridge.drop(MILANO)
    await bridge.import_all()
    assert not path.exists()
    assert len(list((bridge.folder / "done").iterdir())) == 1
    assert await bridge.import_all() == []


def customers(count: int, street: str = "Via Torino 2") -> list[str]:
    """As many rows of customers abroad, who need no tax number of their own."""
    return [f"C{n};Kunde {n};;;{street};1010;Wien;;;;AT\n" for n in range(count)]


async def crash(*_: Any, **__: Any) -> None:
    raise RuntimeError("killed")


@pytest.mark.parametrize("step", ["before the page's commit", "between commit and move"])
async def test_after_a_crash_the_next_run_goes_on_behind_the_last_page(
    bridge: Bridge, monkeypatch: Any, step: str
) -> None:
    await bridge.connect()
    path = bridge.drop(*customers(PAGE + 1), header=HEADER.strip() + ";nazione\n")
    at = {
        "before the page's commit": "erp_bridge.application.import_entity.apply_plan",
        "between commit and move": "erp_bridge.adapters.folder.FolderSession.settle",
    }
    with monkeypatch.context() as patched:
        patched.setattr(at[step], crash)
        response, _ = await bridge.as_("backoffice").post(
            "/v1/connections/gestionale/imports", json={"dry_run": False}
        )
        assert response.status == 500
    assert path.exists()
    committed = 0 if step.startswith("before") else PAGE
    assert len(await bridge.stored.published(CustomerChanged.type)) == committed
    (source,) = await bridge.import_all()
    assert counts(source) == (PAGE + 1 - committed, 0, 0, 0)
    assert not path.exists()
    assert len(await bridge.stored.published(CustomerChanged.type)) == PAGE + 1
    assert await bridge.import_all() == []


async def test_runs_are_kept_and_those_that_found_nothing_are_not(bridge: Bridge) -> None:
    await bridge.connect()
    bridge.drop(MILANO, BAD)
    await bridge.import_all()
    await bridge.import_all()
    _, listed = await bridge.as_("backoffice").get("/v1/runs?connection=gestionale")
    (run,) = listed["items"]
    assert (run["entity"], run["kind"], run["state"]) == ("customer", "requested", "done")
    assert run["counts"] == {"created": 1, "changed": 0, "unchanged": 0, "refused": 1, "deleted": 0}


async def test_suppliers_and_lookup_tables_come_in_as_well(bridge: Bridge) -> None:
    await bridge.connect()
    bridge.drop(MILANO.replace("AURORA-MI", "F-1"), name="fornitori.csv")
    bridge.drop("30FM;30 giorni fine mese\n", name="pagamenti.csv", header="codice;descrizione\n")
    bridge.drop("22;Ordinaria;22,00\n", name="iva.csv", header="codice;descrizione;aliquota\n")
    bridge.drop("CV;Conto visione\n", name="causali.csv", header="codice;descrizione\n")
    place = "codice;descrizione;codice_cliente;indirizzo;cap;comune;provincia\n"
    bridge.drop("MI-01;Bar Centrale;C1;Via 1;20121;Milano;MI\n", name="destinazioni.csv", header=place)
    await bridge.import_all()
    person = bridge.as_("backoffice")
    _, suppliers = await person.get("/v1/suppliers")
    (supplier,) = suppliers["items"]
    assert (supplier["code"], supplier["payment"]["terms"]) == ("F-1", "RB 60 gg FM")
    _, one = await person.get(f"/v1/suppliers/{supplier['id']}")
    assert one["links"] == [{"connection": "gestionale", "code": "F-1", "state": "linked"}]
    _, terms = await person.get("/v1/payment-terms")
    assert [(each["code"], each["name"]) for each in terms["items"]] == [("30FM", "30 giorni fine mese")]
    _, rates = await person.get("/v1/vat-rates")
    assert [(each["code"], each["rate"]) for each in rates["items"]] == [("22", "22")]
    _, reasons = await person.get("/v1/transport-reasons")
    assert [(each["code"], each["name"]) for each in reasons["items"]] == [("CV", "Conto visione")]
    _, places = await person.get("/v1/destinations")
    (destination,) = places["items"]
    assert (destination["customer"], destination["city"], destination["province"]) == ("C1", "Milano", "MI")
    # A supplier is no customer, whatever their tax number.
    _, customers_ = await person.get("/v1/customers")
    assert customers_["items"] == []
    assert (await bridge.connection())["links"] == {
        "supplier": 1,
        "payment_term": 1,
        "vat_rate": 1,
        "transport_reason": 1,
        "destination": 1,
    }


async def test_terms_that_nobody_can_read_hold_no_customer_up(bridge: Bridge) -> None:
    await bridge.connect()
    bridge.drop(MILANO.replace("RB 60 gg FM", "a babbo morto"))
    (source,) = await bridge.import_all()
    assert counts(source) == (1, 0, 0, 0)
    (failure,) = await bridge.failures()
    assert (failure["error_class"], failure["problems"][0]["code"]) == ("notice", "payment_terms_unreadable")
    bridge.drop(MILANO.replace("RB 60 gg FM", "a babbo morto"))
    await bridge.import_all()
    assert len(await bridge.failures()) == 1
    bridge.drop(MILANO)
    await bridge.import_all()
    assert await bridge.failures() == []
    assert await bridge.stored.published(RecordRefused.type) == []


RENUMBERED = MILANO.replace("AURORA-MI", "AURORA-MI-2")


@pytest.mark.parametrize(
    ("answer", "codes"),
    [
        ("same", {"AURORA-MI": "AURORA-MI-2"}),
        ("another", {"AURORA-MI": "AURORA-MI", "AURORA-MI-2": "AURORA-MI-2"}),
    ],
)
async def test_a_changed_code_waits_for_an_answer(bridge: Bridge, answer: str, codes: dict[str, str]) -> None:
    await bridge.connect()
    await bridge.import_customers()
    bridge.drop(RENUMBERED)
    (source,) = await bridge.import_all()
    assert counts(source) == (0, 0, 0, 1)
    (failure,) = await bridge.failures()
    assert (failure["error_class"], failure["actions"]) == ("question", ["answer", "dismiss"])
    person = bridge.as_("backoffice")
    response, problem = await person.post(f"/v1/failures/{failure['id']}/replay")
    assert (response.status, problem["code"]) == (409, "answer_missing")
    response, told = await person.post(f"/v1/failures/{failure['id']}/answer", json={"answer": answer})
    assert (response.status, told) == (200, {"resolved": True}), told
    assert await bridge.failures() == []
    assert await own_codes(bridge) == codes
    bridge.drop(RENUMBERED)
    (source,) = await bridge.import_all()
    assert counts(source) == (0, 0, 1, 0)


@pytest.mark.parametrize(
    ("answer", "codes"),
    [
        ("same", {"AURORA-MI": "AURORA-MI"}),
        ("another", {"AURORA-MI": None, "AURORA-MI@gestionale": "AURORA-MI"}),
    ],
)
async def test_a_code_given_to_another_waits_for_an_answer(
    bridge: Bridge, answer: str, codes: dict[str, str | None]
) -> None:
    await bridge.connect()
    await bridge.import_customers()
    reused = ROMA.replace("AURORA-RM", "AURORA-MI")
    bridge.drop(reused)
    await bridge.import_all()
    (failure,) = await bridge.failures()
    assert failure["problems"][0]["code"] == "code_reused"
    # The company that we know is still what it was.
    assert await own_codes(bridge) == {"AURORA-MI": "AURORA-MI"}
    await bridge.as_("backoffice").post(f"/v1/failures/{failure['id']}/answer", json={"answer": answer})
    assert await own_codes(bridge) == codes
    bridge.drop(reused)
    (source,) = await bridge.import_all()
    assert counts(source) == (0, 0, 1, 0)


async def own_codes(bridge: Bridge) -> dict[str, str | None]:
    """Our code of each customer, and the ERP's."""
    person = bridge.as_("backoffice")
    _, listed = await person.get("/v1/customers")
    found = {}
    for each in listed["items"]:
        _, one = await person.get(f"/v1/customers/{each['id']}")
        found[each["code"]] = one["links"][0]["code"] if one["links"] else None
    return found


async def test_everything_comes_in_again_when_asked_from_the_beginning(bridge: Bridge) -> None:
    await bridge.connect()
    await bridge.import_customers()
    bridge.drop(MILANO)
    for dry_run in (True, False):
        response, told = await bridge.as_("backoffice").post(
            "/v1/connections/gestionale/imports",
            json={"dry_run": dry_run, "entity": "customer", "from_the_beginning": True},
        )
        assert response.status == 200, told
        assert [counts(each) for each in told["sources"]] == [(0, 0, 1, 0)]


async def test_two_imports_at_once_take_each_file_in_once(bridge: Bridge) -> None:
    await bridge.connect()
    for n in range(5):
        bridge.drop(MILANO.replace("Via Torino 2", f"Via Torino {n}"), name=f"clienti-{n}.csv")
    await asyncio.gather(bridge.import_all(), bridge.import_all(), bridge.import_all())
    told = await bridge.stored.published(CustomerChanged.type)
    assert [each.data["legal"]["street"] for each in told] == [f"Via Torino {n}" for n in range(5)]


async def test_an_import_that_was_overtaken_does_not_bring_back_the_past(
    bridge: Bridge, monkeypatch: Any
) -> None:
    await bridge.connect()
    bridge.drop(MILANO, name="clienti-1.csv")
    bridge.drop(MILANO.replace("Via Torino 2", "Via Nuova 1"), name="clienti-2.csv")
    changes = FolderSession.changes

    async def read_slowly(self: FolderSession, *arguments: Any) -> Any:
        pages = [page async for page in changes(self, *arguments)]
        monkeypatch.setattr(FolderSession, "changes", changes)
        await bridge.import_all()
        for page in pages:
            yield page

    monkeypatch.setattr(FolderSession, "changes", read_slowly)
    await bridge.import_all()
    told = await bridge.stored.published(CustomerChanged.type)
    assert [each.data["legal"]["street"] for each in told] == ["Via Torino 2", "Via Nuova 1"]


async def test_a_bad_row_waits_for_a_person_and_stops_nobody(bridge: Bridge) -> None:
    await bridge.connect()
    bridge.drop(BAD, MILANO)
    (file,) = await bridge.import_all()
    assert counts(file) == (1, 0, 0, 1)
    (refusal,) = file["refusals"]
    assert (refusal["line"], refusal["record"]) == (2, "AURORA-X")
    assert all(each["detail"] and each["field"] for each in refusal["problems"])
    (failure,) = await bridge.failures()
    assert failure["payload"]["ragione_sociale"] == "Errata"
    assert (failure["attempts"], failure.get("retry_at")) == (1, None)
    (event,) = await bridge.stored.published(RecordRefused.type)
    assert event.data["failure_id"] == failure["id"]


async def test_the_same_bad_row_is_one_failure_and_a_good_one_ends_it(bridge: Bridge) -> None:
    await bridge.connect()
    bridge.drop(BAD)
    await bridge.import_all()
    bridge.drop(BAD)
    await bridge.import_all()
    (failure,) = await bridge.failures()
    assert failure["attempts"] == 2
    bridge.drop(MILANO.replace("AURORA-MI", "AURORA-X"))
    await bridge.import_all()
    assert await bridge.failures() == []


async def test_a_replayed_row_is_read_under_the_mapping_of_now(bridge: Bridge) -> None:
    await bridge.connect()
    bridge.drop(MILANO.replace(";MI;", ";Mailand;"))
    await bridge.import_all()
    (failure,) = await bridge.failures()
    backoffice = bridge.as_("backoffice")
    _, answer = await backoffice.post(f"/v1/failures/{failure['id']}/replay")
    assert answer == {"resolved": False}
    mapping = {"customer": {"province": {"remote": "provincia", "code_map": {"MI": "Mailand"}}}}
    response, view = await bridge.as_("admin").put(
        "/v1/connections/gestionale",
        json={"connector": "drop-folder", "settings": {"folder": "acme"}, "mapping": mapping},
        headers={"If-Match": '"1"'},
    )
    assert (response.status, view["mapping_version"]) == (200, 2)
    _, answer = await backoffice.post(f"/v1/failures/{failure['id']}/replay")
    assert answer == {"resolved": True}
    assert await bridge.failures() == []
    assert len(await bridge.stored.published(CustomerChanged.type)) == 1


async def test_a_file_that_is_no_table_is_refused_whole(bridge: Bridge) -> None:
    await bridge.connect()
    bridge.drop("x;y\n", name="clienti-a.csv", header="ragione_sociale;cap\n")
    path = bridge.drop(name="clienti-b.csv")
    path.write_bytes(b"codice\n\x00\n")
    bridge.drop(MILANO, name="clienti-c.csv")
    files = await bridge.import_all()
    assert [counts(each) for each in files] == [(0, 0, 0, 1), (0, 0, 0, 1), (1, 0, 0, 0)]
    assert len(list((bridge.folder / "refused").iterdir())) == 2
    failures = await bridge.failures()
    assert {each["problems"][0]["code"] for each in failures} == {"column_missing", "file_unreadable"}
    response, problem = await bridge.as_("backoffice").post(f"/v1/failures/{failures[0]['id']}/replay")
    assert (response.status, problem["code"]) == (409, "file_must_come_again")


async def test_a_dry_run_says_the_same_and_writes_nothing(bridge: Bridge) -> None:
    await bridge.connect()
    bridge.drop(ROMA)
    await bridge.import_all()
    bridge.drop(MILANO, BAD, ROMA, name="clienti-1.csv")
    bridge.drop(MILANO, name="clienti-2.csv")
    rows = await bridge.everything()
    files = sorted(bridge.root.rglob("*"))
    bridge.clock.advance(timedelta(minutes=1))
    preview = await bridge.import_all(dry_run=True)
    assert await bridge.everything() == rows
    assert sorted(bridge.root.rglob("*")) == files
    assert [counts(each) for each in preview] == [(1, 0, 1, 1), (1, 0, 0, 0)]
    assert [counts(each) for each in await bridge.import_all()] == [(1, 0, 1, 1), (0, 0, 1, 0)]


async def test_the_folder_is_looked_at_regularly(bridge: Bridge) -> None:
    await bridge.connect()
    bridge.drop(MILANO)
    assert await bridge.work() == 0
    bridge.clock.advance(timedelta(seconds=30))
    assert await bridge.work() == 11  # one for each entity that comes in
    assert (await bridge.connection())["links"]["customer"] == 1
    bridge.drop(ROMA)
    bridge.clock.advance(timedelta(seconds=30))
    await bridge.work()
    assert (await bridge.connection())["links"]["customer"] == 2


async def test_imports_go_on_after_a_defect_that_outlasts_all_attempts(
    bridge: Bridge, monkeypatch: Any
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("a defect")

    async def jobs(state: str) -> dict[str, Any]:
        found = await bridge.stored.fetch(
            "SELECT key, max(due_at) AS due_at FROM jobs WHERE kind = 'erp.poll' AND state = $1 GROUP BY key",
            state,
        )
        return {row["key"]: row["due_at"] for row in found}

    await bridge.connect()
    regular = await jobs("due")
    with monkeypatch.context() as patched:
        patched.setattr(FolderSession, "changes", broken)
        for _ in range(12):
            bridge.clock.set(max((await jobs("due")).values()))
            await bridge.work()
    assert (await jobs("failed")).keys() == (await jobs("due")).keys() == regular.keys()
    bridge.drop(MILANO)
    bridge.clock.set(max((await jobs("due")).values()))
    await bridge.work()
    _, listed = await bridge.as_("backoffice").get("/v1/customers")
    assert [each["code"] for each in listed["items"]] == ["AURORA-MI"]


async def test_another_tenant_sees_nothing(bridge: Bridge) -> None:
    await bridge.connect()
    bridge.drop(MILANO, BAD)
    await bridge.import_all()
    (failure,) = await bridge.failures()
    _, listed = await bridge.as_("backoffice").get("/v1/customers")
    stranger = bridge.as_("admin", tenant_id=UUID(int=2))
    for path in ("/v1/connections/gestionale", f"/v1/customers/{listed['items'][0]['id']}"):
        response, _ = await stranger.get(path)
        assert response.status == 404
    for path in (f"/v1/failures/{failure['id']}/replay", "/v1/connections/gestionale/imports"):
        response, _ = await stranger.post(path, json={} if path.endswith("imports") else None)
        assert response.status == 404
    for path in ("/v1/connections", "/v1/customers", "/v1/failures"):
        _, body = await stranger.get(path)
        assert body["items"] == []


WITHOUT_PRIVILEGE: list[str] = ["dealer", "marketing", "supplier"]


async def test_who_lacks_the_privilege_is_told_so(bridge: Bridge) -> None:
    for role in WITHOUT_PRIVILEGE:
        person = bridge.as_(role)
        for path in ("/v1/connections", "/v1/customers", "/v1/failures", "/v1/connectors"):
            response, _ = await person.get(path)
            assert response.status == 403
        response, _ = await person.post("/v1/connections/gestionale/imports", json={})
        assert response.status == 403


async def test_a_column_that_is_new_or_gone_is_told_once_and_stops_nobody(bridge: Bridge) -> None:
    await bridge.connect()
    await bridge.import_customers()
    bridge.drop("AURORA-MI;Nuovo nome;x\n", header="codice;ragione_sociale;pec\n")
    await bridge.import_all()
    (failure,) = await bridge.failures()
    assert (failure["error_class"], failure["actions"]) == ("notice", ["dismiss"])
    told = {(each["code"], each["field"]) for each in failure["problems"]}
    assert {("schema_field_added", "pec"), ("schema_field_gone", "cap")} <= told
    _, listed = await bridge.as_("backoffice").get("/v1/customers")
    assert (listed["items"][0]["name"], listed["items"][0]["postal_code"]) == ("Nuovo nome", "20123")


BANK = "codice;descrizione;bic;iban\n"


async def test_agents_products_and_banks_come_in(bridge: Bridge) -> None:
    await bridge.connect()
    bridge.drop("A1;Anna Verdi\n", name="agenti.csv", header="codice;nome\n")
    bridge.drop("ESP;Espositore;pz\n", name="articoli.csv", header="codice;descrizione;unita_misura\n")
    good = "B1;Banca d'Esempio;BPPIITRRXXX;IT60 X054 2811 1010 0000 0123 456\n"
    wrong = "B2;Altra banca;BPPI;IT60X0542811101000000123457\n"
    bridge.drop(good, wrong, name="banche.csv", header=BANK)
    await bridge.import_all()
    reader = bridge.as_("backoffice")
    found = {}
    for table in ("agents", "products", "banks"):
        _, listed = await reader.get(f"/v1/{table}")
        found[table] = [{k: v for k, v in each.items() if k != "id"} for each in listed["items"]]
    iban = "IT60X0542811101000000123456"
    assert found == {
        "agents": [{"code": "A1", "name": "Anna Verdi", "active": True}],
        "products": [{"code": "ESP", "name": "Espositore", "unit": "pz", "active": True}],
        "banks": [
            {"code": "B1", "name": "Banca d'Esempio", "bic": "BPPIITRRXXX", "iban": iban, "active": True}
        ],
    }
    (failure,) = await bridge.failures()
    assert [each["code"] for each in failure["problems"]] == ["bic_wrong", "iban_wrong"]


async def test_every_entity_changes_with_the_next_file(bridge: Bridge) -> None:
    await bridge.connect()
    tables = {
        "suppliers": ("fornitori", HEADER, "F1;{name};07643520567;;Via 1;20123;Milano;MI;MP12;\n"),
        "agents": ("agenti", "codice;nome\n", "A1;{name}\n"),
        "products": ("articoli", "codice;descrizione\n", "P1;{name}\n"),
        "banks": ("banche", "codice;descrizione\n", "B1;{name}\n"),
        "payment-terms": ("pagamenti", "codice;descrizione\n", "T1;{name}\n"),
        "vat-rates": ("iva", "codice;descrizione\n", "22;{name}\n"),
        "transport-reasons": ("causali", "codice;descrizione\n", "CV;{name}\n"),
        "destinations": ("destinazioni", "codice;descrizione;codice_cliente\n", "MI-01;{name};C1\n"),
    }
    for name in ("Prima", "Dopo"):
        for file, header, row in tables.values():
            bridge.drop(row.format(name=name), name=f"{file}.csv", header=header)
        assert all(counts(each)[3] == 0 for each in await bridge.import_all())
        for table in tables:
            _, listed = await bridge.as_("backoffice").get(f"/v1/{table}")
            assert [each["name"] for each in listed["items"]] == [name], table
