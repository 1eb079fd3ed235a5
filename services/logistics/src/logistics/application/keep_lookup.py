"""Keep a warehouse, destination, transport reason or carrier under its code."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from optima_kit.refusals import Stale

from ..domain.lookups import Lookup
from .ports import Ports

L = TypeVar("L", bound=Lookup)


async def keep_lookup(ports: Ports, lookup: L, expected_version: int | None) -> L:
    """Adds it, or writes over what stands under its code. Documents already issued keep what they said.

    Raises Stale when the client saw another version.
    """
    known = await ports.lookups.find(type(lookup), lookup.code)
    version = known.version if known else 0
    if expected_version is not None and expected_version != version:
        raise Stale("stale_version", field="If-Match")
    kept = replace(lookup, version=version + 1)
    await ports.lookups.save(kept)
    return kept
