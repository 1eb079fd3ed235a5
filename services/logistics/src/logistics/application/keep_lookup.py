"""Store a warehouse, destination, document type or carrier under its code."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from optima_kit.refusals import Stale, Violations, WrongState

from ..domain.document_types import DocumentType, contradictions, same_effect
from ..domain.lookups import Destination, Lookup
from .ports import Ports
from .tell_destinations import tell_destination

L = TypeVar("L", bound=Lookup)


async def keep_lookup(ports: Ports, lookup: L, expected_version: int | None) -> L:
    """Insert the entry, or overwrite the one with this code. Documents that were issued keep their text.

    Raises Stale if the client saw another version, Violations for a document type that contradicts itself,
    and WrongState for a document type with another effect on goods than the shipments that name it rely on.
    """
    known = await ports.lookups.find(type(lookup), lookup.code)
    version = known.version if known else 0
    if expected_version is not None and expected_version != version:
        raise Stale("stale_version", field="If-Match")
    if isinstance(lookup, DocumentType):
        if wrong := list(contradictions(lookup)):
            raise Violations(wrong)
        if isinstance(known, DocumentType) and not same_effect(known, lookup):
            raise WrongState("document_type_effect_fixed", named=lookup.code)
    kept = replace(lookup, version=version + 1)
    await ports.lookups.save(kept)
    if isinstance(kept, Destination):
        tell_destination(ports, kept)
    return kept
