"""What sessions with ERPs have alike that tell records by id and time, and lock them by a version."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from ..application.ports import Checkpoint, Conflict, Gone, Page, RemoteLink, Written
from ..domain.documents import OutgoingDocument
from ..domain.entities import Entity
from ..domain.import_plan import RemoteRecord
from .rest import Rest

OVERLAP: Final = timedelta(minutes=5)
"""A transaction that began so long ago may still become visible, with the time at which it began."""


@dataclass(frozen=True, slots=True)
class Swept:
    """A record that a sweep found."""

    key: Any
    """In the order in which the sweep goes: JSON."""
    record: RemoteRecord
    at_rest: bool = False
    """Whether it is out of use over there."""


async def sweep(
    source: str,
    checkpoint: Checkpoint | None,
    found: Callable[[datetime | None, Any], Awaitable[Sequence[Swept]]],
    *,
    page: int,
    now: Callable[[], Awaitable[datetime]],
) -> AsyncIterator[Page]:
    """Goes through what changed since the last sweep began, by key, so that equal times lose nothing: what
    changes behind the sweep is the next one's.

    `found(since, after)` gives the first `page` records behind a key that changed since a time; None: from
    the first on, whenever they changed.
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
    """Of a document: when it was changed last, and what stands in it. Many ERPs count whole seconds: whoever
    changes it in the very second of our write is seen by what they changed."""
    told = json.dumps(content, sort_keys=True, default=str).encode()
    return f"{time}|{hashlib.sha256(told).hexdigest()[:16]}"


def is_another(known: str | None, version: str) -> bool:
    """Whether somebody has changed the document. Versions that were noted before contents were are times
    alone."""
    return known is not None and known not in (version, version.rpartition("|")[0])


@dataclass(frozen=True, slots=True)
class Present:
    """A document as it stands over there."""

    remote_id: str
    number: str
    version: str
    values: dict[str, Any]


class DocumentSession(ABC):
    """Writes documents; the rest of `ports.Session` is each connector's own."""

    _rest: Rest

    @abstractmethod
    async def probe(self) -> str:
        """As `ports.Session` says."""

    async def _now(self) -> datetime:
        """By the ERP's clock."""
        await self.probe()
        return self._rest.server_time

    async def settle(self, page: Page, *, refused: bool) -> None:  # noqa: B027 - nothing is to be done
        """Nothing is put away: the ERP keeps its records."""

    async def put(self, document: OutgoingDocument, link: RemoteLink | None) -> Written:
        before = None
        if link is not None:
            before = await self._present(link.remote_id)
            if before is None and document.cancelled:
                return Written(link.remote_id)  # what is not there needs no cancelling
            if before is None:
                raise Gone(link.remote_id)
            if is_another(link.version, before.version):
                raise Conflict(before.version)
        remote_id = await self._write(document, before)
        after = await self._present(remote_id)
        if after is None:
            return Written(remote_id, before.number if before else None)
        return Written(remote_id, after.number, after.version)

    @abstractmethod
    async def find(self, entity: Entity, reference: str) -> RemoteLink | None:
        """As `ports.Session` says."""

    @abstractmethod
    async def _present(self, remote_id: str) -> Present | None:
        """None where it is not there any more."""

    @abstractmethod
    async def _write(self, document: OutgoingDocument, before: Present | None) -> str:
        """Brings it to the document's state; returns its id. Repeatable from whatever step it came to."""
