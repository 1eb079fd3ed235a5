"""What images leave out of libraries, which work without it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import uvloop

from optima_local.layout import ROOT

PROGRAM = ROOT / "deploy" / "without_symbols.py"


def left_out(folder: Path) -> int:
    done = subprocess.run([sys.executable, PROGRAM, folder], capture_output=True, text=True, check=True)
    return int(done.stdout.split()[0])


def test_a_library_without_its_symbols_is_loaded(tmp_path: Path) -> None:
    package = tmp_path / "uvloop"
    shutil.copytree(Path(uvloop.__file__).parent, package)
    (library,) = package.glob("loop.*.so")
    text = tmp_path / "not.so"
    text.write_text("no library")
    before = library.stat()
    assert left_out(tmp_path) > 1_000_000
    assert library.stat().st_size < before.st_size / 2
    assert library.stat().st_mode == before.st_mode
    assert text.read_text() == "no library"
    program = "import asyncio, uvloop; uvloop.run(asyncio.sleep(0, print(uvloop.__file__)))"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.strip() == str(package / "__init__.py"), done.stderr
    assert left_out(tmp_path) == 0
