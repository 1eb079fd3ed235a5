"""Typesets documents with Typst in processes beside the service, which would else be held up by it.

    python -m optima_kit.typesetting TEMPLATE

typesets one sheet after the other from its standard input. It holds none of the service's secrets, ends with
the service, after ten sheets, when it idles, and when it exceeds its memory or time. A service that typesets
depends on the package `typst`.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import resource
import struct

# Runs this very module; no word of the command comes from elsewhere.
import subprocess  # nosec B404
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Literal
from uuid import UUID
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    import typst

PROCESSES: Final = 2
"""At most, and of one tenant one: whose sheet takes long holds up no other tenant."""
SHEETS_OF_ONE_PROCESS: Final = 10
SECONDS_IDLE: Final = 5.0
_LENGTH: Final = struct.Struct(">Q")
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
        self._popen = subprocess.Popen(  # noqa: S603 # nosec B603
            [sys.executable, "-m", __name__, json.dumps(asdict(self.template))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ},
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
            _write(self._popen.stdin, task)
            pdf = _read(self._popen.stdout)
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


def _write(pipe: IO[bytes], data: bytes) -> None:
    pipe.write(_LENGTH.pack(len(data)) + data)
    pipe.flush()


def _read(pipe: IO[bytes]) -> bytes | None:
    """What was written at the other end; None when that has ended."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    data = pipe.read(length)
    return data if len(data) == length else None


@cache
def _compiler(template: Template) -> typst.Compiler:
    import typst

    fonts = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=template.fonts is None,
        font_paths=[template.fonts] if template.fonts else [],
    )
    return typst.Compiler(template.file, root=str(Path(template.file).parent), font_paths=fonts)


def typeset_here(template: Template, sheet: str, dated: int | None = None) -> bytes:
    """The PDF of a sheet (JSON text), made in this process and without limits."""
    pdf = _compiler(template).compile(
        format="pdf",
        pdf_standards=template.standard,
        timestamp=dated,
        sys_inputs={"sheet": sheet},
    )
    assert isinstance(pdf, bytes)
    return pdf


def main(template: Template) -> None:
    """Typesets until the input ends. The limits hold even when nobody is left to end this process."""
    resource.setrlimit(resource.RLIMIT_DATA, (template.memory_bytes, template.memory_bytes))
    while (task := _read(sys.stdin.buffer)) is not None:
        most = math.ceil(time.process_time() + template.seconds * (os.cpu_count() or 1))
        resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))
        _write(sys.stdout.buffer, typeset_here(template, **json.loads(task)))


if __name__ == "__main__":
    main(Template(**json.loads(sys.argv[1])))
