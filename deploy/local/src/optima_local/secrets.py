"""Passwords and keys of the private stack. They are random, made once, and readable only by their owner."""

import secrets as random_secrets
from collections.abc import Iterable
from typing import cast

from .files import read_json, write_json
from .layout import Layout


def settle_secrets(layout: Layout, names: Iterable[str]) -> dict[str, str]:
    """Return a secret for each name. Secrets are stored and stay the same in later runs."""
    path = layout.state / "secrets.json"
    known = cast("dict[str, str]", read_json(path) or {})
    missing = [name for name in names if name not in known]
    if missing:
        known |= {name: random_secrets.token_urlsafe(32) for name in missing}
        write_json(path, known)
    return known
