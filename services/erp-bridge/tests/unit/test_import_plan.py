"""What a file of customers would change, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest

from erp_bridge.adapters.drop_folder import DESCRIPTION, DropFolder
from erp_bridge.adapters.italian_checks import italian_checks
from erp_bridge.domain.import_plan import (
    Answer,
    ImportPlan,
    KnownRecord,
    KnownRecords,
    Planner,
    RemoteRecord,
    came_as_before,
    read_records,
)
from erp_bridge.domain.mapping import FieldMapping
from erp_bridge.domain.party import normal_tax_number, tax_numbers

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
KNOWN = KnownRecord(
    UUID(int=7),
    {
        "code": "MI",
        "name": "Caffè Aurora Milano S.r.l.",
        "vat_number": "07643520567",
        "fiscal_code": None,
        "street": "Via Torino 2",
        "postal_code": "20123",
        "city": "Milano",
        "province": "MI",
        "country": "IT",
        "payment_method": "MP12",
        "payment_terms": "RB 60 gg FM",
    },
    remote_id="MI",
)


def ids() -> Iterator[UUID]:
    n = 100
    while True:
        n += 1
        yield UUID(int=n)


def plan(  # type: ignore[no-untyped-def]
    *rows: dict[str, str],
    known: KnownRecords | None = None,
    mapping=DEFAULT,
    answer: Answer | None = None,
    identity: str = "code",
) -> ImportPlan:
    made = ids()
    capability = DESCRIPTION.capability("customer")
    assert capability is not None
    planner = Planner(
        replace(capability, identity=identity),
        mapping.of("customer"),
        CHECKS,
        "gestionale",
        lambda: next(made),
        answer,
    )
    records = [RemoteRecord(cells, line=line) for line, cells in enumerate(rows, 2)]
    read = read_records(mapping.of("customer"), records)
    return planner.plan(read, known or KnownRecords(), source="clienti.csv", seen=set())


def linked() -> KnownRecords:
    return KnownRecords(by_remote_id={"MI": KNOWN}, linked_by_tax_number={"07643520567": KNOWN})


def test_an_unknown_customer_is_created() -> None:
    (planned,) = plan(MILANO).records
    assert (planned.action, planned.fields) == ("create", KNOWN.fields)


def test_the_same_row_again_changes_nothing() -> None:
    (planned,) = plan(MILANO, known=linked()).records
    assert (planned.action, planned.record_id) == ("unchanged", KNOWN.record_id)


def test_a_remote_id_of_which_every_row_came_like_that_before_is_as_before() -> None:
    """One that comes twice, first otherwise and then as it was, has to be planned: the last word counts."""
    otherwise = {**MILANO, "ragione_sociale": "Altra S.r.l."}
    (before,) = read_records(DEFAULT.of("customer"), [RemoteRecord(MILANO)])
    hashes = {"MI": before.content_hash}
    for rows, expected in (
        ([MILANO], {"MI"}),
        ([MILANO, MILANO], {"MI"}),
        ([otherwise], set()),
        ([otherwise, MILANO], set()),
        ([MILANO, otherwise], set()),
        ([{**MILANO, "codice": "TO"}], set()),
        ([{}], set()),
    ):
        read = read_records(DEFAULT.of("customer"), [RemoteRecord(row) for row in rows])
        assert came_as_before(read, hashes) == expected


def test_new_terms_are_a_change() -> None:
    (planned,) = plan(
        {**MILANO, "condizioni_pagamento": "bb 30 gg fm", "modalita_pagamento": ""}, known=linked()
    ).records
    assert planned.action == "change"
    assert (planned.fields["payment_method"], planned.fields["payment_terms"]) == ("MP05", "BB 30 gg FM")


def test_a_customer_of_another_connection_is_found_by_its_tax_number() -> None:
    known = KnownRecords(unlinked_by_tax_number={"07643520567": KNOWN})
    (planned,) = plan({**MILANO, "codice": "0001", "partita_iva": "IT 07643520567"}, known=known).records
    assert (planned.action, planned.record_id) == ("change", KNOWN.record_id)


def test_two_codes_with_one_tax_number_are_two_customers() -> None:
    known = KnownRecords(unlinked_by_tax_number={"07643520567": KNOWN})
    first, second = plan(MILANO, {**MILANO, "codice": "MI-2"}, known=known).records
    assert first.record_id == KNOWN.record_id
    assert (second.action, second.record_id == KNOWN.record_id) == ("create", False)


def test_the_last_row_of_a_code_counts() -> None:
    first, second = plan(MILANO, {**MILANO, "indirizzo": "Via Torino 4"}).records
    assert first.record_id == second.record_id
    assert (second.action, second.fields["street"]) == ("change", "Via Torino 4")


def test_an_absent_column_leaves_what_is_known_and_an_empty_one_clears_it() -> None:
    without = {name: value for name, value in MILANO.items() if name != "condizioni_pagamento"}
    assert plan(without, known=linked()).records[0].action == "unchanged"
    cleared = plan({**MILANO, "condizioni_pagamento": "", "modalita_pagamento": ""}, known=linked()).records[
        0
    ]
    assert (cleared.fields["payment_method"], cleared.fields["payment_terms"]) == (None, None)


def test_a_field_that_we_own_is_not_taken_from_the_erp() -> None:
    mapping = DEFAULT.with_changes({"customer": {"name": FieldMapping("ragione_sociale", owner="optima")}})
    renamed = {**MILANO, "ragione_sociale": "AURORA MI"}
    assert plan(renamed, known=linked(), mapping=mapping).records[0].action == "unchanged"
    assert plan(renamed, mapping=mapping).records[0].fields["name"] == "AURORA MI"


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"codice": ""}, "code", "value_missing"),
        ({"ragione_sociale": "x" * 201}, "name", "value_too_long"),
        ({"ragione_sociale": "a\nb"}, "name", "value_has_control_characters"),
        ({"partita_iva": "07643520568"}, "vat_number", "vat_number_wrong"),
        ({"partita_iva": "", "codice_fiscale": ""}, "vat_number", "tax_number_missing"),
        ({"codice_fiscale": "RSSMRA80A01H501X"}, "fiscal_code", "fiscal_code_wrong"),
        ({"cap": "20123-A"}, "postal_code", "postal_code_wrong"),
        ({"provincia": "Mailand"}, "province", "province_wrong"),
        ({"comune": "#N/D"}, "city", "value_not_reckoned"),
    ],
)
def test_a_bad_row_is_refused_and_its_neighbours_go_on(change: dict[str, str], field: str, code: str) -> None:
    outcome = plan({**MILANO, **change}, {**MILANO, "codice": "RM"})
    (refused,) = outcome.refused
    assert [(each.field, each.code) for each in refused.problems] == [(field, code)]
    assert refused.line == 2
    assert [each.remote_code for each in outcome.records] == ["RM"]


def test_terms_that_nobody_can_read_stay_as_text_and_are_told() -> None:
    (planned,) = plan({**MILANO, "condizioni_pagamento": "quando posso", "modalita_pagamento": ""}).records
    assert (planned.fields["payment_terms"], planned.fields["payment_method"]) == ("quando posso", None)
    assert [each.code for each in planned.notices] == ["payment_terms_unreadable"]


@pytest.mark.parametrize(
    ("column", "text", "field", "restored"),
    [
        ("cap", "184", "postal_code", "00184"),
        ("cap", "7100", "postal_code", "07100"),
        ("partita_iva", "7643520567", "vat_number", "07643520567"),
        ("codice_fiscale", "7643520567", "fiscal_code", "07643520567"),
        ("codice_fiscale", "743110157", "fiscal_code", "00743110157"),
    ],
)
def test_zeros_that_a_spreadsheet_took_away_come_back(
    column: str, text: str, field: str, restored: str
) -> None:
    (planned,) = plan({**MILANO, column: text}).records
    assert planned.fields[field] == restored
    assert [(each.code, each.field) for each in planned.notices] == [("zeros_restored", field)]


@pytest.mark.parametrize("country", ["", "Italia", "IT"])
def test_a_company_is_recognised_by_a_number_that_has_lost_its_zeros(country: str) -> None:
    row = {**MILANO, "codice": "77", "partita_iva": "7643520567", "nazione": country}
    known = KnownRecords(unlinked_by_tax_number={"07643520567": replace(KNOWN, remote_id=None)})
    (planned,) = plan(row, known=known).records
    assert (planned.action, planned.record_id) == ("change", KNOWN.record_id)
    (question,) = plan(row, known=linked()).refused
    assert question.problems[0].code == "code_changed"
    # And is not taken for another, either.
    (planned,) = plan({**row, "codice": "MI", "ragione_sociale": "Altro nome"}, known=linked()).records
    assert planned.record_id == KNOWN.record_id


def test_a_foreign_number_that_is_shorter_has_lost_nothing() -> None:
    row = {**MILANO, "codice": "77", "partita_iva": "DE136695976", "nazione": "DE"}
    known = KnownRecords(unlinked_by_tax_number={"00136695976": KNOWN})
    (planned,) = plan(row, known=known).records
    assert (planned.action, planned.fields["vat_number"]) == ("create", "136695976")
    german = {"vat_number": "136695976", "country": "DE"}
    assert tax_numbers(german) == {"136695976"}


RENUMBERED = {**MILANO, "codice": "MI-NEW"}


def test_a_changed_code_is_a_question() -> None:
    outcome = plan(RENUMBERED, known=linked())
    (question,) = outcome.refused
    assert (question.asks, question.key, question.problems[0].code) == (True, "MI-NEW", "code_changed")
    assert question.problems[0].facts["known_code"] == "MI"
    assert outcome.records == []
    (same,) = plan(RENUMBERED, known=linked(), answer="same").records
    assert (same.record_id, same.remote_id) == (KNOWN.record_id, "MI-NEW")
    (another,) = plan(RENUMBERED, known=linked(), answer="another").records
    assert (another.action, another.record_id == KNOWN.record_id) == ("create", False)


def test_two_accounts_of_one_company_in_one_file_are_no_question() -> None:
    outcome = plan(MILANO, RENUMBERED, known=linked())
    assert outcome.refused == []
    assert [each.action for each in outcome.records] == ["unchanged", "create"]


REUSED = {**MILANO, "ragione_sociale": "Tutt'altro S.p.A.", "partita_iva": "12345670587"}


def test_a_code_given_to_another_company_is_a_question() -> None:
    (question,) = plan(REUSED, known=linked()).refused
    assert (question.asks, question.problems[0].code) == (True, "code_reused")
    (same,) = plan(REUSED, known=linked(), answer="same").records
    assert (same.action, same.record_id) == ("change", KNOWN.record_id)
    (another,) = plan(REUSED, known=linked(), answer="another").records
    assert (another.action, another.record_id == KNOWN.record_id) == ("create", False)


@pytest.mark.parametrize("field", ["ragione_sociale", "partita_iva"])
def test_a_corrected_name_or_number_is_no_question(field: str) -> None:
    (planned,) = plan({**MILANO, field: REUSED[field]}, known=linked()).records
    assert (planned.action, planned.record_id) == ("change", KNOWN.record_id)


def test_where_the_remote_system_gives_ids_a_code_may_change() -> None:
    outcome = plan(REUSED, known=linked(), identity="id")
    assert (outcome.refused, outcome.records[0].record_id) == ([], KNOWN.record_id)
    (other,) = plan(RENUMBERED, known=linked(), identity="id").records
    assert other.action == "create"


def test_our_code_is_the_erps_unless_another_record_has_it() -> None:
    first, second = (
        plan(MILANO, known=KnownRecords()).records,
        plan(MILANO, known=KnownRecords(taken_codes={"MI"})).records,
    )
    assert (first[0].code, second[0].code) == ("MI", "MI@gestionale")
    assert second[0].remote_code == "MI"


@pytest.mark.parametrize(
    ("country", "number", "problem"),
    [
        ("SM", "SM 12345", None),
        ("San Marino", "SM12345", None),
        ("RSM", "SM 12345", None),
        ("Città del Vaticano", "", None),
        ("VA", "", None),
        ("Germania", "DE 136.695.976", None),
        ("Grecia", "EL094259216", None),
        ("EL", "094259216", None),
        ("Gran Bretagna", "GB 980 7806 84", None),
        ("Stati Uniti d'America", "", None),
        ("Utopia", "X12345", "country_unknown"),
        ("DE", "DE136695976", None),
        ("DE", "136695977", "foreign_vat_number_wrong"),
        ("CH", "", None),
        ("Italia", "07643520567", None),
    ],
)
def test_customers_abroad(country: str, number: str, problem: str | None) -> None:
    abroad = {**MILANO, "nazione": country, "partita_iva": number}
    if country != "Italia":
        abroad |= {"cap": "A-1010", "provincia": ""}
    outcome = plan(abroad)
    assert [each.code for refused in outcome.refused for each in refused.problems] == (
        [problem] if problem else []
    )


@pytest.mark.parametrize(
    ("change", "country"),
    [
        ({"partita_iva": "DE136695976", "cap": "10115", "provincia": ""}, "DE"),
        ({"partita_iva": "SM12345", "cap": "47891", "provincia": "RSM"}, "SM"),
        ({"partita_iva": "", "cap": "47890"}, "SM"),
        ({"partita_iva": "", "cap": "00120", "provincia": "SCV"}, "VA"),
    ],
)
def test_where_no_country_is_given_number_and_place_tell(change: dict[str, str], country: str) -> None:
    (planned,) = plan({**MILANO, **change}).records
    assert planned.fields["country"] == country
    assert [(each.code, each.field) for each in planned.notices] == [("country_inferred", "country")]


@pytest.mark.parametrize(
    ("change", "field", "value", "notices"),
    [
        ({"provincia": "Milano"}, "province", "MI", []),
        ({"provincia": "(mi)"}, "province", "MI", []),
        ({"provincia": "FORLI' CESENA"}, "province", "FC", []),
        ({"cap": "I-20123"}, "postal_code", "20123", []),
        ({"cap": "20 123"}, "postal_code", "20123", []),
        ({"partita_iva": "P.IVA IT 076.435.205-67"}, "vat_number", "07643520567", []),
        ({"partita_iva": "RSSMRA80A01H501U"}, "fiscal_code", "RSSMRA80A01H501U", ["fiscal_code_moved"]),
        ({"modalita_pagamento": "Ricevuta bancaria"}, "payment_method", "MP12", []),
        ({"modalita_pagamento": "MP99"}, "payment_method", None, ["payment_method_unknown"]),
        ({"condizioni_pagamento": "x" * 180}, "payment_terms", "x" * 180, ["payment_terms_unreadable"]),
    ],
)
def test_what_people_write_otherwise_is_taken_as_it_is_meant(
    change: dict[str, str], field: str, value: str | None, notices: list[str]
) -> None:
    (planned,) = plan({**MILANO, **change}).records
    assert planned.fields[field] == value
    assert [each.code for each in planned.notices] == notices


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
