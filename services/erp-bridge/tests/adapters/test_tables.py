"""Files as they come: from old Windows programs, from spreadsheets, from people."""

from __future__ import annotations

import io
import zipfile
from typing import Any
from xml.sax.saxutils import escape

import pytest

from erp_bridge.adapters import tables
from erp_bridge.adapters.mappings import connector_mapping
from erp_bridge.adapters.tables import Table
from erp_bridge.application.ports import Rejected

COLUMNS = connector_mapping("drop_folder.yaml").of("customer").columns()
HEADER = "codice;ragione_sociale;partita_iva;indirizzo;cap;comune;provincia"
ROW = "C1;Caffè Città S.r.l.;07643520567;Via Nizza 1;00184;Roma;RM"
EXPECTED = {
    "codice": "C1",
    "ragione_sociale": "Caffè Città S.r.l.",
    "partita_iva": "07643520567",
    "indirizzo": "Via Nizza 1",
    "cap": "00184",
    "comune": "Roma",
    "provincia": "RM",
}


def read(content: bytes) -> tuple[Table, list[dict[str, Any]]]:
    table = Table(content, COLUMNS)
    return table, [dict(each.values) for portion in table.portions(2, skip=0) for each in portion]


def text(*lines: str, end: str = "\r\n") -> str:
    return end.join([*lines, ""])


def ods(*rows: list[str], further: str) -> bytes:
    """The least that is one. `further`: rows as XML."""
    urn = "urn:oasis:names:tc:opendocument:xmlns"
    names = " ".join(f'xmlns:{each}="{urn}:{each}:1.0"' for each in ("office", "table", "text"))
    written = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{escape(cell)}</text:p></table:table-cell>'
            for cell in row
        )
        + "</table:table-row>"
        for row in rows
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    parts = {
        "mimetype": kind,
        "META-INF/manifest.xml": f'<manifest:manifest xmlns:manifest="{urn}:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/></manifest:manifest>',
        "content.xml": f"<office:document-content {names}><office:body><office:spreadsheet>"
        f'<table:table table:name="Foglio1">{written}{further}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>",
    }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return content.getvalue()


def xlsx(*rows: list[object], further: str = "") -> bytes:
    """The least that is a workbook, with numbers as numbers. `further`: rows as XML."""

    def cell(value: object) -> str:
        if isinstance(value, int | float):
            return f"<c><v>{value}</v></c>"
        return f'<c t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'

    sheet = "".join("<row>" + "".join(map(cell, row)) + "</row>" for row in rows)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    package = "http://schemas.openxmlformats.org/package/2006"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument'
        '.spreadsheetml.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1"'
        f' Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        '<sheet name="Foglio1" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1"'
        f' Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{sheet}{further}</sheetData>'
        "</worksheet>",
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


PLAIN = text(HEADER, ROW)
SHEET_ROW: list[object] = list(EXPECTED.values())


