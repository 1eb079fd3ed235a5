"""Kinds of item, by name: the services know them by their keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def names_of_kinds(found: Any) -> Mapping[str, str]:
    """Name by key, of a list of the production service; empty where there is none to be had."""
    return {each["key"]: each["name"] for each in (found["items"] if found else [])}
