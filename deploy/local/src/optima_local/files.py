"""Files that are either the old or the new version, never half of one."""

import json
import os
from pathlib import Path
from typing import Any


def write_json(path: Path, value: Any, *, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w") as file:
        json.dump(value, file, indent=1)
    fresh.replace(path)


def read_json(path: Path) -> Any:
    """The file's value, None when there is no file."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return None
