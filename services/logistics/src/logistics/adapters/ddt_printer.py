"""Makes PDFs of transport documents, in processes of their own: typesetting would hold up everything else."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from importlib.resources import files
from multiprocessing import get_context, parent_process
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import typst

    from ..domain.ddt import Document

SECONDS_FOR_ONE: Final = 20.0
SECONDS_IDLE: Final = 60.0
"""Longer than any sheet takes. Then the processes end, and their memory is free again."""
SHEETS_OF_ONE_PROCESS: Final = 500
"""Then a fresh process takes over, which keeps what the typesetter caches small."""


class DdtPrinter:
    """A pool of typesetting processes, started when first needed."""

    def __init__(self, processes: int = 1) -> None:
        self._processes = processes
        self._pool: ProcessPoolExecutor | None = None
        self._printed = 0
        self._idle: asyncio.TimerHandle | None = None

    async def print(self, document: Document, *, voided_because: str | None = None) -> bytes:
        """The document as PDF/A-3b: the same bytes for the same content, whenever and wherever it is made.

        `voided_because` stamps it as void. Raises TimeoutError after 20 s.
        """
        # Imported here, since the pool's own processes import this module and need nothing of the kind.
        from .ddt_sheet import sheet_of

        sheet = json.dumps(sheet_of(document, voided_because), ensure_ascii=False)
        dated = int(document.issued_at.timestamp())
        try:
            return await self._run(sheet, dated)
        except BrokenProcessPool:  # a process was killed: by hand, or for want of memory
            self.close()
            return await self._run(sheet, dated)

    async def _run(self, sheet: str, dated: int) -> bytes:
        loop = asyncio.get_running_loop()
        if self._pool is not None and self._printed >= SHEETS_OF_ONE_PROCESS:
            self.close()
        if self._pool is None:
            self._printed = 0
            self._pool = ProcessPoolExecutor(
                self._processes, mp_context=get_context("spawn"), initializer=_live_and_die_with_parent
            )
        self._printed += 1
        if self._idle is not None:
            self._idle.cancel()
        self._idle = loop.call_later(SECONDS_IDLE, self.close)
        printing = loop.run_in_executor(self._pool, typeset, sheet, dated)
        try:
            return await asyncio.wait_for(printing, SECONDS_FOR_ONE)
        except TimeoutError:
            self.close()
            raise

    def close(self) -> None:
        """Lets sheets in hand be finished and the processes end. The next sheet starts them anew."""
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if self._pool is not None:
            self._pool.shutdown(wait=False)
            self._pool = None


def _live_and_die_with_parent() -> None:
    """Ctrl-C is the parent's to answer; and a parent that is killed outright must leave nothing behind."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def typeset(sheet: str, dated: int) -> bytes:
    """The PDF of a sheet (JSON text), dated in seconds since 1970. Runs in a process of the pool."""
    pdf = _compiler().compile(
        format="pdf", pdf_standards="a-3b", timestamp=dated, sys_inputs={"sheet": sheet}
    )
    assert isinstance(pdf, bytes)
    return pdf


@cache
def _compiler() -> typst.Compiler:
    import typst

    here = files(__package__)
    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(here.joinpath("fonts"))]
    )
    return typst.Compiler(str(here.joinpath("ddt.typ")), font_paths=fonts, root=str(here))
