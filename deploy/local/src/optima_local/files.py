"""Files that only their owner may read. JSON files are replaced atomically, so that nobody reads half of
one."""

import json
import os
from pathlib import Path
from typing import IO, Any


def write_json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(value, file, indent=1)
    fresh.replace(path)


def append_privately(path: Path) -> IO[bytes]:
    """Open a file to append to it without buffering."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.fchmod(descriptor, 0o600)  # needed if the file existed already
    return os.fdopen(descriptor, "ab", buffering=0)


def private_folder(path: Path) -> None:
    """Make a folder that only its owner may enter, or restrict an existing one to its owner."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)


def open_privately(path: Path, mode: str) -> IO[str]:
    def opener(name: str, flags: int) -> int:
        descriptor = os.open(name, flags, 0o600)
        os.fchmod(descriptor, 0o600)  # needed if the file existed already
        return descriptor

    return open(path, mode, opener=opener)


def read_json(path: Path) -> Any:
    """Return the file's value, or None if there is no file."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return None
