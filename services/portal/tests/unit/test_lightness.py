"""What a process that answers people holds no copy of: hundreds of streams have to fit beside it."""

from __future__ import annotations

import subprocess
import sys

NEEDED_LATER = {"pika", "dramatiq", "babel", "yaml", "segno"}
"""By other roles, by tests, and by pages that few people open."""


def test_what_is_seldom_needed_is_not_loaded() -> None:
    code = "import sys, optima_kit.run, portal.bootstrap; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not NEEDED_LATER & set(loaded.split())
