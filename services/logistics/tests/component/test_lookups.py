"""Warehouses, destinations, causali and carriers: what is accepted, and how a mistake is told."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from optima_contracts.logistics import DestinationKept
from optima_kit.migrate import migrate

from ..conftest import CARRIER, DESTINATION, DOCUMENT_TYPE, WAREHOUSE, Depot


async def test_what_is_kept_is_read_and_rewritten(depot: Depot) -> None:
    for path, body, view in (
        ("warehouses/MI1", WAREHOUSE, {"address": WAREHOUSE | {"country": "IT"}}),
        ("carriers/VELOCE", CARRIER, {"identity": CARRIER | {"country": "IT"}}),
        ("document-types/prova", DOCUMENT_TYPE, None),
        ("destinations/TO-1", DESTINATION, None),
    ):
        response, kept = await depot.client.put(f"/v1/{path}", body)
        assert (response.status, response.headers["ETag"]) == (200, '"1"'), kept
        if view:
            assert kept == view | {"code": path.partition("/")[2], "actions": ["rewrite"]}
        response, read = await depot.client.get(f"/v1/{path}")
        assert (read, response.headers["ETag"]) == (kept, '"1"')
        response, _ = await depot.client.put(f"/v1/{path}", body, headers={"If-Match": '"1"'})
        assert response.headers["ETag"] == '"2"'
        response, problem = await depot.client.put(f"/v1/{path}", body, headers={"If-Match": '"1"'})
        assert (response.status, problem["code"]) == (412, "stale_version")


async def test_the_causali_come_with_the_product_and_may_be_rewritten(depot: Depot) -> None:
    _, page = await depot.client.get("/v1/document-types?limit=200")
    reasons = {reason["code"]: reason for reason in page["items"]}
    assert len(reasons) == 21
    assert reasons["vendita"] == {
        "code": "vendita",
        "text": "Vendita",
        "direction": "out",
        "counterparty": "customer",
        "ownership_passes": True,
        "to_be_invoiced": True,
        "closes_order_line": True,
        "built_in": True,
        "actions": ["rewrite"],
    }
    assert [code for code, reason in reasons.items() if reason["to_be_invoiced"]] == ["vendita"]
    assert (
        await depot.client.put("/v1/document-types/omaggio", DOCUMENT_TYPE | {"text": "Omaggio promozionale"})
    )[0].status == 200
    _, omaggio = await depot.client.get("/v1/document-types/omaggio")
    assert (omaggio["text"], omaggio["built_in"]) == ("Omaggio promozionale", False)
    stranger = depot.as_role("backoffice", tenant_id=uuid4())
    assert (await stranger.get("/v1/document-types/omaggio"))[1]["text"] == "Omaggio"


async def test_lists_come_in_pages_without_loss(depot: Depot) -> None:
    for number in range(7):
        code = f"prova-{number}"
        await depot.client.put(f"/v1/document-types/{code}", DOCUMENT_TYPE | {"text": code})
    seen: list[str] = []
    cursor = ""
    while True:
        _, page = await depot.client.get(f"/v1/document-types?limit=3{cursor}")
        seen += [reason["code"] for reason in page["items"]]
        if not page.get("next_cursor"):
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(seen) == 28
    assert seen == sorted(set(seen))


MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    ({"vat_number": "07643520568"}, "vat_number", "vat_number_format"),
    ({"vat_number": "IT0764352056"}, "vat_number", "vat_number_format"),
    ({"fiscal_code": "RSSMRA80A01H501X"}, "fiscal_code", "fiscal_code_format"),
    ({"postal_code": "2012"}, "postal_code", "postal_code_format"),
    ({"postal_code": "٢٠١٢٣"}, "postal_code", "postal_code_format"),
    ({"province": "MIL"}, "province", "province_format"),
    ({"province": "XX"}, "province", "province_unknown"),
    ({"postal_code": "47890"}, "postal_code", "postal_code_of_another_state"),
    ({"country": "SM", "vat_number": None}, "postal_code", "postal_code_of_another_state"),
    ({"country": "SM", "postal_code": "47891", "vat_number": "SM123456"}, "vat_number", "vat_number_format"),
    ({"country": "VA", "vat_number": None}, "postal_code", "postal_code_of_another_state"),
    ({"office_code": "UFABC"}, "office_code", "office_code_format"),
    ({"province": None}, "province", "string_type"),
    ({"country": "Italia"}, "country", "string_pattern_mismatch"),
    ({"name": "  "}, "name", "string_too_short"),
    ({"name": "A\u0000B"}, "name", "control_characters"),
    ({"street": "x" * 151}, "street", "string_too_long"),
    ({"city": 7}, "city", "string_type"),
    ({"pec": "a@b.it"}, "pec", "extra_forbidden"),
    ({"country": "FR", "vat_number": "FR12345678901"}, "vat_number", "vat_number_format"),
]


async def test_a_mistake_is_named_in_both_languages(depot: Depot) -> None:
    for change, field, code in MISTAKES:
        body = {"recipient": DESTINATION["recipient"] | change, "address": DESTINATION["address"]}
        details = set()
        for language in ("it", "en"):
            response, problem = await depot.client.put(
                "/v1/destinations/BAD", body, headers={"Accept-Language": language}
            )
            assert response.status == 422, change
            assert [(e["field"], e["code"]) for e in problem["errors"]] == [(f"recipient.{field}", code)]
            details.add(problem["errors"][0]["detail"])
        assert len(details) == 2
    assert (await depot.client.get("/v1/destinations/BAD"))[0].status == 404


RIGHT: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"vat_number": "IT 07643520567"}, {"vat_number": "07643520567"}),
    ({"fiscal_code": "rssmra80a01h501u"}, {"fiscal_code": "RSSMRA80A01H501U"}),
    ({"fiscal_code": "07643520567"}, {"fiscal_code": "07643520567"}),
    ({"province": "mi"}, {"province": "MI"}),
    (
        {"country": "FR", "vat_number": "FR40303265045", "postal_code": "75001", "province": ""},
        {"province": ""},
    ),
    (
        {"country": "CH", "vat_number": "CHE123", "postal_code": "6900", "province": "Ticino"},
        {"country": "CH"},
    ),
    (
        {"country": "SM", "vat_number": "sm 24165", "postal_code": "47891", "province": ""},
        {"vat_number": "SM24165"},
    ),
    (
        {"country": "SM", "vat_number": "07643520567", "postal_code": "47895", "province": "RSM"},
        {"vat_number": "07643520567"},
    ),
    ({"country": "VA", "vat_number": None, "postal_code": "00120", "province": "SCV"}, {"province": "SCV"}),
]


async def test_what_is_right_is_kept_in_its_plain_form(depot: Depot) -> None:
    for given, kept in RIGHT:
        response, carrier = await depot.client.put("/v1/carriers/X", CARRIER | given)
        assert response.status == 200, carrier
        assert carrier["identity"].items() >= kept.items()


async def test_a_malformed_code_is_refused(depot: Depot) -> None:
    for code in ("a b", "è", "-x", "x" * 65, "a%2Fb"):
        response, problem = await depot.client.put(f"/v1/warehouses/{code}", WAREHOUSE)
        assert (response.status, problem["code"]) in ((422, "code_format"), (404, "no_such_address"))
        assert (await depot.client.get(f"/v1/warehouses/{code}"))[0].status == 404


async def test_a_destination_is_found_by_code_name_and_town(depot: Depot) -> None:
    address = DESTINATION["address"] | {"name": "Caffè Aurora – Sempione", "city": "Rho"}
    await depot.client.put("/v1/destinations/RHO-1", DESTINATION | {"address": address})

    async def found(text: str) -> list[str]:
        _, page = await depot.client.get(f"/v1/destinations?text={text}")
        return [each["code"] for each in page["items"]]

    assert await found("RHO-1") == await found("sempione") == await found("rho") == ["RHO-1"]
    assert await found("nessuna") == []


async def test_each_change_of_a_destination_is_told_of_the_same_subject(depot: Depot) -> None:
    for city in ("Rho", "Pero"):
        address = DESTINATION["address"] | {"name": "Caffè Aurora", "city": city}
        response, _ = await depot.client.put("/v1/destinations/RHO-2", DESTINATION | {"address": address})
        assert response.status == 200
    first, second = (
        each for each in await depot.app.published(DestinationKept) if each.data["code"] == "RHO-2"
    )
    assert (first.subject, first.data["city"]) == (second.subject, "Rho")
    assert (second.sequence - first.sequence, second.data["city"]) == (1, "Pero")


async def test_destinations_of_before_are_told_once(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an upgrade finds them: kept, and told to nobody."""
    monkeypatch.setattr("logistics.application.tell_destinations.TOLD_AT_ONCE", 2)
    for code in ("A", "B", "C"):
        await depot.client.put(f"/v1/destinations/{code}", DESTINATION)
    before = len(await depot.app.published(DestinationKept))
    _, page = await depot.client.get("/v1/destinations?limit=200")
    codes = [each["code"] for each in page["items"]]
    owner = await asyncpg.connect(depot.database.superuser_url)
    await owner.execute("DELETE FROM schema_migrations WHERE name LIKE '0032%'")
    assert await migrate(depot.database.owner_url, "logistics") == [
        "logistics/0032_destinations_are_told.sql"
    ]
    await owner.execute("UPDATE jobs SET due_at = '2026-11-24 10:00+00' WHERE kind LIKE '%tell_destinations'")
    await owner.close()
    assert await depot.app.run_due_jobs() == len(codes) // 2 + 1
    told = (await depot.app.published(DestinationKept))[before:]
    assert [each.data["code"] for each in told] == codes
    assert {each.data["name"] for each in told} == {"Caffè Aurora – Duomo"}


async def test_a_document_type_numbers_documents_of_its_days_alone(depot: Depot) -> None:
    _, sale = await depot.client.get("/v1/document-types/vendita")
    named = ("text", "direction", "counterparty", "ownership_passes", "to_be_invoiced", "closes_order_line")
    body = {name: sale[name] for name in named}
    response, problem = await depot.client.put(
        "/v1/document-types/vendita", body | {"valid_from": "2026-12-02", "valid_until": "2026-12-01"}
    )
    assert response.status == 422
    assert [each["code"] for each in problem["errors"]] == ["document_type_validity"]
    picked = await depot.picked(await depot.stocked_order())
    for days, status in (
        ({"valid_until": "2026-11-23"}, 409),
        ({"valid_from": "2026-11-25"}, 409),
        ({"valid_from": "2026-11-24", "valid_until": "2026-11-24"}, 200),
    ):
        response, kept = await depot.client.put("/v1/document-types/vendita", body | days)
        assert response.status == 200
        assert {name: kept[name] for name in days} == days
        response, answer = await depot.attempt(picked, "issuance")
        assert response.status == status, answer
        assert status == 200 or answer["code"] == "document_type_not_in_force"
