"""Makes pictures of a file's pages in a separate process."""

from __future__ import annotations

import asyncio
import io
import json
import sys
from typing import Final

from optima_kit.typesetting import environment_without_secrets
from optima_kit.typesetting_process import read

from ..application.ports import PreviewPage
from ..domain.proofs import MAX_PAGES
from .preview_process import REFUSED

SECONDS: Final = 30.0
_AT_ONCE: Final = asyncio.Semaphore(1)
"""Each process of the service runs one preview process at a time, because they share its memory limit."""


class FileRefused(Exception):
    """Raised if no page of a file can be shown."""


async def pages_of(data: bytes, media_type: str) -> list[PreviewPage]:
    """Return pictures of the file's pages. Raises FileRefused if the file cannot be shown, also if the
    process exceeded its memory or its time, because it would do so again."""
    async with _AT_ONCE:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "brief.adapters.preview_process",
            media_type,
            str(MAX_PAGES),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment_without_secrets(),
        )
        try:
            out, said = await asyncio.wait_for(process.communicate(data), SECONDS)
        except TimeoutError as late:
            raise FileRefused("it took too long") from late
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    ended = process.returncode or 0
    if ended == REFUSED or ended < 0:
        raise FileRefused(said.decode(errors="replace").strip()[-300:] or f"signal {-ended}")
    if ended:
        raise RuntimeError(said.decode(errors="replace"))
    return list(_pages(io.BytesIO(out)))


def _pages(out: io.BytesIO) -> list[PreviewPage]:
    pages: list[PreviewPage] = []
    while (size := read(out)) is not None:
        image, thumbnail = read(out), read(out)
        assert image is not None
        assert thumbnail is not None
        width, height = json.loads(size)
        pages.append(PreviewPage(len(pages) + 1, width, height, image, thumbnail))
    return pages
