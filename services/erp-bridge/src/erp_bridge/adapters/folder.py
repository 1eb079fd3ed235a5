"""A folder through which an ERP and OPTIMA exchange files, whatever the files' format.

The ERP puts its files into `in/` by renaming them, so that each file is complete. Imported files are moved to
`done/`, refused ones to `refused/`. Our files are in `out/ordini/` and `out/ddt/`.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar, Final, Protocol, TypeVar

from optima_kit.refusals import Invalid

from ..application.ports import (
    Checkpoint,
    Endpoint,
    Page,
    Rejected,
    RemoteLink,
    Session,
    Unreachable,
    WriteResult,
)
from ..domain.documents import OutgoingDocument
from ..domain.entities import Entity
from ..domain.import_plan import RemoteRecord
from ..domain.mapping import EntityMapping
from ..domain.mapping import Mapping as FieldMap
from ..domain.schema import RemoteSchema
from .capabilities import PAGE, DescribedConnector

T = TypeVar("T")

MOST_BYTES: Final = 50 << 20
STRANGE_AFTER: Final = timedelta(minutes=5)
"""How long a file with an unknown name is left alone, because it may still be written and renamed later."""
_YOUNG: Final = timedelta(seconds=2)
_LOOKED_AT_AGAIN_AFTER: Final = 0.02
"""Seconds between two looks at a young file, to see whether it grows."""
_LONGEST_NAME: Final = 255
"""Bytes in a file's name, on all file systems in use."""

_FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}(/[A-Za-z0-9][A-Za-z0-9._-]{0,63}){0,3}")
_WITHIN: Final = frozenset({"in", "out", "done", "refused"})
_OUTGOING: Final[dict[Entity, tuple[str, str]]] = {"order": ("ordini", "ordine"), "ddt": ("ddt", "ddt")}


class RecordFile(Protocol):
    """A file that was read and found complete and valid as a file."""

    rows: int
    header: list[str]

    @property
    def unknown(self) -> Sequence[str]:
        """Names in the file that the mapping does not know."""

    @property
    def dialect(self) -> str:
        """How the file was read, as a text for people."""

    def portions(self, size: int, *, skip: int) -> Iterator[list[RemoteRecord]]:
        """Yield the records behind the first `skip`, about `size` at a time."""


class FileFormat(Protocol):
    """The format of records and documents in files."""

    incoming: Mapping[Entity, str]
    """The beginning of the file names of each entity."""
    endings: str
    """A regular expression for the endings of incoming files."""
    ending: str
    """The ending of the files that we write."""
    cancels: bool
    """Whether a file can say that its document is cancelled."""

    def read(self, entity: Entity, content: bytes, mapping: EntityMapping) -> RecordFile:
        """Read a file. Raises Rejected if it does not have this format."""

    def write(self, document: OutgoingDocument, before: bytes | None) -> bytes:
        """Return the document's file. `before` is the content of its present file, if there is one. Raises
        Rejected for a document that the format can't express."""


def check_folder(folder: str) -> None:
    """Raise Invalid for a path that could lead outside, or into a directory that another folder uses."""
    _, *below = folder.split("/")
    if not _FOLDER.fullmatch(folder) or _WITHIN & set(below):
        raise Invalid("folder_malformed", field="settings.folder")


class FolderConnector(DescribedConnector):
    """The base of connectors that exchange files. Each tenant has its own directory below `root`."""

    file_format: ClassVar[FileFormat]

    def __init__(self, root: Path, *, page: int = PAGE) -> None:
        self._root = root
        self._page = page

    def check(self, settings: Mapping[str, str]) -> Mapping[str, str]:
        check_folder(settings["folder"])
        return {"folder": settings["folder"]}

    def location(self, endpoint: Endpoint) -> str:
        """Return the folder's path relative to the root, which the operator knows."""
        return f"{endpoint.tenant_id}/{endpoint.settings['folder']}"

    @asynccontextmanager
    async def open(self, endpoint: Endpoint) -> AsyncIterator[Session]:
        yield self._session(endpoint)

    def _session(self, endpoint: Endpoint) -> FolderSession:
        mapping = endpoint.mapping or self.mapping()
        return FolderSession(self._root, endpoint, self.file_format, mapping, self._page)


