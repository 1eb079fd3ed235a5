"""Typesets printouts, each in a process of its own: it would hold up everything else, and its memory is
free again when it ends.

    python -m trail.adapters.printer

reads a sheet (JSON) from standard input and writes the PDF to standard output.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from importlib.resources import files
from typing import Any, Final

SECONDS: Final = 60.0
"""Longer than the largest printout takes."""


class Printer:
    """Makes one printout at a time; whoever asks meanwhile waits."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(1)

    async def print(self, sheet: dict[str, Any]) -> bytes:
        """The sheet as PDF. Raises TimeoutError after a minute."""
        async with self._turn:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                __name__,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            try:
                written = json.dumps(sheet, ensure_ascii=True).encode("ascii")
                pdf, _ = await asyncio.wait_for(process.communicate(written), SECONDS)
            except BaseException:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
                raise
        if process.returncode != 0:
            raise RuntimeError(f"the typesetter ended with status {process.returncode}")
        return pdf


def typeset(sheet: str) -> bytes:
    """The PDF of a sheet (JSON text)."""
    import typst

    here = files(__package__)
    compiler = typst.Compiler(
        str(here.joinpath("printout.typ")), root=str(here), font_paths=typst.Fonts(include_system_fonts=False)
    )
    pdf = compiler.compile(format="pdf", sys_inputs={"sheet": sheet})
    assert isinstance(pdf, bytes)
    return pdf


if __name__ == "__main__":
    sys.stdout.buffer.write(typeset(sys.stdin.read()))
