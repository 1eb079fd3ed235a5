"""What a file of customers would change, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest

from erp_bridge.adapters.drop_folder import DropFolder
from erp_bridge.adapters.italian_checks import italian_checks
from erp_bridge.domain.customer import CustomerFields, normal_tax_number
from erp_bridge.domain.import_plan import ImportPlan, KnownCustomer, KnownCustomers, Row, plan_import
from erp_bridge.domain.mapping import FieldMapping

DEFAULT = DropFolder.mapping(DropFolder.__new__(DropFolder))
CHECKS = italian_checks()
MILANO = {
    "codice": "MI",
    "ragione_sociale": "Caffè Aurora Milano S.r.l.",
    "partita_iva": "07643520567",
    "codice_fiscale": "",
    "indirizzo": "Via Torino 2",
    "cap": "20123",
    "comune": "Milano",
    "provincia": "MI",
    "modalita_pagamento": "MP12",
    "condizioni_pagamento": "RB 60 gg FM",
}
KNOWN = KnownCustomer(
    UUID(int=7),
    CustomerFields(
        code="MI",
        name="Caffè Aurora Milano S.r.l.",
        vat_number="07643520567",
        fiscal_code=None,
        street="Via Torino 2",
        postal_code="20123",
        city="Milano",
        province="MI",
        payment_method="MP12",
        payment_terms="RB 60 gg FM",
    ),
)


def ids() -> Iterator[UUID]:
    n = 100
    while True:
        n += 1
        yield UUID(int=n)


def plan(*rows: dict[str, str], known: KnownCustomers | None = None, mapping=DEFAULT) -> ImportPlan:  # type: ignore[no-untyped-def]
    made = ids()
    return plan_import(
        [Row(line, cells) for line, cells in enumerate(rows, 2)],
        known or KnownCustomers(),
        mapping.of("customer"),
        CHECKS,
        source="clienti.csv",
        new_id=lambda: next(made),
    )


def linked() -> KnownCustomers:
    return KnownCustomers(by_code={"MI": KNOWN})


def test_an_unknown_customer_is_created() -> None:
    (planned,) = plan(MILANO).customers
    assert (planned.action, planned.fields) == ("create", KNOWN.fields)


def test_the_same_row_again_changes_nothing() -> None:
    (planned,) = plan(MILANO, known=linked()).customers
    assert (planned.action, planned.customer_id) == ("unchanged", KNOWN.customer_id)


def test_new_terms_are_a_change() -> None:
    (planned,) = plan(
        {**MILANO, "condizioni_pagamento": "bb 30 gg fm", "modalita_pagamento": ""}, known=linked()
    ).customers
    assert planned.action == "change"
    assert (planned.fields.payment_method, planned.fields.payment_terms) == ("MP05", "BB 30 gg FM")


def test_a_customer_of_another_connection_is_found_by_its_tax_number() -> None:
    known = KnownCustomers(unlinked_by_tax_number={"07643520567": KNOWN})
    (planned,) = plan({**MILANO, "codice": "0001", "partita_iva": "IT 07643520567"}, known=known).customers
    assert (planned.action, planned.customer_id) == ("change", KNOWN.customer_id)


def test_two_codes_with_one_tax_number_are_two_customers() -> None:
    known = KnownCustomers(unlinked_by_tax_number={"07643520567": KNOWN})
    first, second = plan(MILANO, {**MILANO, "codice": "MI-2"}, known=known).customers
    assert first.customer_id == KNOWN.customer_id
    assert (second.action, second.customer_id == KNOWN.customer_id) == ("create", False)


def test_the_last_row_of_a_code_counts() -> None:
    first, second = plan(MILANO, {**MILANO, "indirizzo": "Via Torino 4"}).customers
    assert first.customer_id == second.customer_id
    assert (second.action, second.fields.street) == ("change", "Via Torino 4")


def test_an_absent_column_leaves_what_is_known_and_an_empty_one_clears_it() -> None:
    without = {name: value for name, value in MILANO.items() if name != "condizioni_pagamento"}
    assert plan(without, known=linked()).customers[0].action == "unchanged"
    cleared = plan(
        {**MILANO, "condizioni_pagamento": "", "modalita_pagamento": ""}, known=linked()
    ).customers[0]
    assert (cleared.fields.payment_method, cleared.fields.payment_terms) == (None, None)


def test_a_field_that_we_own_is_not_taken_from_the_erp() -> None:
    mapping = DEFAULT.with_changes({"customer": {"name": FieldMapping("ragione_sociale", owner="optima")}})
    renamed = {**MILANO, "ragione_sociale": "AURORA MI"}
    assert plan(renamed, known=linked(), mapping=mapping).customers[0].action == "unchanged"
    assert plan(renamed, mapping=mapping).customers[0].fields.name == "AURORA MI"


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"codice": ""}, "code", "value_missing"),
        ({"ragione_sociale": "x" * 201}, "name", "value_too_long"),
        ({"ragione_sociale": "a\nb"}, "name", "value_has_control_characters"),
        ({"partita_iva": "07643520568"}, "vat_number", "vat_number_wrong"),
        ({"partita_iva": "", "codice_fiscale": ""}, "vat_number", "tax_number_missing"),
        ({"codice_fiscale": "RSSMRA80A01H501X"}, "fiscal_code", "fiscal_code_wrong"),
        ({"cap": "2012"}, "postal_code", "postal_code_wrong"),
        ({"provincia": "Milano"}, "province", "province_wrong"),
        ({"modalita_pagamento": "MP99"}, "payment_method", "payment_method_unknown"),
        ({"condizioni_pagamento": "quando posso"}, "payment_terms", "payment_terms_unreadable"),
    ],
)
def test_a_bad_row_is_refused_and_its_neighbours_go_on(change: dict[str, str], field: str, code: str) -> None:
    outcome = plan({**MILANO, **change}, {**MILANO, "codice": "RM"})
    (refused,) = outcome.refused
    assert [(each.field, each.code) for each in refused.problems] == [(field, code)]
    assert refused.line == 2
    assert [each.fields.code for each in outcome.customers] == ["RM"]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    (refused,) = plan({**MILANO, "cap": "x", "provincia": "", "codice": ""}).refused
    assert {each.field for each in refused.problems} == {"code", "postal_code", "province"}
    assert refused.key == "clienti.csv:2"


def test_a_row_that_does_not_fit_its_header_is_refused() -> None:
    (refused,) = plan({}).refused
    assert refused.problems[0].code == "row_does_not_fit"


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("IT07643520567", "07643520567"),
        ("0764 3520567", "07643520567"),
        ("itlmra80a01h501x", "ITLMRA80A01H501X"),
    ],
)
def test_tax_numbers_have_one_form(text: str, normal: str) -> None:
    assert normal_tax_number(text) == normal