@pytest.mark.parametrize(
    ("content", "dialect"),
    [
        pytest.param(PLAIN.encode(), "utf-8, ;", id="as the drop folder's own"),
        pytest.param(b"\xef\xbb\xbf" + PLAIN.encode(), "utf-8, ;", id="byte order mark"),
        pytest.param(PLAIN.encode("cp1252"), "cp1252, ;", id="old Windows program"),
        pytest.param(PLAIN.encode("utf-16"), "utf-16, ;", id="Excel's Unicode text"),
        pytest.param(PLAIN.replace(";", "\t").encode("utf-16"), "utf-16, tab", id="Unicode text with tabs"),
        pytest.param(PLAIN.replace(";", ",").encode(), "utf-8, ,", id="commas"),
        pytest.param(PLAIN.replace(";", "|").encode(), "utf-8, |", id="bars"),
        pytest.param(PLAIN.replace(";", "\t").encode("cp1252"), "cp1252, tab", id="tabs, old Windows"),
        pytest.param(text("sep=,", HEADER, ROW).replace(";", ",").encode(), "utf-8, ,", id="sep="),
        pytest.param(text(HEADER, ROW, end="\n").encode(), "utf-8, ;", id="Unix line ends"),
        pytest.param(text("", "", HEADER, ROW).encode(), "utf-8, ;", id="empty lines before"),
        pytest.param(
            text("Elenco clienti al 29/11/2026", ";;", HEADER, ROW).encode(), "utf-8, ;", id="a title above"
        ),
        pytest.param(text(HEADER.upper(), ROW).encode(), "utf-8, ;", id="capitals"),
        pytest.param(
            text(HEADER.replace("_", " ").title(), ROW).encode(), "utf-8, ;", id="spaces for underscores"
        ),
        pytest.param(
            text(HEADER.replace("partita_iva", "Partita I.V.A."), ROW).encode(), "utf-8, ;", id="dots"
        ),
        pytest.param(text(HEADER.replace("comune", " Comùne "), ROW).encode(), "utf-8, ;", id="accents"),
        pytest.param(text(HEADER + ";;;", ROW + ";;;").encode(), "utf-8, ;", id="empty columns at the end"),
        pytest.param(text(HEADER, ROW + ";; ").encode(), "utf-8, ;", id="empty cells at the end"),
        pytest.param(text(HEADER, ";;;;;;", ROW, ";;;;;;").encode(), "utf-8, ;", id="empty rows"),
        pytest.param(
            text(HEADER, ";".join(f'"{cell}"' for cell in ROW.split(";"))).encode(), "utf-8, ;", id="quotes"
        ),
        pytest.param(PLAIN.encode("cp850"), "cp850, ;", id="old DOS program"),
        pytest.param(PLAIN.encode() + b"\x1a", "utf-8, ;", id="DOS' end of a file"),
        pytest.param(PLAIN.encode("utf-16-le"), "utf-16-le, ;", id="no byte order mark"),
        pytest.param(PLAIN.encode("utf-16-be"), "utf-16-be, ;", id="no byte order mark, the other way round"),
        pytest.param(text("SEP=;", HEADER, ROW).encode(), "utf-8, ;", id="SEP="),
        pytest.param(
            text(HEADER, ROW.replace("00184", '"=""00184"""')).encode(), "utf-8, ;", id="zeros kept"
        ),
        pytest.param(xlsx(HEADER.split(";"), SHEET_ROW), "spreadsheet", id="XLSX"),
        pytest.param(
            xlsx(["Elenco clienti"], [], [*HEADER.title().split(";"), ""], [*SHEET_ROW, ""]),
            "spreadsheet",
            id="XLSX with a title",
        ),
    ],
)
def test_one_customer_is_read_whatever_the_file_looks_like(content: bytes, dialect: str) -> None:
    table, records = read(content)
    assert records == [EXPECTED]
    assert (table.rows, table.dialect, table.unknown) == (1, dialect, [])


def test_a_spreadsheets_numbers_are_what_an_italian_would_have_typed() -> None:
    _, (record,) = read(xlsx(["codice", "cap", "partita_iva"], [12, 184, 7643520567.0]))
    assert record == {"codice": "12", "cap": "184", "partita_iva": "7643520567"}
    _, (record,) = read(xlsx(["codice", "cap"], [1250.5, "00184"]))
    assert record == {"codice": "1250,5", "cap": "00184"}


def test_a_line_break_in_a_cell_is_no_new_row() -> None:
    table = Table(text(HEADER, ROW.replace("Via Nizza 1", '"Via Nizza 1\nscala B"'), ROW).encode(), COLUMNS)
    (records,) = table.portions(10, skip=0)
    assert [(each.line, each.values["indirizzo"]) for each in records] == [
        (2, "Via Nizza 1 scala B"),
        (4, "Via Nizza 1"),
    ]


def test_a_misspelt_column_is_reported() -> None:
    table, (record,) = read(
        text("codice;ragione sociale;partita_ivva;note", "C1;Aurora;07643520567;x").encode()
    )
    assert table.unknown == ["partita_ivva", "note"]
    assert (record["codice"], record["ragione_sociale"]) == ("C1", "Aurora")


def test_quotes_that_quote_nothing_are_part_of_the_text() -> None:
    """As programs write them that know of no quoting."""
    first = ROW.replace("Caffè Città S.r.l.", '"Da Gino" S.r.l.')
    _, records = read(text(HEADER, first, ROW.replace("C1", "C2")).encode())
    assert [each["ragione_sociale"] for each in records] == ['"Da Gino" S.r.l.', "Caffè Città S.r.l."]


def test_columns_that_nobody_wants_may_have_one_name_or_none() -> None:
    """As a header of merged cells has."""
    table, (record,) = read(text(f"{HEADER};note;note;;;tel", f"{ROW};a;b;c;d;e").encode())
    assert record == {**EXPECTED, "note": "b", "tel": "e"}
    assert table.unknown == ["note", "tel"]


def test_what_a_formula_could_not_reckon_is_seen_and_its_noise_is_not() -> None:
    row = '<row><c t="e"><f>1/0</f><v>#DIV/0!</v></c><c><f>1.1*3</f><v>3.3000000000000003</v></c></row>'
    _, (record,) = read(xlsx(["codice", "cap"], further=row))
    assert record == {"codice": "#DIV/0!", "cap": "3,3"}


