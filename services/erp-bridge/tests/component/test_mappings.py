"""A mapping is YAML with versions, tried on records before it holds."""

from __future__ import annotations

from typing import Any

import yaml

from ..conftest import Bridge

MAPPING = "/v1/connections/gestionale/mapping"
PREVIEWS = "/v1/connections/gestionale/mapping-previews"
OWN = """
customer:
  payment_method: {remote: MOD_PAG, code_map: {MP12: RIBA, MP05: 007}}
  name: {remote: RAG_SOC, empty: keep}
order:
  number: NUM
"""


async def put(bridge: Bridge, text: str, version: str = '"1"') -> tuple[int, Any]:
    response, body = await bridge.as_("admin").put(
        MAPPING, json={"yaml": text}, headers={"If-Match": version}
    )
    return response.status, body


async def test_a_mapping_reads_back_as_it_was_written(bridge: Bridge) -> None:
    await bridge.connect()
    status, told = await put(bridge, OWN)
    assert (status, told["version"]) == (200, 2)
    mapping = yaml.safe_load(told["yaml"])
    assert mapping["customer"]["payment_method"] == {
        "remote": "MOD_PAG",
        "code_map": {"MP12": "RIBA", "MP05": "007"},
    }
    assert (mapping["customer"]["code"], mapping["order"]["number"]) == ("codice", "NUM")
    # The whole of it is the same mapping, and no version of its own.
    status, again = await put(bridge, told["yaml"], '"2"')
    assert (status, again) == (200, told)
    _, view = await bridge.as_("backoffice").get("/v1/connections/gestionale")
    assert view["mapping"]["customer"]["name"]["empty"] == "keep"


async def test_every_mapping_that_was_in_force_is_kept(bridge: Bridge) -> None:
    await bridge.connect()
    await put(bridge, OWN)
    await put(bridge, "", '"2"')
    _, listed = await bridge.as_("backoffice").get("/v1/connections/gestionale/mapping-versions?limit=2")
    assert [each["version"] for each in listed["items"]] == [3, 2]
    names = [yaml.safe_load(each["yaml"])["customer"]["name"] for each in listed["items"]]
    assert names == ["ragione_sociale", {"remote": "RAG_SOC", "empty": "keep"}]
    _, rest = await bridge.as_("backoffice").get(
        f"/v1/connections/gestionale/mapping-versions?cursor={listed['next_cursor']}"
    )
    assert [each["version"] for each in rest["items"]] == [1]


NO_MAPPINGS: list[tuple[Any, ...]] = [
    ("customer: {name: [", "yaml", "mapping_is_no_yaml"),
    ("\x00", "yaml", "mapping_is_no_yaml"),
    ("a: &a [x]\nb: *a", "yaml", "mapping_has_aliases"),
    ("[1, 2]", "yaml.", "mapping_value_wrong"),
    ("2026-02-31: {}", "yaml.2026-02-31.[key]", "mapping_value_wrong"),
    ("invoice: {}", "yaml.invoice.[key]", "mapping_value_wrong"),
    ("customer: {name: {remote: x, owner: us}}", "yaml.customer.name", "mapping_value_wrong"),
    ("customer: {name: {remote: x, colour: red}}", "yaml.customer.name", "mapping_value_wrong"),
    ("customer: {colour: x}", "mapping.customer.colour", "mapping_unknown_field"),
    ("order: {number: riferimento}", "mapping.order.number", "mapping_column_twice"),
]


async def test_what_is_no_mapping_is_refused_by_its_place(bridge: Bridge) -> None:
    await bridge.connect()
    for text, field, code in NO_MAPPINGS:
        status, problem = await put(bridge, text)
        assert status == 422, problem
        assert [(each["field"], each["code"]) for each in problem["errors"]] == [(field, code)]


async def test_records_are_tried_before_a_mapping_holds(bridge: Bridge) -> None:
    await bridge.connect()
    record = {
        "codice": "C1",
        "RAG_SOC": "Aurora S.r.l.",
        "partita_iva": "07643520567",
        "indirizzo": "Via Torino 2",
        "cap": "20123",
        "comune": "Milano",
        "provincia": "mi",
        "MOD_PAG": "RIBA",
    }
    body = {"entity": "customer", "yaml": OWN, "records": [record, {**record, "cap": "x"}]}
    response, told = await bridge.as_("admin").post(PREVIEWS, json=body)
    assert response.status == 200, told
    good, bad = told["records"]
    assert (
        good["fields"].items()
        >= {"name": "Aurora S.r.l.", "payment_method": "MP12", "province": "MI"}.items()
    )
    assert [each["code"] for each in bad["problems"]] == ["postal_code_wrong"]
    # Under the mapping in force the same record has no name.
    _, told = await bridge.as_("admin").post(PREVIEWS, json={"entity": "customer", "records": [record]})
    assert [each["field"] for each in told["records"][0]["problems"]] == ["name"]
    assert (await bridge.connection())["mapping_version"] == 1


async def test_an_empty_field_keeps_what_is_known_where_the_mapping_says_so(bridge: Bridge) -> None:
    await bridge.connect()
    await bridge.import_customers()
    await put(bridge, "customer: {payment_terms: {remote: condizioni_pagamento, empty: keep}}")
    bridge.drop("AURORA-MI;Nuovo nome;07643520567;;Via Torino 2;20123;Milano;MI;MP12;\n")
    await bridge.import_all()
    _, listed = await bridge.as_("backoffice").get("/v1/customers")
    assert (listed["items"][0]["name"], listed["items"][0]["payment"]["terms"]) == (
        "Nuovo nome",
        "RB 60 gg FM",
    )