class FolderSession:
    """Implements `ports.Session` on one folder. Each tenant has its own directory below `root`."""

    def __init__(
        self, root: Path, endpoint: Endpoint, file_format: FileFormat, mapping: FieldMap, page: int
    ) -> None:
        self._own = (root / str(endpoint.tenant_id)).absolute()
        self._folder = self._own / endpoint.settings["folder"]
        self._format = file_format
        self._mapping = mapping
        self._page = page
        self._named: dict[str, str] = {}
        """The real names of files by the name that people are shown, if the two differ."""

    async def probe(self) -> str:
        for folder in ("in", "out"):
            await in_thread(lambda folder=folder: self._made(folder))  # type: ignore[misc]
        return str(self._folder.relative_to(self._own.parent))

    async def schema(self, entity: Entity) -> RemoteSchema | None:
        """Return None, because each file has its own header."""
        return None

    async def changes(self, entity: Entity, checkpoint: Checkpoint | None) -> AsyncIterator[Page]:
        """Yield the pages of the waiting files by time, and then the files whose names are unknown. The
        checkpoint is a file and the number of its rows that were imported."""
        mapping = self._mapping.of(entity)
        for name in await in_thread(lambda: self._waiting(entity)):
            found = await in_thread(lambda name=name: self._load(name))  # type: ignore[misc]
            if found is None:
                continue  # another run has put the file away
            stamp, content = found
            if await self._grows(name, stamp):
                continue  # it is still being written and is read at the next look
            begun = checkpoint is not None and (checkpoint["file"], checkpoint["stamp"]) == (name, stamp)
            rows = int(checkpoint["rows"]) if checkpoint is not None and begun else 0
            try:
                if len(content) > MOST_BYTES:
                    raise Rejected("file_too_large", most=f"{MOST_BYTES >> 20} MB")
                read = await asyncio.to_thread(self._format.read, entity, content, mapping)
            except Rejected as refused:
                yield Page(name, (), {"file": name, "stamp": stamp, "rows": 0}, refused=refused)
                continue
            portions = read.portions(self._page, skip=rows)
            first = True
            while True:
                records: list[RemoteRecord] = await asyncio.to_thread(next, portions, [])
                rows += len(records)
                last = rows >= read.rows
                mark = {"file": name, "stamp": stamp, "rows": rows}
                yield Page(
                    name,
                    records,
                    mark,
                    header=read.header,
                    unknown=read.unknown,
                    dialect=read.dialect,
                    first=first,
                    last=last,
                )
                first = False
                if last:
                    break
        for name in await in_thread(self._strange):
            known = ", ".join(f"{begins}*" for begins in self._format.incoming.values())
            stranger = Rejected("file_not_recognised", known=known, endings=self._format.endings)
            yield Page(name, (), {"file": name, "stamp": "", "rows": 0}, refused=stranger)

    async def settle(self, page: Page, *, refused: bool) -> None:
        if page.last:
            stamp = page.checkpoint["stamp"]
            await in_thread(lambda: self._put_away(page.source, stamp, "refused" if refused else "done"))

    async def find(self, entity: Entity, reference: str) -> RemoteLink | None:
        """Return None: the file's name contains the reference, so that writing it again replaces it."""
        return None

    async def put(self, document: OutgoingDocument, link: RemoteLink | None) -> WriteResult:
        folder, word = _OUTGOING[document.entity]
        # The number is for people, the id makes the name unique, because "1/2" and "1-2" would give one name.
        number = re.sub("[^A-Za-z0-9]+", "-", document.number)
        name = f"{word}_{number}_{document.internal_id.hex[-12:]}.{self._format.ending}"

        def write() -> None:
            path = self._made("out", folder) / name
            if document.cancelled and not self._format.cancels:
                path.unlink(missing_ok=True)
                raise Rejected("cancellation_not_carried", number=document.number)
            before = path.read_bytes() if path.exists() else None
            _write_whole(path, self._format.write(document, before))

        await in_thread(write)
        return WriteResult(f"out/{folder}/{name}")

    def left(self, entity: Entity) -> Iterator[bytes]:
        """Yield the files that we wrote for an entity. Call it in a thread, because it blocks."""
        try:
            found = sorted(self._checked("out", _OUTGOING[entity][0]).glob(f"*.{self._format.ending}"))
        except FileNotFoundError:
            return
        for path in found:
            try:
                yield path.read_bytes()
            except FileNotFoundError:
                continue

    def _waiting(self, *entities: Entity) -> list[str]:
        beginnings = "|".join(self._format.incoming[each] for each in entities)
        wanted = re.compile(rf"(?:{beginnings}).*\.({self._format.endings})", re.IGNORECASE | re.DOTALL)
        return [self._name_of(name) for _, name in self._incoming() if wanted.fullmatch(name)]

    def _strange(self) -> list[str]:
        """Return files whose names are unknown and that were not written to for a while."""
        known = {self._named.get(each, each) for each in self._waiting(*self._format.incoming)}
        late = time.time_ns() - STRANGE_AFTER // timedelta(microseconds=1) * 1000
        return [
            self._name_of(name)
            for changed, name in self._incoming()
            if name not in known and not name.startswith(".") and changed < late
        ]

    def _incoming(self) -> list[tuple[int, str]]:
        """Return all incoming files with the time of their last change, oldest first."""
        try:
            with os.scandir(self._checked("in")) as found:
                return sorted(
                    (each.stat(follow_symlinks=False).st_mtime_ns, each.name)
                    for each in found
                    if each.is_file(follow_symlinks=False)
                )
        except FileNotFoundError:
            return []

    async def _grows(self, name: str, stamp: str) -> bool:
        """Tell whether a program that does not rename finished files is still writing the file."""
        changed = int(stamp.split("-")[1])
        if time.time_ns() - changed > _YOUNG // timedelta(microseconds=1) * 1000:
            return False
        await asyncio.sleep(_LOOKED_AT_AGAIN_AFTER)
        found = await in_thread(lambda: self._load(name))
        return found is None or found[0] != stamp

    def _name_of(self, name: str) -> str:
        """Return the file's name as text, because some file systems permit names that are not."""
        shown = os.fsencode(name).decode("utf-8", "replace")
        if shown != name:
            self._named[shown] = name
        return shown

    def _load(self, name: str) -> tuple[str, bytes] | None:
        """Return the file's content and a stamp that distinguishes it from another file of the same name."""
        try:
            with (self._checked("in") / self._named.get(name, name)).open("rb") as file:
                return _stamp(os.fstat(file.fileno())), file.read(MOST_BYTES + 1)
        except FileNotFoundError:
            return None

    def _put_away(self, name: str, stamp: str, where: str) -> None:
        """Move the file away. If it was replaced or has grown since it was read, it stays and is read at the
        next look."""
        target = self._made(where)
        try:
            status = (self._checked("in") / self._named.get(name, name)).stat(follow_symlinks=False)
            if stamp and stamp != _stamp(status):
                return
            at = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-"
            # Keep the name, or as much of its end as a file system permits.
            kept = name.encode()[-(_LONGEST_NAME - len(at)) :].decode("utf-8", "ignore")
            (self._checked("in") / self._named.get(name, name)).rename(target / f"{at}{kept}")
        except FileNotFoundError:
            return  # another run has put the file away

    def _made(self, *parts: str) -> Path:
        self._folder.joinpath(*parts).mkdir(parents=True, exist_ok=True)
        return self._checked(*parts)

    def _checked(self, *parts: str) -> Path:
        """Return a directory's path. Raises Rejected if a symbolic link leads out of the tenant's
        directory."""
        path = self._folder.joinpath(*parts)
        if self._own.is_symlink() or not path.resolve().is_relative_to(self._own.resolve()):
            raise Rejected("folder_leads_outside")
        return path


async def in_thread(work: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(work)
    except OSError as error:
        raise Unreachable("folder_unreachable", error=type(error).__name__) from error


def _stamp(status: os.stat_result) -> str:
    """Return a text that differs for another file of the same name, and for the same file after a change."""
    return f"{status.st_ino}-{status.st_mtime_ns}-{status.st_size}"


def _write_whole(path: Path, content: bytes) -> None:
    """Write the file so that it exists completely or not at all, even after a power cut."""
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
