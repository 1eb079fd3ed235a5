"""Programs of the consumers' guide, and commands of ours, as processes whose output is read as it comes."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from optima_kit.testing import eventually
from optima_local.layout import ROOT

GUIDE = (ROOT / "docs" / "guides" / "consuming-events.md").read_text(encoding="utf-8")
PROGRAMS = dict(re.findall(r"^```(?:python|js) ([\w-]+)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL))


class Program:
    """A program under way: what it has printed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []

    async def read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.lines.append(line.decode().strip())

    async def prints(self, *texts: str) -> None:
        await eventually(
            lambda: all(any(text in line for line in self.lines) for text in texts),
            within=120,
            describe=lambda: f"{texts} in {self.lines}",
        )


@contextlib.asynccontextmanager
async def running(
    *command: str | Path, folder: Path, environment: Mapping[str, str], ends_by: int = signal.SIGTERM
) -> AsyncIterator[Program]:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    program = Program(process)
    reading = asyncio.create_task(program.read())
    try:
        yield program
    finally:
        if process.returncode is None:
            process.send_signal(ends_by)
        await process.wait()
        await reading
