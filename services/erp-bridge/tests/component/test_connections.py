"""A connection is configured through the API, says what it can carry, and refuses what cannot be."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from erp_bridge.adapters.metrics import FAILURES_WAITING, SYNC_LAG, measure
from optima_kit.migrate import migrate
from optima_kit.sql import Statement

from ..conftest import Bridge

GOOD = {"connector": "drop-folder", "settings": {"folder": "acme"}}


async def test_a_connection_shows_what_it_carries(bridge: Bridge) -> None:
    view = await bridge.connect()
    assert view["location"] == f"{bridge.tenant_id}/acme"
    assert view["mapping"]["customer"]["code"]["remote"] == "codice"
    carried = {each["entity"]: (each["reads"], each["writes"]) for each in view["capabilities"]}
    assert carried["customer"] == (True, [])
    assert carried["order"] == (False, ["create", "change", "cancel"])
    _, listed = await bridge.as_("backoffice").get("/v1/connectors")
    proven = {each["key"]: each["proven"] for each in listed["items"]}
    assert proven == {
        "business-central": "recorded",
        "drop-folder": "live",
        "easyfatt": "recorded",
        "ubl": "recorded",
        "odoo": "recorded",
        "sap-business-one": "recorded",
        "tryton": "live",
    }


async def test_the_mapping_stays_unless_it_is_given(bridge: Bridge) -> None:
    await bridge.connect(mapping={"customer": {"name": {"remote": "denominazione"}}})
    admin = bridge.as_("admin")

    async def name_after(version: int, **body: Any) -> tuple[str, int]:
        headers = {"If-Match": f'"{version}"'}
        wanted = {**GOOD, **body}
        _, view = await admin.put("/v1/connections/gestionale", json=wanted, headers=headers)
        return view["mapping"]["customer"]["name"]["remote"], view["mapping_version"]

    assert await name_after(1, calls_per_minute=60) == ("denominazione", 1)
    assert await name_after(2, mapping={}) == ("ragione_sociale", 2)


async def test_a_change_needs_the_version_that_was_read(bridge: Bridge) -> None:
    await bridge.connect()
    admin = bridge.as_("admin")
    response, _ = await admin.put("/v1/connections/gestionale", json=GOOD)
    assert response.status == 428
    response, _ = await admin.put("/v1/connections/gestionale", json=GOOD, headers={"If-Match": '"9"'})
    assert response.status == 412
    response, _ = await admin.put("/v1/connections/gestionale", json=GOOD, headers={"If-Match": '"1"'})
    assert (response.status, response.headers["ETag"]) == (200, '"2"')
    assert len(await bridge.stored.fetch("SELECT FROM mapping_versions")) == 1
    response, _ = await admin.put("/v1/connections/mai-vista", json=GOOD, headers={"If-Match": '"1"'})
    assert response.status == 412


NO_CONNECTIONS: list[tuple[Any, ...]] = [
    ("gestionale", {**GOOD, "settings": {"folder": "../x"}}, "settings.folder"),
    ("gestionale", {**GOOD, "settings": {"folder": "a", "host": "x"}}, "settings.host"),
    ("gestionale", {**GOOD, "connector": "sap"}, "connector"),
    ("ge stionale", GOOD, "key"),
    ("gestionale", {**GOOD, "colour": 1}, "colour"),
    ("gestionale", {**GOOD, "mapping": {"customer": {"x": {"remote": "y"}}}}, "mapping.customer.x"),
    (
        "gestionale",
        {**GOOD, "mapping": {"order": {"number": {"remote": "riferimento"}}}},
        "mapping.order.number",
    ),
    ("gestionale", {**GOOD, "mapping": {"invoice": {}}}, "mapping.invoice"),
    (
        "odoo",
        {
            "connector": "odoo",
            "settings": {
                "url": "https://erp.example.it",
                "database": "a",
                "api_key": "k",
                "product": "LAV",
                "sale_step": "bozza",
            },
        },
        "settings.sale_step",
    ),
    (
        "gestionale",
        {**GOOD, "exchanges": {"customer": {"compare_at": "03:00"}}},
        "exchanges.customer.compare_at",
    ),
]


async def test_what_cannot_be_is_refused_by_its_field(bridge: Bridge) -> None:
    for key, body, field in NO_CONNECTIONS:
        response, problem = await bridge.as_("admin").put(f"/v1/connections/{key}", json=body)
        assert response.status == 422, problem
        assert [each["field"] for each in problem["errors"]] == [field]
        assert await bridge.stored.fetch("SELECT FROM connections") == []


async def test_no_two_connections_have_one_folder(bridge: Bridge) -> None:
    """Each would put away what is meant for the other."""
    admin = bridge.as_("admin")
    for key, connector, status in (
        ("gestionale", "drop-folder", 200),
        ("secondo", "drop-folder", 422),
        ("danea", "easyfatt", 422),
    ):
        body = {**GOOD, "connector": connector}
        response, problem = await admin.put(f"/v1/connections/{key}", json=body)
        assert response.status == status, problem
    assert problem["errors"][0]["code"] == "setting_of_another"
    response, _ = await admin.put("/v1/connections/gestionale", json=GOOD, headers={"If-Match": '"1"'})
    assert response.status == 200


async def test_only_an_admin_configures(bridge: Bridge) -> None:
    response, _ = await bridge.as_("backoffice").put("/v1/connections/gestionale", json=GOOD)
    assert response.status == 403


async def test_tables_come_by_day_and_language(bridge: Bridge) -> None:
    reader = bridge.as_("marketing")
    _, tables = await reader.get("/v1/lookup-tables")
    assert "vat-codes" in [each["key"] for each in tables["items"]]
    _, now = await reader.get("/v1/lookup-tables/vat-codes")
    _, then = await reader.get("/v1/lookup-tables/vat-codes?on=2020-06-01")
    assert "N2" not in [each["code"] for each in now["items"]]
    assert "N2" in [each["code"] for each in then["items"]]
    _, english = await reader.get(
        "/v1/lookup-tables/payment-methods?limit=1", headers={"Accept-Language": "en"}
    )
    assert english["items"] == [{"code": "MP01", "name": "cash"}]
    response, _ = await reader.get("/v1/lookup-tables/nothing")
    assert response.status == 404


async def test_banks_come_in_pages(bridge: Bridge) -> None:
    reader = bridge.as_("backoffice")
    codes: list[str] = []
    cursor = ""
    while True:
        _, page = await reader.get(f"/v1/lookup-tables/banks?limit=200{cursor}")
        codes += [each["code"] for each in page["items"]]
        if not page.get("next_cursor"):
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(codes) > 200
    assert codes == sorted(set(codes))


async def test_gauges_count_over_tenants_without_seeing_their_data(bridge: Bridge) -> None:
    await bridge.connect()
    bridge.drop("X;;;;;;;;;\n")
    await bridge.import_all()
    connection = await asyncpg.connect(bridge.stored.backbone_url)
    try:
        await measure(connection)
        for forbidden in (
            "SELECT payload FROM failures",
            "SELECT settings FROM connections",
            "SELECT FROM records",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(forbidden)
    finally:
        await connection.close()
    assert FAILURES_WAITING.labels("customer")._value.get() == 1
    assert SYNC_LAG.labels("drop-folder", "out")._value.get() == 0


async def test_every_tenant_table_is_empty_without_a_tenant(bridge: Bridge) -> None:
    await bridge.connect()
    bridge.drop("X;;;;;;;;;\n")
    await bridge.import_all()
    connection = await asyncpg.connect(bridge.stored.rw_url)
    try:
        for table in (
            "connections",
            "mapping_versions",
            "records",
            "checkpoints",
            "runs",
            "documents",
            "links",
            "link_counts",
            "failures",
        ):
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0
    finally:
        await connection.close()


async def test_links_from_before_the_counts_are_counted(bridge: Bridge) -> None:
    await bridge.connect()
    async with bridge.app.database.transaction(bridge.tenant_id) as work:
        await work.execute(
            Statement.parse(
                """
                INSERT INTO links (connection_id, entity, internal_id, exported_at)
                SELECT connection_id, entity, gen_random_uuid(), exported_at
                FROM connections,
                     (VALUES ('customer', NULL), ('customer', NULL), ('ddt', NULL), ('ddt', now()))
                         AS link(entity, exported_at)
                """
            )
        )
    before = await bridge.connection()
    assert before["links"] == {"customer": 2, "ddt": 1}
    await bridge.stored.fetch("DROP TABLE link_counts")
    await bridge.stored.fetch("DROP FUNCTION count_new_links, count_exported_links CASCADE")
    await bridge.stored.fetch("DELETE FROM schema_migrations WHERE name LIKE '%link_counts%'")
    assert len(await migrate(bridge.stored.owner_url, "erp_bridge")) == 2
    after = await bridge.connection()
    assert after["links"] == before["links"]


async def test_what_the_release_before_still_writes_arrives(bridge: Bridge) -> None:
    """It knows customers alone, and links with the ERP's code as their id."""
    view = await bridge.connect()
    async with bridge.app.database.transaction(bridge.tenant_id) as work:
        await work.execute(
            Statement.parse(
                """
                WITH customer AS (
                    INSERT INTO customers (customer_id, code, name, vat_number, street, postal_code, city,
                                           province, payment_method, payment_terms, updated_at)
                    VALUES (gen_random_uuid(), 'C-1', 'Aurora S.r.l.', '07643520567', 'Via 1', '20100',
                            'Milano', 'MI', 'MP12', 'RB 60 gg FM', now())
                    RETURNING customer_id, code
                )
                INSERT INTO links (connection_id, entity, internal_id, external_id)
                SELECT connection_id, 'customer', customer_id, customer.code FROM customer, connections
                """
            )
        )
    _, listed = await bridge.as_("backoffice").get("/v1/customers?code=C-1")
    (found,) = listed["items"]
    assert (found["name"], found["country"], found["payment"]["method"]) == ("Aurora S.r.l.", "IT", "MP12")
    _, one = await bridge.as_("backoffice").get(f"/v1/customers/{found['id']}")
    assert one["links"] == [{"connection": view["key"], "code": "C-1", "state": "linked"}]
    # The same row from the ERP is the same customer.
    bridge.drop("C-1;Aurora S.r.l.;07643520567;;Via 1;20100;Milano;MI;MP12;RB 60 gg FM\n")
    (source,) = await bridge.import_all()
    assert (source["created"], source["refused"]) == (0, 0)
