"""npm's packages, as tests ask for them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from optima_local.npm import NpmMissing, npm_package


def npm_folder(name: str, version: str, *beside: str) -> Path:
    """A folder whose programs may import the package and those beside it. Without npm the test is skipped,
    though not in CI."""
    try:
        package = npm_package(name, version, *beside)
    except NpmMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))
    return package.parents[name.count("/") + 1]
