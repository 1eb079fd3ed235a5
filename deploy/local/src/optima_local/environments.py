"""Separate Python environments for tools that are too large for the product's, or conflict with it."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from .layout import PROGRAMS


def environment_for(name: str, lock: Path) -> Path:
    """Return the directory of the environment's programs, after installing what the hash-locked `lock`
    says."""
    home = PROGRAMS.parent / f"{name}-venv"
    state, wanted = home / "installed", hashlib.sha256(lock.read_bytes()).hexdigest()
    if not state.exists() or state.read_text() != wanted:
        print(f"Installing {name} (hash-locked) into {home}", file=sys.stderr, flush=True)
        uv = os.path.join(os.path.dirname(sys.executable), "uv")
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, home], check=True)
        install = [uv, "pip", "install", "--quiet", "--require-hashes"]
        subprocess.run([*install, "--requirement", lock, "--python", home / "bin" / "python"], check=True)
        state.write_text(wanted)
    return home / "bin"
