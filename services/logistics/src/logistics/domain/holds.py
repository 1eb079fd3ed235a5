"""Goods held back for their quality: they lie in a warehouse, and nothing may take them from there."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final, Literal
from uuid import UUID

from optima_kit.refusals import WrongState

from .places import Place
from .stock import Goods


class HoldKind(StrEnum):
    HELD = "held"
    RELEASED = "released"
    """The goods may be used like any others."""
    SCRAPPED = "scrapped"
    """The goods are useless and were written off."""
    RELOCATED = "relocated"
    """The goods moved to another location: two entries whose sum is zero."""


Ending = Literal["released", "scrapped"]
ENDINGS: Final[dict[HoldKind, Ending]] = {
    HoldKind.RELEASED: "released",
    HoldKind.SCRAPPED: "scrapped",
}


@dataclass(frozen=True, slots=True)
class Hold:
    hold_id: UUID
    warehouse: str
    job_id: UUID
    kind: HoldKind
    quantity: Decimal
    """Signed: negative for what is no longer held back."""
    reason: str
    location: str = ""
    lot: str = ""

    @property
    def place(self) -> Place:
        return Place(self.warehouse, self.job_id, self.location, self.lot)


def hold_in(place: Place, hold_id: UUID, kind: HoldKind, quantity: Decimal, reason: str) -> Hold:
    return Hold(hold_id, place.warehouse, place.job_id, kind, quantity, reason, place.location, place.lot)


def hold(goods: Goods, *, hold_id: UUID, place: Place, quantity: Decimal, reason: str) -> Hold:
    """Hold back goods, at most what is free. If a shipment holds the goods, it has to be revised first."""
    free = max(goods.free_at(place), Decimal(0))
    if quantity > free:
        raise WrongState("goods_not_free", field="quantity", free=free, warehouse=place.warehouse)
    return hold_in(place, hold_id, HoldKind.HELD, quantity, reason)


def end_hold(
    goods: Goods, *, hold_id: UUID, place: Place, ending: Ending, quantity: Decimal, reason: str
) -> Hold:
    """End a hold of at most what is held. Scrapped goods leave the stock, too."""
    held = goods.held_at(place)
    if quantity > held:
        raise WrongState("quantity_beyond_held", field="quantity", left=held)
    return hold_in(place, hold_id, HoldKind(ending), -quantity, reason)
