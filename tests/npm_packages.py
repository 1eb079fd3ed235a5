"""npm's packages, as tests ask for them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from optima_local.npm import NpmMissing, npm_packages


def npm_folder(name: str) -> Path:
    """A folder whose programs may import what `requirements/npm/NAME` locks. Without npm the test is skipped,
    though not in CI."""
    try:
        return npm_packages(name)
    except NpmMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))