def test_a_row_that_does_not_fit_is_no_record() -> None:
    _, records = read(text(HEADER, ROW + ";troppo", "C2;corta", ROW).encode())
    assert records == [{}, {}, EXPECTED]


def test_a_row_of_spaces_alone_is_none() -> None:
    """As spreadsheets leave them below the last record."""
    _, records = read(text(" ;\u00a0;;;;;", HEADER, ROW, " ;\u00a0;;;;;", ";;;;;;").encode())
    assert records == [EXPECTED]


@pytest.mark.parametrize("code", ["0001", "A/12", "A B", "ÀÈ", "'X", "-7", "007 "])
def test_a_code_stays_as_it_is(code: str) -> None:
    _, (record,) = read(text("codice;cap", f"{code};00184").encode())
    assert record["codice"] == code


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"codice\n\x81", "file_unreadable"),
        (b"\xff\xfecodic", "file_unreadable"),
        (b"codice\nA\x00B\n", "file_unreadable"),
        (b'codice\n"A\n', "file_unreadable"),
        (b"PK\x03\x04", "file_unreadable"),
        (b"\xd0\xcf\x11\xe0", "file_unreadable"),
        (b"codice;Codice\nA;B\n", "column_twice"),
    ],
)
def test_what_is_no_table_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(Rejected) as refusal:
        Table(content, COLUMNS)
    assert refusal.value.code == code


def inflated(size: int, told: int) -> bytes:
    """A workbook with a further file of so many bytes, which says that it has as many as told."""
    file = io.BytesIO(xlsx(["codice"], ["C1"]))
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", b" " * size)
    return file.getvalue().replace(size.to_bytes(4, "little"), told.to_bytes(4, "little"))


@pytest.mark.parametrize(
    ("told", "code"),
    [
        pytest.param(1_234_567, "file_too_large", id="as it is"),
        pytest.param(10, "file_unreadable", id="as little"),
    ],
)
def test_a_small_archive_that_unpacks_to_much_is_refused(
    monkeypatch: pytest.MonkeyPatch, told: int, code: str
) -> None:
    monkeypatch.setattr(tables, "MOST_UNPACKED", 1_000_000)
    bomb = inflated(1_234_567, told)
    assert len(bomb) < 10_000
    with pytest.raises(Rejected) as refused:
        Table(bomb, COLUMNS)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("row", "taken"),
    [
        ('<row r="9"><c r="C9"><v>1</v></c></row>', True),
        ('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>', False),
        ('<row r="1048576"><c><v>1</v></c></row><row><c r="XFD3"><v>1</v></c></row>', False),
        ("<row><c t='n' r = 'XFD1048576'><v>1</v></c></row>", False),
    ],
)
def test_a_cell_far_out_is_refused_before_all_up_to_it_are_made(row: str, taken: bool) -> None:
    content = xlsx(["codice"], ["C1"], further=row)
    if taken:
        assert Table(content, COLUMNS).rows == 2
    else:
        with pytest.raises(Rejected, match="file_unreadable"):
            Table(content, COLUMNS)


REPEATED = "<table:table-row{}>{}</table:table-row>"
REST = '<table:table-cell table:number-columns-repeated="16384"/>'
MANY_COLUMNS = (
    '<table:table-cell office:value-type="float" office:value="1" table:number-columns-repeated="16384"/>'
)
MANY_ROWS = ' table:number-rows-repeated="1048000"'


@pytest.mark.parametrize(
    ("rows", "taken"),
    [
        (REPEATED.format(MANY_ROWS, REST), True),
        (REPEATED.format("", MANY_COLUMNS), True),
        (REPEATED.format(MANY_ROWS, MANY_COLUMNS), False),
        (REPEATED.format(MANY_ROWS, REST) + REPEATED.format("", MANY_COLUMNS), False),
        (f"<table:table-row{MANY_ROWS}/>" + REPEATED.format("", MANY_COLUMNS), False),
    ],
)
def test_cells_that_are_said_to_be_there_a_million_times_are_refused(rows: str, taken: bool) -> None:
    content = ods(["codice"], ["C1"], further=rows)
    if taken:
        assert Table(content, COLUMNS).unknown == []
    else:
        with pytest.raises(Rejected, match="file_unreadable"):
            Table(content, COLUMNS)


def test_cells_that_cannot_be_counted_are_not_read() -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("xl/workbook.bin", b"")
    with pytest.raises(Rejected, match="file_unreadable"):
        Table(content.getvalue(), COLUMNS)


def test_a_report_has_its_header_on_each_page() -> None:
    _, rows = read(text("Elenco clienti", HEADER, ROW, f"\x0c{HEADER}", ROW.replace("C1", "C2")).encode())
    assert [each["codice"] for each in rows] == ["C1", "C2"]
