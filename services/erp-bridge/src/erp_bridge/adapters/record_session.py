"""Common parts of sessions with ERPs that identify records by id, date their changes and version them."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from ..application.ports import Checkpoint, Conflict, Gone, Page, RemoteLink, WriteResult
from ..domain.documents import OutgoingDocument
from ..domain.entities import Entity
from ..domain.import_plan import RemoteRecord
from .rest import Rest

OVERLAP: Final = timedelta(minutes=5)
"""A change may become visible this long after the time that it carries, because that is the time at which its
transaction began."""


@dataclass(frozen=True, slots=True)
class SweptRecord:
    """A record that a sweep found."""

    key: Any
    """The key by which the sweep is ordered, as JSON."""
    record: RemoteRecord
    at_rest: bool = False
    """Whether the record is inactive in the ERP."""


async def sweep(
    source: str,
    checkpoint: Checkpoint | None,
    found: Callable[[datetime | None, Any], Awaitable[Sequence[SweptRecord]]],
    *,
    page: int,
    now: Callable[[], Awaitable[datetime]],
) -> AsyncIterator[Page]:
    """Yield all records that changed since the last sweep began, ordered by key, so that records with equal
    times are not lost. A record that changes after the sweep has passed it is left to the next sweep.

    `found(since, after)` returns the first `page` records with a key greater than `after` that changed since
    `since`. If `after` is None it begins at the first key; if `since` is None it returns unchanged ones too.
    """
    if checkpoint is None or "after" not in checkpoint:
        since = checkpoint["until"] if checkpoint else None
        checkpoint = {"since": since, "until": (await now()).isoformat(), "after": None}
    since, until, after = checkpoint["since"], checkpoint["until"], checkpoint["after"]
    changed_since = datetime.fromisoformat(since) - OVERLAP if since else None
    while True:
        records = await found(changed_since, after)
        last = len(records) < page
        after = records[-1].key if records else after
        yield Page(
            source=source,
            records=[each.record for each in records if not each.at_rest],
            deleted=[each.record.remote_id or "" for each in records if each.at_rest],
            checkpoint={"until": until} if last else {"since": since, "until": until, "after": after},
            last=last,
        )
        if last:
            return


def version_of(time: str, content: Any) -> str:
    """Return a document's version, made of the time of its last change and a hash of its content. Many ERPs
    count whole seconds, so a change in the same second as our write shows only in the content."""
    told = json.dumps(content, sort_keys=True, default=str).encode()
    return f"{time}|{hashlib.sha256(told).hexdigest()[:16]}"


def is_another(known: str | None, version: str) -> bool:
    """Tell whether somebody has changed the document. Versions stored by earlier releases are times without a
    content hash."""
    return known is not None and known not in (version, version.rpartition("|")[0])


@dataclass(frozen=True, slots=True)
class RemoteDocument:
    """A document as the ERP has it now."""

    remote_id: str
    number: str
    version: str
    values: dict[str, Any]


class DocumentSession(ABC):
    """A session that writes documents. Each connector implements the rest of `ports.Session`."""

    _rest: Rest

    @abstractmethod
    async def probe(self) -> str:
        """As `ports.Session` says."""

    async def _now(self) -> datetime:
        """Return the time by the ERP's clock."""
        await self.probe()
        return self._rest.server_time

    async def settle(self, page: Page, *, refused: bool) -> None:  # noqa: B027 - nothing is to be done
        """Do nothing: the ERP keeps its records, so there is nothing to put away."""

    async def put(self, document: OutgoingDocument, link: RemoteLink | None) -> WriteResult:
        before = None
        if link is not None:
            before = await self._present(link.remote_id)
            if before is None and document.cancelled:
                return WriteResult(link.remote_id)  # a deleted record needs no cancellation
            if before is None:
                raise Gone(link.remote_id)
            if is_another(link.version, before.version):
                raise Conflict(before.version)
        remote_id = await self._write(document, before)
        after = await self._present(remote_id)
        if after is None:
            return WriteResult(remote_id, before.number if before else None)
        return WriteResult(remote_id, after.number, after.version)

    @abstractmethod
    async def find(self, entity: Entity, reference: str) -> RemoteLink | None:
        """As `ports.Session` says."""

    @abstractmethod
    async def _present(self, remote_id: str) -> RemoteDocument | None:
        """Return the document as the ERP has it now, or None if it no longer exists."""

    @abstractmethod
    async def _write(self, document: OutgoingDocument, before: RemoteDocument | None) -> str:
        """Create the remote record or bring it to the document's state. Return its id. The call may be
        repeated after a failure at any step."""
