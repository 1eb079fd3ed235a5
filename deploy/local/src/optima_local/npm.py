"""JavaScript packages that tests use, as requirements/npm locks them. They are installed once for each
workspace."""

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

from .layout import PROGRAMS, ROOT

LOCKS = ROOT / "requirements" / "npm"
_FILES = ("package.json", "package-lock.json")


class NpmMissing(Exception):
    """Raised if npm is not installed."""


def npm_packages(name: str, locks: Path = LOCKS) -> Path:
    """Return a folder whose programs may import the packages that `requirements/npm/NAME` locks, after
    installing them if needed. If several processes call this at the same time, one installs and the others
    wait.

    Raises NpmMissing if npm is not installed, and subprocess.CalledProcessError if npm fails, for instance
    because a package is not what was locked.
    """
    if shutil.which("npm") is None:
        raise NpmMissing(f"npm is needed to install {name}")
    locked = [locks / name / file for file in _FILES]
    mark = hashlib.sha256(b"\0".join(file.read_bytes() for file in locked)).hexdigest()[:12]
    folder = PROGRAMS.parent / "npm" / f"{name}-{mark}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            for file in locked:
                shutil.copy(file, folder)
            options = ["--ignore-scripts", "--no-audit", "--no-fund"]
            subprocess.run(["npm", "ci", *options], cwd=folder, check=True, capture_output=True, text=True)
            (folder / "complete").touch()
    return folder
