"""The drop-folder connector: files that ERP and OPTIMA leave for each other.

Below the connection's folder: `in/` is what the ERP leaves (clienti*.csv, put there by renaming, so that
it is whole), `done/` and `refused/` what was taken in or not, `out/ordini/` and `out/ddt/` what we leave.
All files are CSV, separated by semicolons, UTF-8, with a header.
"""

from __future__ import annotations

import asyncio
import csv
import io
import os
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final, TypeVar
from uuid import UUID

import yaml

from optima_kit.refusals import Invalid

from ..application.ports import ConnectorFault, Endpoint, RemoteRows
from ..domain.connection import Capability
from ..domain.import_plan import Row
from ..domain.mapping import Entity, EntityMapping, FieldMapping
from ..domain.mapping import Mapping as FieldMap

T = TypeVar("T")

MOST_BYTES: Final = 20 << 20
MOST_ROWS: Final = 100_000

_FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}(/[A-Za-z0-9][A-Za-z0-9._-]{0,63}){0,3}")
_INCOMING = re.compile(r"clienti[^/]*\.csv", re.IGNORECASE)
_OUTGOING: Final[dict[Entity, tuple[str, str]]] = {"order": ("ordini", "ordine"), "ddt": ("ddt", "ddt")}


class DropFolder:
    """Implements `ports.Connector` below a root directory; each tenant has a directory of its own there."""

    key = "drop-folder"
    capabilities: Sequence[Capability] = (
        Capability(
            entity="customer",
            reads=True,
            writes=(),
            incremental="files",
            deletes="none",
            natural_keys=("code", "vat_number", "fiscal_code"),
            idempotency=None,
            number_owner="erp",
            batch=MOST_ROWS,
        ),
        Capability(
            entity="order",
            reads=False,
            writes=("create", "change", "cancel"),
            incremental="none",
            deletes="none",
            natural_keys=("number", "reference"),
            idempotency="file name, made of the number and the reference",
            number_owner="optima",
            batch=1,
            cannot_carry=("deliveries",),
        ),
        Capability(
            entity="ddt",
            reads=False,
            writes=("create", "cancel"),
            incremental="none",
            deletes="none",
            natural_keys=("number", "reference"),
            idempotency="file name, made of the number and the reference",
            number_owner="optima",
            batch=1,
            cannot_carry=("sender", "carrier address"),
        ),
    )

    def __init__(self, root: Path) -> None:
        self._root = root

    def check(self, endpoint: Endpoint) -> Mapping[str, str]:
        if unknown := sorted(endpoint.settings.keys() - {"folder"}):
            raise Invalid("setting_unknown", field=f"settings.{unknown[0]}")
        folder = endpoint.settings.get("folder", "")
        if not _FOLDER.fullmatch(folder):
            raise Invalid("folder_malformed", field="settings.folder")
        return {"folder": folder}

    def location(self, endpoint: Endpoint) -> str:
        """Relative to the root, which the operator knows."""
        return f"{endpoint.tenant_id}/{endpoint.settings['folder']}"

    def mapping(self) -> FieldMap:
        return _default_mapping()

    async def write(
        self,
        endpoint: Endpoint,
        entity: Entity,
        internal_id: UUID,
        number: str,
        columns: Sequence[str],
        rows: Sequence[Mapping[str, str]],
    ) -> str:
        folder, word = _OUTGOING[entity]
        # The number reads well, the id makes it unique: "1/2" and "1-2" are two numbers.
        name = f"{word}_{re.sub('[^A-Za-z0-9]+', '-', number)}_{internal_id.hex[-12:]}.csv"
        content = _csv(columns, rows)
        await self._in_thread(lambda: _write_whole(self._below(endpoint, "out", folder), name, content))
        return f"out/{folder}/{name}"

    async def waiting(self, endpoint: Endpoint) -> list[str]:
        def look() -> list[str]:
            with os.scandir(self._below(endpoint, "in")) as found:
                return sorted(
                    each.name
                    for each in found
                    if _INCOMING.fullmatch(each.name) and each.is_file(follow_symlinks=False)
                )

        return await self._in_thread(look)

    async def read(self, endpoint: Endpoint, name: str) -> RemoteRows | None:
        def load() -> bytes | None:
            try:
                with (self._below(endpoint, "in") / name).open("rb") as file:
                    return file.read(MOST_BYTES + 1)
            except FileNotFoundError:
                return None

        content = await self._in_thread(load)
        return None if content is None else _parse(content)

    async def still_waits(self, endpoint: Endpoint, name: str) -> bool:
        return await self._in_thread(lambda: (self._below(endpoint, "in") / name).exists())

    async def put_away(self, endpoint: Endpoint, name: str, *, refused: bool, at: datetime) -> None:
        def move() -> None:
            target = self._below(endpoint, "refused" if refused else "done")
            try:
                (self._below(endpoint, "in") / name).rename(target / f"{at:%Y%m%dT%H%M%S%f}-{name}")
            except FileNotFoundError:
                return

        await self._in_thread(move)

    def _below(self, endpoint: Endpoint, *parts: str) -> Path:
        """The directory, made if need be. A symbolic link that leads out of the tenant's own is refused."""
        own = (self._root / str(endpoint.tenant_id)).absolute()
        path = own.joinpath(endpoint.settings["folder"], *parts)
        path.mkdir(parents=True, exist_ok=True)
        if not path.resolve().is_relative_to(own.resolve()) or own.is_symlink():
            raise ConnectorFault("folder_leads_outside", "refused")
        return path

    async def _in_thread(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(work)
        except OSError as error:
            raise ConnectorFault("folder_unreachable", "unreachable", error=type(error).__name__) from error


@cache
def _default_mapping() -> FieldMap:
    text = files(__package__).joinpath("drop_folder.yaml").read_text(encoding="utf-8")
    return FieldMap(
        {
            entity: EntityMapping({name: FieldMapping(**mapped) for name, mapped in fields.items()})
            for entity, fields in yaml.safe_load(text).items()
        }
    )


def _csv(columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_harmless(row[column]) for column in columns])
    return text.getvalue().encode("utf-8")


def _harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula, should a person open the file."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else cell


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


def _parse(content: bytes) -> RemoteRows:
    if len(content) > MOST_BYTES:
        raise ConnectorFault("file_too_large", "refused", most=f"{MOST_BYTES >> 20} MB")
    try:
        text = content.decode("utf-8-sig")
        if "\x00" in text:
            raise ConnectorFault("file_unreadable", "refused")
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True)
        header = [name.strip() for name in next(reader, [])]
        rows = []
        began = reader.line_num + 1
        for cells in reader:
            if cells:
                fits = len(cells) == len(header)
                rows.append(Row(began, dict(zip(header, cells, strict=True)) if fits else {}))
            began = reader.line_num + 1
    except (UnicodeDecodeError, csv.Error):
        raise ConnectorFault("file_unreadable", "refused") from None
    if len(set(header)) < len(header):
        raise ConnectorFault("column_twice", "refused")
    if len(rows) > MOST_ROWS:
        raise ConnectorFault("file_too_large", "refused", most=f"{MOST_ROWS} righe")
    return RemoteRows(header, rows)
