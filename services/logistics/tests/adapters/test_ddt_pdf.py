"""The sheet of a transport document: what it says, on how many pages, and that nothing becomes markup."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from pypdf import PdfReader

from logistics.adapters.ddt_sheet import coverage, ddt_sheet, italian_number
from logistics.adapters.printer import TEMPLATE, Printer, document_sheet
from logistics.domain.ddt import Document, DocumentLine
from logistics.domain.parties import Party
from optima_kit.typesetting_process import typeset_here

TENANT = UUID(int=7)
DOCUMENT = Document(
    number="12/A/2026",
    progressive=12,
    series="A",
    year=2026,
    issue_date=date(2026, 11, 4),
    issued_at=datetime(2026, 11, 4, 9, 30, 0, 987654, tzinfo=UTC),
    time_zone="Europe/Rome",
    sender=Party(
        "Caffè Aurora S.p.A.",
        "Via Garibaldi 18",
        "40124",
        "Bologna",
        "BO",
        vat_number="01234560371",
        fiscal_code="01234560371",
    ),
    recipient=Party("Rossi Mario", "Via Torino 2", "20123", "Milano", "MI", fiscal_code="RSSMRA80A01H501U"),
    delivery_address=Party("Caffè Aurora – Duomo", "Piazza del Duomo 12", "20122", "Milano", "MI"),
    reason="Conto visione",
    transport_by="vettore",
    carrier=Party(
        "Autotrasporti Appennino S.r.l.",
        "Via Emilia 220",
        "40068",
        "San Lazzaro",
        "BO",
        vat_number="02345670372",
    ),
    freight="franco con addebito in fattura",
    appearance="scatole/bancali",
    packages=1012,
    gross_weight_kg=Decimal("1184.500"),
    notes="Consegnare al piano",
    order_number="O-2026-0007",
    replaces_number="11/A/2026",
    lines=(DocumentLine(UUID(int=1), "Locandina", Decimal("1500.000"), "pz", "locandina"),),
    departure=Party("Deposito Borgo", "Via Emilia Ponente 9", "40133", "Bologna", "BO"),
    net_weight_kg=Decimal("1100"),
    customer_reference="ODA 4711",
    starts_at=datetime(2026, 11, 4, 14, 5, tzinfo=UTC),
)


@pytest.fixture
async def printer() -> AsyncIterator[Printer]:
    opened = Printer()
    yield opened
    opened.close()


def printed(document: Document, voided_because: str | None = None) -> PdfReader:
    """In this process: only one test is about the others."""
    sheet = json.dumps(document_sheet(document, voided_because))
    return PdfReader(io.BytesIO(typeset_here(asdict(TEMPLATE), sheet, int(document.issued_at.timestamp()))))


def text_of(reader: PdfReader) -> str:
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


@pytest.mark.parametrize(
    "said",
    [
        "12/A/2026",
        "04/11/2026",
        "Caffè Aurora S.p.A.",
        "P. IVA e C.F. 01234560371",
        "40124 Bologna (BO)",
        "Rossi Mario",
        "C.F. RSSMRA80A01H501U",
        "Caffè Aurora – Duomo",
        "Piazza del Duomo 12",
        "Conto visione",
        "Vettore",
        "Autotrasporti Appennino S.r.l.",
        "Franco con addebito in fattura",
        "scatole/bancali",
        "1.012",
        "1.184,5 kg",
        "Consegnare al piano",
        "O-2026-0007",
        "Sostituisce il documento n. 11/A/2026, annullato.",
        "Locandina",
        "1.500",
        "D.P.R. 14 agosto 1996, n. 472",
        "FIRMA DEL DESTINATARIO",
        "Pagina 1 di 1",
        "MITTENTE (CEDENTE)",
        "LUOGO DI PARTENZA Deposito Borgo",
        "1.100 kg",
        "Vs. rif. ODA 4711",
        "04/11/2026 ore 15:05",
        "Codice",
    ],
)
def test_the_sheet_says(said: str) -> None:
    assert said in _whole()


_text: list[str] = []


def _whole() -> str:
    if not _text:
        _text.append(text_of(printed(DOCUMENT)))
    return _text[0]


def test_it_is_pdf_a_3b_with_its_own_date_and_fonts() -> None:
    reader = printed(DOCUMENT)
    metadata = reader.trailer["/Root"]["/Metadata"].get_object().get_data().decode()  # type: ignore[index]
    assert "<pdfaid:part>3</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in metadata
    assert reader.metadata is not None
    assert reader.metadata.creation_date == datetime(2026, 11, 4, 9, 30, tzinfo=UTC)
    assert reader.metadata.title == "Documento di trasporto n. 12/A/2026"


def test_long_lists_go_on_over_pages_under_their_headings() -> None:
    lines = tuple(
        DocumentLine(UUID(int=n), f"Articolo{n}. " + "Espositore in cartone teso " * 4, Decimal(n), "pz")
        for n in range(1, 61)
    )
    reader = printed(replace(DOCUMENT, lines=lines))
    pages = [page.extract_text() for page in reader.pages]
    last = len(pages)
    assert last >= 3
    for number, page in enumerate(pages, 1):
        assert f"Pagina {number} di {last}" in page
        assert "Descrizione dei beni" in page
        assert ("Segue alla pagina successiva" in page) == (number < last)
        assert ("Documento di trasporto n. 12/A/2026 del 04/11/2026" in " ".join(page.split())) == (
            number > 1
        )
        assert ("FIRMA DEL DESTINATARIO" in page) == (number == last)
    whole = "".join(pages)
    assert [whole.count(f"Articolo{n}.") for n in range(1, 61)] == [1] * 60


def test_two_hundred_lines_are_all_there_on_six_pages() -> None:
    lines = tuple(
        DocumentLine(UUID(int=n), f"Articolo{n}. Espositore da banco", Decimal(n), "pz", f"ESP-{n:03}")
        for n in range(1, 201)
    )
    pages = [page.extract_text() for page in printed(replace(DOCUMENT, lines=lines)).pages]
    assert len(pages) == 6
    whole = "".join(pages)
    assert [whole.count(f"Articolo{n}.") for n in range(1, 201)] == [1] * 200
    named = [whole.index(f"Articolo{n}.") for n in range(1, 201)]
    assert named == sorted(named)
    for number, page in enumerate(pages, 1):
        assert f"Pagina {number} di 6" in page
        assert "Descrizione dei beni" in page
        assert ("Segue alla pagina successiva" in page) == (number < 6)


def test_many_documents_in_one_pdf_count_their_own_pages() -> None:
    lines = tuple(DocumentLine(UUID(int=n), f"Voce {n}", Decimal(n), "pz") for n in range(1, 61))
    documents = (DOCUMENT, replace(DOCUMENT, number="13/A/2026", lines=lines), DOCUMENT)
    sheet = document_sheet(DOCUMENT, None)
    sheet["papers"] = [ddt_sheet(each, None) for each in documents]
    reader = PdfReader(io.BytesIO(typeset_here(asdict(TEMPLATE), json.dumps(sheet), 0)))
    texts = [page.extract_text() for page in reader.pages]
    pages = len(texts) - 2
    assert pages > 1
    for text, number in zip(texts, [1, *range(1, pages + 1), 1], strict=True):
        assert f"Pagina {number} di {1 if text in (texts[0], texts[-1]) else pages}" in text
        assert ("Documento di trasporto n." in text) == (number > 1)


NASTY = [
    '#panic("x")',
    "#{1+1}",
    "$x^2$ _a_ *b* `c` ~ \\n \\u{41} <label> @ref //comment /* c */ = = - + [x] {y}",
    '"; DROP TABLE "',
    '#read("/etc/passwd") #include "ddt.typ"',
    "-- --- ... 'a' \"b\"",
]


@pytest.mark.parametrize("nasty", NASTY)
def test_nothing_that_anybody_wrote_becomes_markup(nasty: str) -> None:
    document = replace(
        DOCUMENT,
        notes=nasty,
        reason=nasty,
        appearance=nasty,
        order_number=nasty,
        recipient=replace(DOCUMENT.recipient, name=nasty),
        lines=(DocumentLine(UUID(int=1), nasty, Decimal(1), nasty[:10]),),
    )
    text = "".join(text_of(printed(document, nasty)).split())
    assert text.count("".join(nasty.split())) >= 6


def test_a_word_without_end_stays_on_the_sheet() -> None:
    endless = "W" * 300
    line = DocumentLine(UUID(int=1), endless, Decimal("123456789012.123"), "pz")
    recipient = replace(DOCUMENT.recipient, name=endless)
    reader = printed(
        replace(DOCUMENT, lines=(line,), recipient=recipient, order_number=endless, reason=endless)
    )
    text = "".join(page.extract_text() for page in reader.pages)
    assert text.count("W") == 4 * 300
    assert max(row.count("W") for row in text.splitlines()) < 60


def test_accents_are_composed_and_what_the_fonts_lack_is_marked() -> None:
    line = DocumentLine(UUID(int=1), "Caffe\u0300 Łódź Ελλάδα Київ 日本 😀 a\ue000b", Decimal(1), "m²")
    text = text_of(printed(replace(DOCUMENT, lines=(line,))))
    assert "Caffè Łódź" in text
    assert "Київ ?? ? a?b" in text
    assert "m²" in text


def test_the_fonts_show_every_character_that_they_are_said_to() -> None:
    everything = "".join(map(chr, sorted(coverage())))
    line = DocumentLine(UUID(int=1), everything, Decimal(1), "pz")
    recipient = replace(DOCUMENT.recipient, name=everything)  # in bold
    assert len(printed(replace(DOCUMENT, lines=(line,), recipient=recipient)).pages) >= 1


def test_a_voided_document_says_so_on_every_page() -> None:
    lines = tuple(DocumentLine(UUID(int=n), "Voce", Decimal(n), "pz") for n in range(1, 61))
    reader = printed(replace(DOCUMENT, lines=lines), "Quantità errata")
    assert len(reader.pages) > 1
    assert all("ANNULLATO" in page.extract_text() for page in reader.pages)
    assert "Documento annullato. Motivo: Quantità errata" in text_of(reader)
    assert "ANNULLATO" not in text_of(printed(DOCUMENT))


def test_what_is_not_said_is_left_open() -> None:
    bare = replace(
        DOCUMENT,
        transport_by="mittente",
        carrier=None,
        freight=None,
        appearance=None,
        packages=None,
        gross_weight_kg=None,
        notes=None,
        replaces_number=None,
        recipient=Party("Dupont SARL", "12 rue X", "75001", "Paris", "", "FR", vat_number="FR40303265045"),
    )
    text = text_of(printed(bare))
    assert "FIRMA DEL VETTORE" not in text
    assert "ANNOTAZIONI" not in text
    assert "75001 Paris · FR" in text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1500.000", "1.500"),
        ("184.5", "184,5"),
        ("1234567.25", "1.234.567,25"),
        ("0.001", "0,001"),
        ("1E+3", "1.000"),
    ],
)
def test_numbers_are_written_in_italian(value: str, text: str) -> None:
    assert italian_number(Decimal(value)) == text


async def test_another_process_makes_the_same_bytes(printer: Printer) -> None:
    made = await printer.print(TENANT, DOCUMENT)
    assert made == await printer.print(TENANT, DOCUMENT)
    sheet = document_sheet(DOCUMENT, None)
    here = typeset_here(asdict(TEMPLATE), json.dumps(sheet, ensure_ascii=False), 1793784600)
    assert made == here
