"""Lookup tables: what a tenant keeps under a code so that shipments can name it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .document_types import DocumentType
from .parties import Party

MOST_PEOPLE: Final = 50
"""The largest number of people of one destination who see its documents."""


@dataclass(frozen=True, slots=True)
class Warehouse:
    code: str
    address: Party
    version: int = 0


@dataclass(frozen=True, slots=True)
class Destination:
    """A delivery address (cliente destinazione) with its legal recipient: a customer, or a supplier who works
    on the goods."""

    code: str
    recipient: Party
    address: Party
    version: int = 0


@dataclass(frozen=True, slots=True)
class Carrier:
    """A company that carries goods (vettore)."""

    code: str
    identity: Party
    version: int = 0


Lookup = Warehouse | Destination | DocumentType | Carrier
