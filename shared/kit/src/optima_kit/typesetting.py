"""Typesets documents with Typst in processes beside the service, which would else be held up by it.

Such a process holds none of the service's secrets, ends with the service, after ten sheets, when it idles,
and when it exceeds its memory or time. A service that typesets depends on the package `typst`.
"""

from __future__ import annotations

import asyncio
import json
import os

# Runs a module of the kit; no word of the command comes from elsewhere.
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
"""At most, and of one tenant one: whose sheet takes long holds up no other tenant."""
SHEETS_OF_ONE_PROCESS: Final = 10
SECONDS_IDLE: Final = 5.0
_KEPT_VARIABLES: Final = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    file: str
    """A Typst file; it sees its folder, and the sheet as JSON in `sys.inputs.sheet`."""
    fonts: str | None = None
    """A folder of the only fonts; without it those that Typst brings."""
    standard: Literal["a-3b"] | None = None
    """Of PDF."""
    seconds: float
    """Longer than any sheet takes."""
    memory_bytes: int = 512 * 1024 * 1024
    """More than any sheet takes."""


def environment_without_secrets() -> dict[str, str]:
    """What a process beside the service needs to find its programs and modules."""
    return {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}


class TypesettingFailed(Exception):
    """The template refused the sheet, or the process exceeded its memory: its log says which."""


class Typesetter:
    """Makes PDFs of one template. Processes begin when they are needed."""

    def __init__(self, template: Template) -> None:
        self._template = template
        self._idle: list[_Process] = []
        self._processes = asyncio.Semaphore(PROCESSES)
        self._tenants: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    async def typeset(self, tenant_id: UUID, sheet: Mapping[str, Any], *, dated: int | None = None) -> bytes:
        """The sheet as PDF, dated in seconds since 1970. Tenants take turns.

        Raises TimeoutError when it takes longer than the template allows, and TypesettingFailed.
        """
        task = json.dumps({"sheet": json.dumps(sheet, ensure_ascii=False), "dated": dated}).encode()
        turn = self._tenants.get(tenant_id) or self._tenants.setdefault(tenant_id, asyncio.Lock())
        async with turn, self._processes:
            if self._idle:
                with suppress(TypesettingFailed):  # it may have been killed while it idled
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
        """Ends the processes that idle. The next sheet begins one anew."""
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
        """Blocks; `end` ends the wait. Raises TypesettingFailed when the process has ended."""
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
        # Not before the thread that waits for a sheet has seen the end.
        for pipe in (self._popen.stdout, self._popen.stdin):
            assert pipe is not None
            with suppress(BrokenPipeError):
                pipe.close()
