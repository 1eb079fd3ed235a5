"""Warehouses and destinations, by name: the services know them by their codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def places_of(found: Any) -> Mapping[str, str]:
    """Code and name with town, of a list of the logistics service; empty where there is none to be had."""
    return {
        each["code"]: f"{each['address']['name']}, {each['address']['city']}"
        for each in (found["items"] if found else [])
    }
