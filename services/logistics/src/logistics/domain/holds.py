"""Goods that are held back for their quality: they lie in a warehouse, and nothing takes them from there."""

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
    """They are as good as others."""
    SCRAPPED = "scrapped"
    """They are of no use, and written off."""
    RELOCATED = "relocated"
    """They lie in another location: two entries that add up to nothing."""


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
    """Signed: what is held no longer is negative."""
    reason: str
    location: str = ""
    lot: str = ""

    @property
    def place(self) -> Place:
        return Place(self.warehouse, self.job_id, self.location, self.lot)


def hold_in(place: Place, hold_id: UUID, kind: HoldKind, quantity: Decimal, reason: str) -> Hold:
    return Hold(hold_id, place.warehouse, place.job_id, kind, quantity, reason, place.location, place.lot)


def hold(goods: Goods, *, hold_id: UUID, place: Place, quantity: Decimal, reason: str) -> Hold:
    """At most what is free: of goods that a shipment holds, the shipment is to be revised first."""
    free = max(goods.free_at(place), Decimal(0))
    if quantity > free:
        raise WrongState("goods_not_free", field="quantity", free=free, warehouse=place.warehouse)
    return hold_in(place, hold_id, HoldKind.HELD, quantity, reason)


def end_hold(
    goods: Goods, *, hold_id: UUID, place: Place, ending: Ending, quantity: Decimal, reason: str
) -> Hold:
    """At most what is held. What is scrapped leaves the stock, too."""
    held = goods.held_at(place)
    if quantity > held:
        raise WrongState("quantity_beyond_held", field="quantity", left=held)
    return hold_in(place, hold_id, HoldKind(ending), -quantity, reason)
