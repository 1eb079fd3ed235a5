"""What a tenant keeps under a code, to be named in shipments."""

from __future__ import annotations

from dataclasses import dataclass

from .parties import Party


@dataclass(frozen=True, slots=True)
class Warehouse:
    code: str
    address: Party
    version: int = 0


@dataclass(frozen=True, slots=True)
class Destination:
    """A delivery address of a customer (cliente destinazione), and who the customer is before the law."""

    code: str
    recipient: Party
    address: Party
    version: int = 0


@dataclass(frozen=True, slots=True)
class TransportReason:
    """Causale del trasporto. Goods that travel without one are presumed sold (DPR 441/1997)."""

    code: str
    text: str
    sale: bool
    version: int = 0
    """0 for one that comes with the product and that the tenant has not rewritten."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """Vettore."""

    code: str
    identity: Party
    version: int = 0


Lookup = Warehouse | Destination | TransportReason | Carrier
