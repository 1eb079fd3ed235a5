"""Files left whole, found by time, and nothing outside the tenant's own directory."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import pytest

from erp_bridge.adapters.capabilities import PAGE
from erp_bridge.adapters.drop_folder import DropFolder
from erp_bridge.adapters.tables import Table
from erp_bridge.application.ports import Checkpoint, Endpoint, Fault, Page, Rejected, Session, Unreachable
from erp_bridge.domain.documents import OutgoingDocument
from erp_bridge.domain.entities import Entity
from optima_kit.refusals import Invalid

TENANT, OTHER = UUID(int=1), UUID(int=2)
ORDER = UUID("01912345-0000-7000-8000-0123456789ab")


@pytest.fixture
def folder(tmp_path: Path) -> DropFolder:
    return DropFolder(tmp_path / "drop")


def at(folder: str = "acme", tenant: UUID = TENANT) -> Endpoint:
    return Endpoint(tenant, {"folder": folder})


def own(tmp_path: Path) -> Path:
    return tmp_path / "drop" / str(TENANT) / "acme"


def incoming(tmp_path: Path) -> Path:
    path = own(tmp_path) / "in"
    path.mkdir(parents=True, exist_ok=True)
    return path


def document(
    lines: Sequence[dict[str, str]], entity: Entity = "order", number: str = "2026/12", id_: UUID = ORDER
) -> OutgoingDocument:
    assert entity in ("order", "ddt")
    return OutgoingDocument(entity, id_, number, None, ["n", *lines[0]], {"n": number}, list(lines))  # type: ignore[arg-type]


async def pages(session: Session, checkpoint: Checkpoint | None = None) -> list[Page]:
    return [page async for page in session.changes("customer", checkpoint)]


async def test_a_record_is_one_file_whatever_the_repetitions(folder: DropFolder, tmp_path: Path) -> None:
    async with folder.open(at()) as session:
        first = await session.put(document([{"a": "caffè; tè", "b": "1,50"}]), None)
        again = await session.put(document([{"a": "nuovo", "b": ""}]), None)
    assert first == again
    assert first.remote_id == "out/ordini/ordine_2026-12_0123456789ab.csv"
    (file,) = (own(tmp_path) / "out" / "ordini").iterdir()
    assert file.read_text("utf-8") == "n;a;b\n2026/12;nuovo;\n"


async def test_numbers_that_look_alike_in_a_file_name_stay_two_files(folder: DropFolder) -> None:
    async with folder.open(at()) as session:
        names = {
            (await session.put(document([{"a": ""}], "ddt", number, UUID(int=n)), None)).remote_id
            for n, number in enumerate(["1/2", "1-2"])
        }
    assert len(names) == 2


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=HYPERLINK(0)", "'=HYPERLINK(0)"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-5,00", "-5,00"),
        ("+39", "+39"),
        ("- a mano", "'- a mano"),
        ("'ndrangheta", "'ndrangheta"),
        ("caffè", "caffè"),
    ],
)
async def test_no_cell_is_run_as_a_formula_and_every_text_comes_back(
    folder: DropFolder, tmp_path: Path, cell: str, written: str
) -> None:
    async with folder.open(at()) as session:
        name = (await session.put(document([{"a": cell}], number="1"), None)).remote_id
    content = (own(tmp_path) / name).read_bytes()
    assert content.decode() == f"n;a\r\n1;{written}\r\n"
    ((record,),) = Table(content, ["n", "a"]).portions(10, skip=0)
    assert record.values["a"] == cell


@pytest.mark.parametrize(
    "name", ["", "../other", "a/../../b", "/etc", "a//b", ".hidden", "a\n", "a/b/c/d/e", "a/in"]
)
def test_a_folder_elsewhere_is_refused(folder: DropFolder, name: str) -> None:
    with pytest.raises(Invalid) as refusal:
        folder.check({"folder": name})
    assert refusal.value.field == "settings.folder"


def test_a_good_folder_is_kept(folder: DropFolder) -> None:
    assert folder.check({"folder": "acme/2026"}) == {"folder": "acme/2026"}


async def test_a_link_out_of_the_tenants_directory_is_not_followed(
    folder: DropFolder, tmp_path: Path
) -> None:
    foreign = tmp_path / "drop" / str(OTHER)
    foreign.mkdir(parents=True)
    own(tmp_path).parent.mkdir(parents=True)
    own(tmp_path).symlink_to(foreign)
    async with folder.open(at()) as session:
        with pytest.raises(Rejected) as fault:
            await session.put(document([{"a": ""}]), None)
    assert fault.value.code == "folder_leads_outside"
    assert not list(foreign.rglob("*.csv"))


async def test_only_whole_files_of_the_entity_are_read_oldest_first(
    folder: DropFolder, tmp_path: Path
) -> None:
    async with folder.open(at()) as session:
        assert await pages(session) == []
        for age, name in enumerate(
            ("clienti-2.csv", "Clienti-1.CSV", "x.csv.tmp", "ordini.csv", ".clienti.csv")
        ):
            path = incoming(tmp_path) / name
            path.write_text("codice\n")
            os.utime(path, (1_000_000 + age, 1_000_000 + age))
        (incoming(tmp_path) / "clienti-link.csv").symlink_to("/etc/passwd")
        found = await pages(session)
        assert [each.source for each in found if not each.refused] == ["clienti-2.csv", "Clienti-1.CSV"]


async def test_a_file_whose_name_says_nothing_is_reported_once_it_is_still(
    folder: DropFolder, tmp_path: Path
) -> None:
    old, new = incoming(tmp_path) / "Anagrafica.pdf", incoming(tmp_path) / "clienti.csv.part"
    for path in (old, new):
        path.write_text("x")
    os.utime(old, (1_000_000, 1_000_000))
    async with folder.open(at()) as session:
        (page,) = await pages(session)
        assert (page.source, page.refused and page.refused.code) == ("Anagrafica.pdf", "file_not_recognised")
        await session.settle(page, refused=True)
        assert await pages(session) == []
    assert [each.name for each in incoming(tmp_path).iterdir()] == ["clienti.csv.part"]


async def test_a_file_that_still_grows_is_left_until_it_is_whole(
    folder: DropFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = incoming(tmp_path) / "clienti.csv"
    path.write_text("codice\nC")

    async def grow(_: float) -> None:
        path.write_text("codice\nC1\n")

    async with folder.open(at()) as session:
        with monkeypatch.context() as patched:
            patched.setattr("erp_bridge.adapters.folder.asyncio.sleep", grow)
            assert await pages(session) == []
        (page,) = await pages(session)
    assert [dict(each.values) for each in page.records] == [{"codice": "C1"}]


@pytest.mark.parametrize(
    "name",
    [f"clienti-{'à' * 120}.csv".encode(), b"clienti-\xff\xe0.csv", b"clienti\n'\"$(x).csv", b"clienti .csv"],
)
async def test_a_name_that_no_file_system_likes_holds_nobody_up(
    folder: DropFolder, tmp_path: Path, name: bytes
) -> None:
    (incoming(tmp_path) / os.fsdecode(name)).write_text("codice\nC1\n")
    async with folder.open(at()) as session:
        (page,) = await pages(session)
        assert page.source.encode()  # it can be stored
        await session.settle(page, refused=False)
        assert await pages(session) == []
    (done,) = (own(tmp_path) / "done").iterdir()
    assert done.name.endswith(".csv")


async def test_looking_makes_no_directory(folder: DropFolder, tmp_path: Path) -> None:
    async with folder.open(at()) as session:
        assert await pages(session) == []
        assert not (tmp_path / "drop").exists()
        assert await session.probe() == f"{TENANT}/acme"
    assert (own(tmp_path) / "in").is_dir()


async def test_rows_keep_their_line(folder: DropFolder, tmp_path: Path) -> None:
    text = '\ufeffcodice;nome\r\n"A";"due\r\nrighe"\r\n\r\nB;x;y\r\nC;z\r\n'
    (incoming(tmp_path) / "clienti.csv").write_bytes(text.encode())
    async with folder.open(at()) as session:
        (page,) = await pages(session)
    assert page.header == ["codice", "nome"]
    assert [(row.line, dict(row.values)) for row in page.records] == [
        (2, {"codice": "A", "nome": "due righe"}),
        (5, {}),
        (6, {"codice": "C", "nome": "z"}),
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"codice\n\x81\x8d", "file_unreadable"),
        (b"PK\x03\x04 no spreadsheet", "file_unreadable"),
        (b"codice\nA\x00B\n", "file_unreadable"),
        (b'codice\n"A\n', "file_unreadable"),
        (b"codice;codice\nA;B\n", "column_twice"),
    ],
)
async def test_what_is_no_table_is_refused(
    folder: DropFolder, tmp_path: Path, content: bytes, code: str
) -> None:
    (incoming(tmp_path) / "clienti.csv").write_bytes(content)
    async with folder.open(at()) as session:
        (page,) = await pages(session)
    assert page.refused is not None
    assert (page.refused.code, page.last, page.records) == (code, True, ())


@pytest.mark.parametrize("rows", [0, 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE])
async def test_no_row_is_lost_at_a_pages_boundary(folder: DropFolder, tmp_path: Path, rows: int) -> None:
    text = "codice\n" + "".join(f"C{n}\n" for n in range(rows))
    (incoming(tmp_path) / "clienti.csv").write_text(text)
    async with folder.open(at()) as session:
        whole = await pages(session)
        assert [r.values["codice"] for page in whole for r in page.records] == [f"C{n}" for n in range(rows)]
        assert [page.last for page in whole] == [False] * (len(whole) - 1) + [True]
        for done, page in enumerate(whole, 1):
            rest = await pages(session, page.checkpoint)
            expected = [r.values["codice"] for later in whole[done:] for r in later.records]
            assert [r.values["codice"] for each in rest for r in each.records] == expected
            assert rest[-1].last


async def test_another_file_of_the_same_name_is_read_from_its_beginning(
    folder: DropFolder, tmp_path: Path
) -> None:
    path = incoming(tmp_path) / "clienti.csv"
    path.write_text("codice\nA\n")
    async with folder.open(at()) as session:
        (page,) = await pages(session)
        path.with_suffix(".new").write_text("codice\nB\n")
        path.with_suffix(".new").replace(path)
        (other,) = await pages(session, page.checkpoint)
    assert [each.values["codice"] for each in other.records] == ["B"]


@pytest.mark.parametrize("grown", [True, False])
async def test_what_came_while_a_file_was_read_is_not_put_away_with_it(
    folder: DropFolder, tmp_path: Path, grown: bool
) -> None:
    path = incoming(tmp_path) / "clienti.csv"
    path.write_text("codice\nA\n")
    async with folder.open(at()) as session:
        (page,) = await pages(session)
        if grown:
            with path.open("a") as file:
                file.write("B\n")
        else:
            path.with_suffix(".new").write_text("codice\nB\n")
            path.with_suffix(".new").replace(path)
        await session.settle(page, refused=False)
        (other,) = await pages(session, page.checkpoint)
        assert [each.values["codice"] for each in other.records][-1] == "B"
        await session.settle(other, refused=False)
        assert await pages(session, other.checkpoint) == []


async def test_a_file_is_put_away_once(folder: DropFolder, tmp_path: Path) -> None:
    (incoming(tmp_path) / "clienti.csv").write_text("codice\n")
    async with folder.open(at()) as session:
        (page,) = await pages(session)
        await asyncio.gather(*(session.settle(page, refused=False) for _ in range(3)))
        assert await pages(session) == []
    (done,) = (own(tmp_path) / "done").iterdir()
    assert done.name.endswith("-clienti.csv")


async def test_an_unreachable_folder_is_nobodys_fault(tmp_path: Path) -> None:
    (tmp_path / "drop").write_text("a file where a directory should be")
    async with DropFolder(tmp_path / "drop").open(at()) as session:
        with pytest.raises(Unreachable):
            await session.probe()
        with pytest.raises(Fault):
            await session.put(document([{"a": ""}]), None)
