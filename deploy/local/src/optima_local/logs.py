"""Logs of processes: JSON lines in .optima/logs, rotated by size."""

import json
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from .files import append_privately

MOST_BYTES = 10_000_000
KEPT_ROTATIONS = 3


class RotatingLog:
    """A log file of JSON lines. Lines that are not JSON, such as a traceback or a server's messages, are
    wrapped into JSON."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = append_privately(path)
        self._size = path.stat().st_size
        self._lock = threading.Lock()

    def copy_from(self, stream: IO[bytes]) -> None:
        """Append the stream's lines until it ends."""
        with stream:
            for line in stream:
                self._append(line if line.startswith(b"{") else wrapped(line))

    def say(self, level: str, event: str, **facts: Any) -> None:
        self._append(json_line(level, event, **facts))

    def tail(self, lines: int = 12) -> str:
        """Return the last lines in a form for people."""
        return "\n".join(f"    {words(line)}" for line in last_lines(self.path, lines))

    def _append(self, line: bytes) -> None:
        with self._lock:
            if self._size + len(line) > MOST_BYTES:
                self._rotate()
            self._file.write(line)
            self._size += len(line)

    def _rotate(self) -> None:
        self._file.close()
        for number in range(KEPT_ROTATIONS, 0, -1):
            older = self.path if number == 1 else rotation(self.path, number - 1)
            if older.exists():
                older.replace(rotation(self.path, number))
        self._file = append_privately(self.path)
        self._size = 0


def rotation(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")


def wrapped(line: bytes) -> bytes:
    text = line.decode(errors="replace").rstrip()
    return json_line("info", text) if text else b""


def words(line: str) -> str:
    """Return the message of a JSON line without its other fields."""
    try:
        said = json.loads(line)
    except ValueError:
        return line
    return str(said.get("event") or said.get("msg") or line)


def json_line(level: str, event: str, **facts: Any) -> bytes:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return json.dumps({"timestamp": now, "level": level, "event": event, **facts}).encode() + b"\n"


def last_lines(path: Path, count: int) -> list[str]:
    try:
        with path.open("rb") as file:
            return read_last(file, count)
    except FileNotFoundError:
        return []


def read_last(file: IO[bytes], count: int) -> list[str]:
    """Return the last lines, and leave the file at its end."""
    file.seek(max(0, os.fstat(file.fileno()).st_size - 256 * 1024))
    return file.read().decode(errors="replace").splitlines()[-count:]


def follow(path: Path, count: int, stopped: threading.Event) -> Iterator[str]:
    """Yield the last `count` lines and then new ones as they come, across rotations, until `stopped` is
    set."""
    file = path.open("rb")
    yield from read_last(file, count)
    rest = b""
    while not stopped.is_set():
        # Check for a rotation before reading, so that all lines of the old file are read before the next
        # file.
        rotated = was_rotated(path, file)
        chunk = file.read(65536)
        if chunk:
            *lines, rest = (rest + chunk).split(b"\n")
            yield from (line.decode(errors="replace") for line in lines)
        elif rotated:
            file.close()
            file = path.open("rb")
        else:
            stopped.wait(0.1)


def was_rotated(path: Path, file: IO[bytes]) -> bool:
    """Tell whether the path names another file by now. During a rotation it may name none for a moment."""
    try:
        return path.stat().st_ino != os.fstat(file.fileno()).st_ino
    except FileNotFoundError:
        return False
