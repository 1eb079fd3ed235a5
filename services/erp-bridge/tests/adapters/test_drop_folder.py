"""Files left whole, found in order, and nothing outside the tenant's own directory."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from erp_bridge.adapters.drop_folder import DropFolder
from erp_bridge.application.ports import ConnectorFault, Endpoint
from optima_kit.refusals import Invalid

TENANT, OTHER = UUID(int=1), UUID(int=2)
ORDER = UUID("01912345-0000-7000-8000-0123456789ab")
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> DropFolder:
    return DropFolder(tmp_path / "drop")


def at(folder: str = "acme", tenant: UUID = TENANT) -> Endpoint:
    return Endpoint(tenant, {"folder": folder})


def own(tmp_path: Path) -> Path:
    return tmp_path / "drop" / str(TENANT) / "acme"


async def test_a_record_is_one_file_whatever_the_repetitions(folder: DropFolder, tmp_path: Path) -> None:
    rows = [{"a": "caffè; tè", "b": "1,50"}]
    first = await folder.write(at(), "order", ORDER, "2026/12", ["a", "b"], rows)
    again = await folder.write(at(), "order", ORDER, "2026/12", ["a", "b"], [{"a": "nuovo", "b": ""}])
    assert first == again == "out/ordini/ordine_2026-12_0123456789ab.csv"
    (file,) = (own(tmp_path) / "out" / "ordini").iterdir()
    assert file.read_text("utf-8") == "a;b\nnuovo;\n"


async def test_numbers_that_look_alike_in_a_file_name_stay_two_files(folder: DropFolder) -> None:
    names = {
        await folder.write(at(), "ddt", UUID(int=n), number, ["a"], [{"a": ""}])
        for n, number in enumerate(["1/2", "1-2"])
    }
    assert len(names) == 2


async def test_no_cell_is_taken_for_a_formula(folder: DropFolder, tmp_path: Path) -> None:
    name = await folder.write(at(), "order", ORDER, "1", ["a"], [{"a": "=HYPERLINK(0)"}])
    assert (own(tmp_path) / name).read_text("utf-8") == "a\n'=HYPERLINK(0)\n"


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"folder": ""},
        {"folder": "../other"},
        {"folder": "a/../../b"},
        {"folder": "/etc"},
        {"folder": "a//b"},
        {"folder": ".hidden"},
        {"folder": "a", "extra": "x"},
        {"folder": "a\n"},
    ],
)
def test_a_folder_elsewhere_is_refused(folder: DropFolder, settings: dict[str, str]) -> None:
    with pytest.raises(Invalid) as refusal:
        folder.check(Endpoint(TENANT, settings))
    assert (refusal.value.field or "").startswith("settings.")


def test_a_good_folder_is_kept(folder: DropFolder) -> None:
    assert folder.check(at("acme/2026")) == {"folder": "acme/2026"}


async def test_a_link_out_of_the_tenants_directory_is_not_followed(
    folder: DropFolder, tmp_path: Path
) -> None:
    foreign = tmp_path / "drop" / str(OTHER)
    foreign.mkdir(parents=True)
    own(tmp_path).parent.mkdir(parents=True)
    own(tmp_path).symlink_to(foreign)
    with pytest.raises(ConnectorFault) as fault:
        await folder.write(at(), "order", ORDER, "1", ["a"], [{"a": ""}])
    assert (fault.value.code, fault.value.error_class) == ("folder_leads_outside", "refused")
    assert not list(foreign.rglob("*.csv"))


async def test_only_whole_customer_files_wait_in_order(folder: DropFolder, tmp_path: Path) -> None:
    assert await folder.waiting(at()) == []
    incoming = own(tmp_path) / "in"
    for name in ("clienti-2.csv", "Clienti-1.CSV", "clienti.csv.tmp", "ordini.csv", ".clienti.csv"):
        (incoming / name).write_text("codice\n")
    (incoming / "clienti-link.csv").symlink_to("/etc/passwd")
    assert await folder.waiting(at()) == ["Clienti-1.CSV", "clienti-2.csv"]


async def test_rows_keep_their_line(folder: DropFolder, tmp_path: Path) -> None:
    await folder.waiting(at())
    text = '\ufeffcodice;nome\r\n"A";"due\r\nrighe"\r\n\r\nB;x;y\r\nC;z\r\n'
    (own(tmp_path) / "in" / "clienti.csv").write_bytes(text.encode())
    content = await folder.read(at(), "clienti.csv")
    assert content is not None
    assert content.header == ["codice", "nome"]
    assert [(row.line, dict(row.cells)) for row in content.rows] == [
        (2, {"codice": "A", "nome": "due\r\nrighe"}),
        (5, {}),
        (6, {"codice": "C", "nome": "z"}),
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"codice\n\xff\xfe", "file_unreadable"),
        (b"codice\nA\x00B\n", "file_unreadable"),
        (b'codice\n"A\n', "file_unreadable"),
        (b"codice;codice\nA;B\n", "column_twice"),
    ],
)
async def test_what_is_no_table_is_refused(
    folder: DropFolder, tmp_path: Path, content: bytes, code: str
) -> None:
    await folder.waiting(at())
    (own(tmp_path) / "in" / "clienti.csv").write_bytes(content)
    with pytest.raises(ConnectorFault) as fault:
        await folder.read(at(), "clienti.csv")
    assert (fault.value.code, fault.value.error_class) == (code, "refused")


async def test_a_file_is_put_away_once(folder: DropFolder, tmp_path: Path) -> None:
    await folder.waiting(at())
    (own(tmp_path) / "in" / "clienti.csv").write_text("codice\n")
    assert await folder.still_waits(at(), "clienti.csv")
    await asyncio.gather(*(folder.put_away(at(), "clienti.csv", refused=False, at=NOW) for _ in range(3)))
    assert not await folder.still_waits(at(), "clienti.csv")
    assert await folder.read(at(), "clienti.csv") is None
    assert [each.name for each in (own(tmp_path) / "done").iterdir()] == ["20261124T093000000000-clienti.csv"]


async def test_an_unreachable_folder_is_nobodys_fault(tmp_path: Path) -> None:
    (tmp_path / "drop").write_text("a file where a directory should be")
    with pytest.raises(ConnectorFault) as fault:
        await DropFolder(tmp_path / "drop").waiting(at())
    assert fault.value.error_class == "unreachable"
