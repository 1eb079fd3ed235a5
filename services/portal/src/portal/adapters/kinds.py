"""Names of the kinds of item, which services identify by key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def names_of_kinds(found: Any) -> Mapping[str, str]:
    """Return names by key from a list of the production service; empty if the list is not available."""
    return {each["key"]: each["name"] for each in (found["items"] if found else [])}
