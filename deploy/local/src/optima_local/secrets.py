"""Passwords and keys of the private stack: random, made once, readable by their owner alone."""

import secrets as random_secrets
from collections.abc import Iterable
from typing import cast

from .files import read_json, write_json
from .layout import Layout


def settle_secrets(layout: Layout, names: Iterable[str]) -> dict[str, str]:
    """A secret for each name, kept from run to run."""
    path = layout.state / "secrets.json"
    known = cast("dict[str, str]", read_json(path) or {})
    missing = [name for name in names if name not in known]
    if missing:
        known |= {name: random_secrets.token_urlsafe(32) for name in missing}
        write_json(path, known)
    return known
