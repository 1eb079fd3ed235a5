"""Typesets documents with Typst in separate processes, so that typesetting does not block the service.

Such a process has none of the service's secrets. It ends with the service, after ten sheets, when it is idle,
and when it exceeds its memory or time. A service that typesets depends on the package `typst`.
"""

from __future__ import annotations

import asyncio
import json
import os

# It only runs a module of the kit, and no part of the command comes from outside.
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal
from uuid import UUID
from weakref import WeakValueDictionary

from optima_kit.typesetting_process import read, write

PROCESSES: Final = 2
"""The most processes, of which one tenant uses one at a time, so that a slow sheet does not delay other
tenants."""
SHEETS_OF_ONE_PROCESS: Final = 10
SECONDS_IDLE: Final = 5.0
_KEPT_VARIABLES: Final = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    file: str
    """A Typst file. It can read its own folder, and gets the sheet as JSON in `sys.inputs.sheet`."""
    fonts: str | None = None
    """The folder with the only fonts to use. Without it, Typst's own fonts are used."""
    standard: Literal["a-3b"] | None = None
    """The PDF standard."""
    seconds: float
    """The time limit, which must be longer than any sheet takes."""
    memory_bytes: int = 512 * 1024 * 1024
    """The memory limit, which must be more than any sheet takes."""


def environment_without_secrets() -> dict[str, str]:
    """Return the environment variables that a separate process needs to find its programs and modules."""
    return {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}


class TypesettingFailed(Exception):
    """Raised if the template refused the sheet or the process exceeded its memory. The process's log says
    which."""


class Typesetter:
    """Makes PDFs from one template. Processes are started when they are needed."""

    def __init__(self, template: Template) -> None:
        self._template = template
        self._idle: list[_Process] = []
        self._processes = asyncio.Semaphore(PROCESSES)
        self._tenants: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    async def typeset(self, tenant_id: UUID, sheet: Mapping[str, Any], *, dated: int | None = None) -> bytes:
        """Typeset a sheet and return the PDF. `dated` is its date in seconds since 1970. Tenants take turns.

        Raises TimeoutError if it takes longer than the template allows, and TypesettingFailed.
        """
        task = json.dumps({"sheet": json.dumps(sheet, ensure_ascii=False), "dated": dated}).encode()
        turn = self._tenants.get(tenant_id) or self._tenants.setdefault(tenant_id, asyncio.Lock())
        async with turn, self._processes:
            if self._idle:
                with suppress(TypesettingFailed):  # the process may have been killed while it was idle
                    return await self._typeset_in(self._idle.pop(), task)
            return await self._typeset_in(_Process(self._template), task)

    async def _typeset_in(self, process: _Process, task: bytes) -> bytes:
        process.awake()
        typesetting = asyncio.to_thread(process.typeset, task)
        try:
            pdf = await asyncio.wait_for(typesetting, self._template.seconds)
        except BaseException:
            process.end()
            raise
        if process.sheets < SHEETS_OF_ONE_PROCESS:
            process.idle = asyncio.get_running_loop().call_later(SECONDS_IDLE, self._end_idle, process)
            self._idle.append(process)
        else:
            process.end()
        return pdf

    def _end_idle(self, process: _Process) -> None:
        self._idle.remove(process)
        process.end()

    def close(self) -> None:
        """End the idle processes. The next sheet starts a new one."""
        while self._idle:
            process = self._idle.pop()
            process.awake()
            process.end()


@dataclass(eq=False, slots=True)
class _Process:
    template: Template
    sheets: int = 0
    idle: asyncio.TimerHandle | None = None
    _popen: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self._popen = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "optima_kit.typesetting_process", json.dumps(asdict(self.template))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment_without_secrets(),
        )

    def awake(self) -> None:
        if self.idle is not None:
            self.idle.cancel()
            self.idle = None

    def typeset(self, task: bytes) -> bytes:
        """Typeset a task. This blocks until `end` is called or the PDF is there. Raises TypesettingFailed if
        the process has ended."""
        self.sheets += 1
        assert self._popen.stdin is not None
        assert self._popen.stdout is not None
        try:
            write(self._popen.stdin, task)
            pdf = read(self._popen.stdout)
        except OSError as error:
            raise TypesettingFailed(repr(error)) from error
        if pdf is None:
            raise TypesettingFailed("the typesetting process ended")
        return pdf

    def end(self) -> None:
        self._popen.kill()
        self._popen.wait()
        # Close the pipes only after the thread that waits for a sheet has noticed the end.
        for pipe in (self._popen.stdout, self._popen.stdin):
            assert pipe is not None
            with suppress(BrokenPipeError):
                pipe.close()
