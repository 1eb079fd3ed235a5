"""Columns and codes answer to fields as the connection says; null is not absent."""

from __future__ import annotations

import pytest

from erp_bridge.adapters.drop_folder import DropFolder
from erp_bridge.domain.entities import ENTITIES, fields_of
from erp_bridge.domain.mapping import FieldMapping, missing_columns
from optima_kit.refusals import Invalid

DEFAULT = DropFolder.mapping(DropFolder.__new__(DropFolder))


def test_the_default_maps_every_field_once() -> None:
    for entity in ENTITIES:
        fields = fields_of(entity)
        assert set(DEFAULT.of(entity).fields) == fields
        assert len(set(DEFAULT.of(entity).columns())) == len(fields)


def test_an_absent_column_is_absent_and_an_empty_one_is_null() -> None:
    record = DEFAULT.of("customer").read({"codice": " C1 ", "partita_iva": ""})
    assert record == {"code": "C1", "vat_number": None}


def test_a_default_stands_in_for_an_absent_column_only() -> None:
    mapping = DEFAULT.with_changes({"customer": {"province": FieldMapping("prov", default="MI")}}).of(
        "customer"
    )
    assert mapping.read({})["province"] == "MI"
    assert mapping.read({"prov": ""})["province"] is None


def test_columns_and_codes_can_be_named_otherwise() -> None:
    changes = {
        "customer": {"payment_method": FieldMapping("MOD_PAG", code_map={"MP12": "RIBA", "MP05": "BON"})},
        "order": {"vat_code": FieldMapping("ALIQUOTA", code_map={"22": "I22"})},
    }
    mapping = DEFAULT.with_changes(changes)  # type: ignore[arg-type]
    assert mapping.of("customer").read({"MOD_PAG": "RIBA"}) == {"payment_method": "MP12"}
    assert mapping.of("order").line({"vat_code": "22"})["ALIQUOTA"] == "I22"


def test_several_codes_are_one_of_ours_and_several_fields_read_one_column() -> None:
    changes = {
        "customer": {
            "payment_method": FieldMapping("MOD", code_map={"MP12": ["RIBA", "RB"], "MP05": "BON"}),
            "fiscal_code": FieldMapping("partita_iva"),
        },
        "order": {"unit": FieldMapping("UM", code_map={"pz": ["NR", "PZ"]})},
    }
    mapping = DEFAULT.with_changes(changes)  # type: ignore[arg-type]
    for theirs, ours in (("RIBA", "MP12"), ("RB", "MP12"), ("BON", "MP05")):
        assert mapping.of("customer").read({"MOD": theirs})["payment_method"] == ours
    number = "07643520567"
    assert mapping.of("customer").read({"partita_iva": number}) == {
        "vat_number": number,
        "fiscal_code": number,
    }
    assert mapping.of("order").line({"unit": "pz"})["UM"] == "NR"


def test_numbers_and_dates_leave_in_italian() -> None:
    order = DEFAULT.of("order")
    row = order.heading({"deadline": "2026-12-31", "state": "cancelled"}) | order.line(
        {"unit_price": "1250.50"}
    )
    assert (row["prezzo_unitario"], row["data_consegna"], row["stato"]) == (
        "1250,50",
        "31/12/2026",
        "annullato",
    )
    assert row["importo"] == ""


def test_numbers_and_dates_come_back() -> None:
    mapping = DEFAULT.of("order")
    record = mapping.read({"prezzo_unitario": "1.250,50", "data_consegna": "31/12/2026"})
    assert record == {"unit_price": "1250.50", "deadline": "2026-12-31"}
    with pytest.raises(Invalid):
        mapping.read({"data_consegna": "31/02/2026"})


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1.250,50", "1250.50"),
        ("1250,5", "1250.5"),
        ("1250.50", "1250.50"),
        ("1.250", "1250"),
        ("12.5", "12.5"),
        ("€ 1.250.000,00", "1250000.00"),
        ("-3,5", "-3.5"),
        ("1,250.50", "1250.50"),
        ("0.125", "0.125"),
        ("1\u00a0250,50", "1250.50"),
        ("1'250,50", "1250.50"),
        ("1\u2019250\u2019000", "1250000"),
        ("EUR 1.250,50", "1250.50"),
        ("1.250,50 EUR", "1250.50"),
        ("1250,50EUR", "1250.50"),
        ("12,50-", "-12.50"),
        ("-12,50", "-12.50"),
    ],
)
def test_numbers_are_read_as_they_are_meant(text: str, number: str) -> None:
    assert DEFAULT.of("order").read({"importo": text}) == {"amount": number}


@pytest.mark.parametrize(
    "text",
    [
        "31/12/2026",
        "31-12-2026",
        "31.12.2026",
        "2026-12-31",
        "20261231",
        "2026/12/31",
        "2026.12.31",
        "31/12/26",
        "31/12/2026 00:00:00",
        "2026-12-31T00:00:00",
        "31 dicembre 2026",
        "31-dic-26",
    ],
)
def test_dates_are_read_as_people_and_machines_write_them(text: str) -> None:
    assert DEFAULT.of("order").read({"data_consegna": text}) == {"deadline": "2026-12-31"}


@pytest.mark.parametrize(
    "text",
    [
        "00/00/0000",
        "0000-00-00 00:00:00",
        "  /  /    ",
        "/ /",
        "01/01/0001 00:00:00",
        "1/1/0001 0:00:00",
        "01-01-0001",
    ],
)
def test_what_databases_give_for_no_date_is_empty(text: str) -> None:
    assert DEFAULT.of("order").read({"data_consegna": text}) == {"deadline": None}


@pytest.mark.parametrize(
    "text",
    ["261212", "31/12/0026", "12/31/2026", "46022", "0", "31/13/26", "05/00/0000", "01/01/00012", "presto"],
)
def test_what_is_no_date_is_none(text: str) -> None:
    with pytest.raises(Invalid, match="date_unreadable"):
        DEFAULT.of("order").read({"data_consegna": text})


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"customer": {"colour": FieldMapping("c")}}, "mapping_unknown_field"),
        ({"order": {"number": FieldMapping("riferimento")}}, "mapping_column_twice"),
        ({"customer": {"name": FieldMapping("n", code_map={"a": "x", "b": "x"})}}, "mapping_code_twice"),
        (
            {"customer": {"name": FieldMapping("n", code_map={"a": "x", "b": ["y", "x"]})}},
            "mapping_code_twice",
        ),
    ],
)
def test_what_cannot_be_mapped_is_refused(changes: dict, code: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(Invalid) as refusal:
        DEFAULT.with_changes(changes)
    assert refusal.value.code == code
    assert refusal.value.field is not None


def test_a_file_without_the_code_column_is_recognised_as_useless() -> None:
    assert missing_columns("customer", DEFAULT.of("customer"), ["ragione_sociale"]) == ["codice"]
    assert missing_columns("customer", DEFAULT.of("customer"), ["codice"]) == []
