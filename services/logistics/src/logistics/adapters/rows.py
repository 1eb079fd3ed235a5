"""Reads from rows what several repositories have in common: goods, picks and entries of lookup tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from pydantic import TypeAdapter

from ..application.ports import FoundLookups
from ..domain.document_types import DocumentType
from ..domain.lookups import Carrier, Destination, Lookup, Warehouse
from ..domain.orders import CarriedGoods
from ..domain.places import Pick
from .document_types import BUILT_IN

L = TypeVar("L", bound=Lookup)

Row = Any

PICKS = TypeAdapter(tuple[Pick, ...])
LOOKUPS: dict[type, tuple[str, TypeAdapter[Any]]] = {
    Warehouse: ("warehouse", TypeAdapter(Warehouse)),
    Destination: ("destination", TypeAdapter(Destination)),
    DocumentType: ("transport_reason", TypeAdapter(DocumentType)),
    Carrier: ("carrier", TypeAdapter(Carrier)),
}


def stored_goods(lines: Sequence[Any]) -> dict[UUID, CarriedGoods]:
    return {
        UUID(line["job_id"]): CarriedGoods(
            line["description"],
            line["unit"],
            line["closed"],
            line["code"],
            line.get("is_article", False),
            line.get("finisher"),
            Decimal(line["sendable"]) if line.get("finisher") else None,
        )
        for line in lines
    }


def found_lookups(named: Sequence[tuple[type[Any], str]], rows: Sequence[Row]) -> FoundLookups:
    own = {(row["kind"], row["code"]): row for row in rows}
    found: dict[tuple[type[Any], str], Lookup] = {}
    for kind, code in named:
        if row := own.get((LOOKUPS[kind][0], code)):
            found[kind, code] = read_lookup(kind, row)
        elif built_in := built_in_lookups(kind).get(code):
            found[kind, code] = built_in
    return FoundLookups(found)


def read_lookup(kind: type[L], row: Row) -> L:
    """Build an entry. A document type that was stored when only its text could be changed takes the rest from
    the built-in type."""
    built_in = built_in_lookups(kind).get(row["code"])
    content = (asdict(built_in) if built_in else {}) | row["content"]
    lookup: L = LOOKUPS[kind][1].validate_python(content)
    return replace(lookup, version=row["version"])


def built_in_lookups(kind: type[L]) -> dict[str, L]:
    return BUILT_IN if kind is DocumentType else {}  # type: ignore[return-value]
