"""The process of `optima_kit.typesetting`: it typesets one sheet after the other from its standard input.

python -m optima_kit.typesetting_process '{"file": "ddt.typ", …}'

It ends after ten sheets, so it imports only what it needs: asyncio, dataclasses and typing would cost more
than two sheets.
"""

from __future__ import annotations

import json
import math
import os
import resource
import struct
import sys
import time
from functools import cache

TYPE_CHECKING = False  # type checkers treat it like typing's, without the import
if TYPE_CHECKING:
    from typing import IO, Any

    import typst

_LENGTH = struct.Struct(">Q")


def write(pipe: IO[bytes], data: bytes) -> None:
    pipe.write(_LENGTH.pack(len(data)) + data)
    pipe.flush()


def read(pipe: IO[bytes]) -> bytes | None:
    """Read a message from a pipe. Return None if the other end has ended."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    data = pipe.read(length)
    return data if len(data) == length else None


@cache
def _compiler(file: str, fonts: str | None) -> typst.Compiler:
    import typst

    found = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=fonts is None, font_paths=[fonts] if fonts else []
    )
    return typst.Compiler(file, root=os.path.dirname(file), font_paths=found)


def typeset_here(template: dict[str, Any], sheet: str, dated: int | None = None) -> bytes:
    """Return the PDF of a sheet (JSON text), typeset in this process without limits.

    `template` is an `optima_kit.typesetting.Template` as a dictionary.
    """
    pdf = _compiler(template["file"], template["fonts"]).compile(
        format="pdf",
        pdf_standards=template["standard"],
        timestamp=dated,
        sys_inputs={"sheet": sheet},
    )
    assert isinstance(pdf, bytes)
    return pdf


def main(template: dict[str, Any]) -> None:
    """Typeset sheets until the input ends. The limits of memory and time apply even if the service can no
    longer end this process."""
    resource.setrlimit(resource.RLIMIT_DATA, (template["memory_bytes"],) * 2)
    while (task := read(sys.stdin.buffer)) is not None:
        most = math.ceil(time.process_time() + template["seconds"] * (os.cpu_count() or 1))
        resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))
        write(sys.stdout.buffer, typeset_here(template, **json.loads(task)))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
