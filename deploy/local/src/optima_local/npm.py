"""JavaScript packages that tests run, installed once a workspace."""

import fcntl
import shutil
import subprocess
from pathlib import Path

from .layout import PROGRAMS


class NpmMissing(Exception):
    """npm is not installed here."""


def npm_package(name: str, version: str, *beside: str) -> Path:
    """The package's folder, with others ("name@version") `beside` it. Several processes may ask at once: one
    installs, the others wait for it.

    Raises NpmMissing, and subprocess.CalledProcessError where npm fails.
    """
    if shutil.which("npm") is None:
        raise NpmMissing(f"npm is needed to install {name}")
    folder = PROGRAMS.parent / "npm" / f"{name}-{version}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            install = ["npm", "install", "--prefix", str(folder), "--no-save", "--no-package-lock"]
            options = ["--ignore-scripts", "--no-audit", "--no-fund"]
            wanted = [f"{name}@{version}", *beside]
            subprocess.run([*install, *options, *wanted], check=True, capture_output=True)
            (folder / "complete").touch()
    return folder / "node_modules" / name
