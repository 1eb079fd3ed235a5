"""JavaScript packages that tests use. They are installed once for each workspace."""

import fcntl
import shutil
import subprocess
from pathlib import Path

from .layout import PROGRAMS


class NpmMissing(Exception):
    """Raised if npm is not installed."""


def npm_package(name: str, version: str, *beside: str) -> Path:
    """Return the package's folder, after installing it and the packages `beside` it ("name@version") if
    needed. If several processes call this at the same time, one installs and the others wait.

    Raises NpmMissing if npm is not installed, and subprocess.CalledProcessError if npm fails.
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
