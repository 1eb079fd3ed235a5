"""The drop-folder connector: files that ERP and OPTIMA leave for each other.

Below the connection's folder: `in/` is what the ERP leaves (clienti*.csv, fornitori*.xlsx and so on, put
there by renaming, so that each is whole), `done/` and `refused/` what was taken in or not, `out/ordini/` and
`out/ddt/` what we leave.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

from optima_kit.refusals import Invalid

from ..application.ports import (
    Checkpoint,
    Endpoint,
    Page,
    Rejected,
    RemoteLink,
    Session,
    Unreachable,
    Written,
)
from ..domain.connection import Capability, Description, Setting, Write
from ..domain.documents import OutgoingDocument
from ..domain.entities import Entity
from ..domain.import_plan import RemoteRecord
from ..domain.mapping import Mapping as FieldMap
from .mappings import connector_mapping
from .tables import MOST_BYTES, Table, csv_bytes

T = TypeVar("T")

PAGE: Final = 500

_FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}(/[A-Za-z0-9][A-Za-z0-9._-]{0,63}){0,3}")
_INCOMING: Final[dict[Entity, str]] = {
    "customer": "clienti",
    "supplier": "fornitori",
    "payment_term": "pagamenti",
    "vat_rate": "iva",
}
"""With what the name of a file begins."""
_ENDINGS: Final = "csv|txt|xlsx|xls|ods"
_OUTGOING: Final[dict[Entity, tuple[str, str]]] = {"order": ("ordini", "ordine"), "ddt": ("ddt", "ddt")}


def _incoming(entity: Entity, *natural_keys: str) -> Capability:
    return Capability(
        entity=entity,
        reads=True,
        writes=(),
        incremental="files",
        deletes="none",
        identity="code",
        lock="none",
        natural_keys=("code", *natural_keys),
        idempotency=None,
        number_owner="erp",
        batch=PAGE,
    )


def _outgoing(entity: Entity, *writes: Write, cannot_carry: tuple[str, ...]) -> Capability:
    return Capability(
        entity=entity,
        reads=False,
        writes=writes,
        incremental="none",
        deletes="none",
        identity="code",
        lock="none",
        natural_keys=("number", "reference"),
        idempotency="file name, made of the number and the reference",
        number_owner="optima",
        batch=1,
        children=("lines",),
        cannot_carry=cannot_carry,
    )


DESCRIPTION: Final = Description(
    key="drop-folder",
    name="Cartella di scambio (CSV, XLSX)",
    proven="live",
    settings=(Setting("folder"),),
    capabilities=(
        _incoming("customer", "vat_number", "fiscal_code"),
        _incoming("supplier", "vat_number", "fiscal_code"),
        _incoming("payment_term"),
        _incoming("vat_rate"),
        _outgoing("order", "create", "change", "cancel", cannot_carry=("deliveries",)),
        _outgoing("ddt", "create", "cancel", cannot_carry=("sender", "carrier address")),
    ),
)


class DropFolder:
    """Implements `ports.Connector` below a root directory; each tenant has a directory of its own there."""

    def __init__(self, root: Path, *, page: int = PAGE) -> None:
        self._root = root
        self._page = page

    def describe(self) -> Description:
        return DESCRIPTION

    def mapping(self) -> FieldMap:
        return connector_mapping("drop_folder.yaml")

    def check(self, settings: Mapping[str, str]) -> Mapping[str, str]:
        if not _FOLDER.fullmatch(settings["folder"]):
            raise Invalid("folder_malformed", field="settings.folder")
        return {"folder": settings["folder"]}

    def location(self, endpoint: Endpoint) -> str:
        """Relative to the root, which the operator knows."""
        return f"{endpoint.tenant_id}/{endpoint.settings['folder']}"

    @asynccontextmanager
    async def open(self, endpoint: Endpoint) -> AsyncIterator[Session]:
        own = (self._root / str(endpoint.tenant_id)).absolute()
        yield DropFolderSession(
            own, own / endpoint.settings["folder"], endpoint.mapping or self.mapping(), self._page
        )


class DropFolderSession:
    """Implements `ports.Session` on one folder."""

    def __init__(self, own: Path, folder: Path, mapping: FieldMap, page: int) -> None:
        self._own = own
        self._mapping = mapping
        self._folder = folder
        self._page = page

    async def probe(self) -> str:
        for folder in ("in", "out"):
            await _in_thread(lambda folder=folder: self._made(folder))  # type: ignore[misc]
        return str(self._folder.relative_to(self._own.parent))

    async def changes(self, entity: Entity, checkpoint: Checkpoint | None) -> AsyncIterator[Page]:
        """Files by time. The checkpoint is a file and how many of its rows were taken in."""
        for name in await _in_thread(lambda: self._waiting(entity)):
            found = await _in_thread(lambda name=name: self._load(name))  # type: ignore[misc]
            if found is None:
                continue  # somebody else has put it away
            stamp, content = found
            begun = checkpoint is not None and (checkpoint["file"], checkpoint["stamp"]) == (name, stamp)
            rows = int(checkpoint["rows"]) if checkpoint is not None and begun else 0
            try:
                table = await asyncio.to_thread(Table, content, self._mapping.of(entity).columns())
            except Rejected as refused:
                yield Page(name, (), {"file": name, "stamp": stamp, "rows": 0}, refused=refused)
                continue
            portions = table.portions(self._page, skip=rows)
            while True:
                records: list[RemoteRecord] = await asyncio.to_thread(next, portions, [])
                rows += len(records)
                last = rows >= table.rows
                mark = {"file": name, "stamp": stamp, "rows": rows}
                yield Page(
                    name,
                    records,
                    mark,
                    header=table.header,
                    unknown=table.unknown,
                    dialect=table.dialect,
                    last=last,
                )
                if last:
                    break

    async def settle(self, page: Page, *, refused: bool) -> None:
        if page.last:
            await _in_thread(lambda: self._put_away(page.source, "refused" if refused else "done"))

    async def find(self, entity: Entity, reference: str) -> RemoteLink | None:
        """The file's name is made of the reference: writing it again replaces it."""
        return None

    async def put(self, document: OutgoingDocument, link: RemoteLink | None) -> Written:
        folder, word = _OUTGOING[document.entity]
        # The number reads well, the id makes it unique: "1/2" and "1-2" are two numbers.
        number = re.sub("[^A-Za-z0-9]+", "-", document.number)
        name = f"{word}_{number}_{document.internal_id.hex[-12:]}.csv"
        # Flat files say the heading with each line.
        content = csv_bytes(document.columns, [{**document.heading, **line} for line in document.lines])
        await _in_thread(lambda: _write_whole(self._made("out", folder), name, content))
        return Written(f"out/{folder}/{name}")

    def _waiting(self, entity: Entity) -> list[str]:
        wanted = re.compile(rf"{_INCOMING[entity]}[^/]*\.({_ENDINGS})", re.IGNORECASE)
        try:
            with os.scandir(self._checked("in")) as found:
                files = [
                    (each.stat().st_mtime_ns, each.name)
                    for each in found
                    if wanted.fullmatch(each.name) and each.is_file(follow_symlinks=False)
                ]
        except FileNotFoundError:
            return []
        return [name for _, name in sorted(files)]

    def _load(self, name: str) -> tuple[str, bytes] | None:
        """What the file holds, and by what another of the same name is told from it."""
        try:
            with (self._checked("in") / name).open("rb") as file:
                status = os.fstat(file.fileno())
                return f"{status.st_ino}-{status.st_mtime_ns}-{status.st_size}", file.read(MOST_BYTES + 1)
        except FileNotFoundError:
            return None

    def _put_away(self, name: str, where: str) -> None:
        target = self._made(where)
        try:
            at = datetime.now(UTC)
            (self._checked("in") / name).rename(target / f"{at:%Y%m%dT%H%M%S%f}-{name}")
        except FileNotFoundError:
            return  # somebody else has

    def _made(self, *parts: str) -> Path:
        self._folder.joinpath(*parts).mkdir(parents=True, exist_ok=True)
        return self._checked(*parts)

    def _checked(self, *parts: str) -> Path:
        """The directory. A symbolic link that leads out of the tenant's own is refused."""
        path = self._folder.joinpath(*parts)
        if self._own.is_symlink() or not path.resolve().is_relative_to(self._own.resolve()):
            raise Rejected("folder_leads_outside")
        return path


async def _in_thread(work: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(work)
    except OSError as error:
        raise Unreachable("folder_unreachable", error=type(error).__name__) from error


def _write_whole(folder: Path, name: str, content: bytes) -> None:
    """The file is there whole or not at all, even after a power cut."""
    temporary = folder / f".{name}.tmp"
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(folder / name)
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
