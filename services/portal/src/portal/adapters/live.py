"""The open pages that this process serves, and the hints that they get. A hint says only that something
changed.

The process that consumes events notifies the processes that serve pages, by NOTIFY. If a hint is lost, a page
does not notice that it is out of date.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

CHANNEL: Final = "portal_changes"
_STILL_THERE_SECONDS: Final = 15.0
"""After this long without a hint the connection is tested, so that closed pages are forgotten."""
_LASTS_SECONDS: Final = 300.0
"""How long a stream lasts. The browser then reconnects, which checks again whether its session has ended."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a thing, and of the brief to which it belongs. In the area `notice`, a person got a
    notice."""

    tenant: str
    area: str
    subject: str
    brief: str

    @property
    def text(self) -> str:
        return " ".join((self.tenant, self.area, self.subject, self.brief))


@dataclass(slots=True, eq=False)
class Stream:
    person: str
    """The person who looks at the page."""
    about: frozenset[str]
    """Ids of the things that the page shows."""
    hints: set[str] = field(default_factory=set)
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    def hint(self, *hints: str) -> None:
        self.hints.update(hints)
        self.wake.set()


class LiveStreams:
    def __init__(self) -> None:
        self._by_tenant: defaultdict[str, set[Stream]] = defaultdict(set)
        self._draining: asyncio.Task[None] | None = None

    @contextmanager
    def open(self, tenant: str, person: str, about: frozenset[str]) -> Iterator[Stream]:
        stream = Stream(person, about)
        self._by_tenant[tenant].add(stream)
        try:
            yield stream
        finally:
            self._by_tenant[tenant].discard(stream)

    def heard(self, text: str) -> None:
        """Pass a text from the channel to the streams that it concerns. An empty text means that messages may
        have been missed; then every stream gets all hints."""
        if not text:
            for streams in self._by_tenant.values():
                for stream in streams:
                    stream.hint("inbox", "notices", "page")
            return
        change = Change(*text.split(" "))
        for stream in self._by_tenant.get(change.tenant, ()):
            if change.area == "notice":
                if stream.person == change.subject:
                    stream.hint("notices")
                continue
            if change.area == "approval":
                stream.hint("inbox")
            if not stream.about.isdisjoint((change.subject, change.brief)):
                stream.hint("page")

    async def frames(
        self, tenant: str, person: str, about: frozenset[str], draining: asyncio.Event
    ) -> AsyncIterator[bytes]:
        """Yield the hints for one page as server-sent events, until the process ends or five minutes have
        passed. A stream uses only its request's task, because there are hundreds of streams."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + _LASTS_SECONDS
        if self._draining is None:
            self._draining = asyncio.create_task(self._wake_at_the_end(draining))
        with self.open(tenant, person, about) as stream:
            yield b"retry: 1000\n\n"
            while not draining.is_set() and loop.time() < ends:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_STILL_THERE_SECONDS):
                        await stream.wake.wait()
                stream.wake.clear()
                hints, stream.hints = stream.hints, set()
                yield b"".join(f"event: {hint}\ndata:\n\n".encode() for hint in sorted(hints)) or b":\n\n"

    async def _wake_at_the_end(self, draining: asyncio.Event) -> None:
        """Wake all streams when the process begins to drain, so that they end in time."""
        await draining.wait()
        for streams in self._by_tenant.values():
            for stream in streams:
                stream.wake.set()
