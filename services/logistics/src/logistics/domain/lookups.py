"""What a tenant keeps under a code, to be named in shipments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .document_types import DocumentType
from .parties import Party

MOST_PEOPLE: Final = 50
"""Who work at one destination, as far as they see its documents."""


@dataclass(frozen=True, slots=True)
class Warehouse:
    code: str
    address: Party
    version: int = 0


@dataclass(frozen=True, slots=True)
class Destination:
    """Where goods are delivered (cliente destinazione), and who receives them before the law: a customer, or
    a supplier who works on them."""

    code: str
    recipient: Party
    address: Party
    version: int = 0


@dataclass(frozen=True, slots=True)
class Carrier:
    """Vettore."""

    code: str
    identity: Party
    version: int = 0


Lookup = Warehouse | Destination | DocumentType | Carrier
