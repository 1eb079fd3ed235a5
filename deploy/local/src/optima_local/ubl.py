"""The official schemas of UBL 2.1, for tests. They are fetched from a locked package and not stored in this
repository."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

from .layout import PROGRAMS, ROOT


def ubl_schema(document: str) -> Path:
    """Return the schema of a document, such as "Order". The schemas are fetched once for each workspace;
    several processes may call this at the same time."""
    folder = PROGRAMS / "ubl"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            uv = Path(sys.executable).with_name("uv")
            command = [str(uv), "pip", "install", "--quiet", "--python", sys.executable, "--no-deps"]
            locked = ["--require-hashes", "--requirement", str(ROOT / "requirements" / "ubl.txt")]
            subprocess.run([*command, *locked, "--target", str(folder)], check=True)
            (folder / "complete").touch()
    return folder / f"odoo/addons/base_ubl/data/xsd-2.1/maindoc/UBL-{document}-2.1.xsd"
