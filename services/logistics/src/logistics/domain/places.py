"""Places of stock: under what the ledger keeps goods, and in which order they are taken from there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from optima_kit.refusals import Invalid


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where goods lie, and which they are. What of them is held back for its quality is added up under the
    same key, so that quality is a state of goods in a place."""

    warehouse: str
    job_id: UUID
    """Or the id of an article."""
    location: str = ""
    """Within the warehouse; empty of goods that were put to none."""
    lot: str = ""
    """Empty of goods that are not tracked by lots."""


@dataclass(frozen=True, slots=True)
class Pick:
    """So much of some goods, out of one location and lot of the warehouse that they leave."""

    job_id: UUID
    quantity: Decimal
    location: str = ""
    lot: str = ""
    expires_on: date | None = None

    def place(self, warehouse: str) -> Place:
        return Place(warehouse, self.job_id, self.location, self.lot)


@dataclass(frozen=True, slots=True)
class Lot:
    """Goods of an article that were made together."""

    article_id: UUID
    lot: str
    expires_on: date | None = None


def expired(expires_on: date | None, today: date) -> bool:
    """The last day is one of them."""
    return expires_on is not None and expires_on < today


def take(
    there: Mapping[Place, Decimal], expiry: Mapping[tuple[UUID, str], date], quantity: Decimal, today: date
) -> list[Pick]:
    """Up to `quantity` of what is `there`, what expires first before the rest (FEFO), then by location and
    lot. What has expired is left. Less where there is no more."""
    picks: list[Pick] = []
    for place in sorted(there, key=lambda each: _first_to_go(each, expiry)):
        until = expiry.get((place.job_id, place.lot))
        taken = min(there[place], quantity - sum(pick.quantity for pick in picks))
        if taken > 0 and not expired(until, today):
            picks.append(Pick(place.job_id, taken, place.location, place.lot, until))
    return picks


def _first_to_go(place: Place, expiry: Mapping[tuple[UUID, str], date]) -> tuple[date, str, str]:
    return expiry.get((place.job_id, place.lot), date.max), place.location, place.lot


def taken_last(picks: Iterable[Pick], quantity: Decimal) -> list[Pick]:
    """So much of what was picked, from the last pick on: what of a delivery came back."""
    found: list[Pick] = []
    for pick in reversed(list(picks)):
        part = min(pick.quantity, quantity - sum(each.quantity for each in found))
        if part > 0:
            found.append(Pick(pick.job_id, part, pick.location, pick.lot, pick.expires_on))
    return found


def without(picks: Iterable[Pick], taken: Iterable[Pick]) -> list[Pick]:
    """What is left of `picks`, by location and lot, when `taken` of them is gone."""
    left: dict[tuple[str, str], Pick] = {}
    for pick, sign in (*((pick, 1) for pick in picks), *((pick, -1) for pick in taken)):
        known = left.get((pick.location, pick.lot), replace(pick, quantity=Decimal(0)))
        left[pick.location, pick.lot] = replace(known, quantity=known.quantity + sign * pick.quantity)
    return list(left.values())


def lot_must_fit(tracked: bool, lot: str, *, field: str) -> None:
    """An article says whether its goods are tracked by lots. Those of a job are not."""
    if tracked and not lot:
        raise Invalid("lot_missing", field=field)
    if lot and not tracked:
        raise Invalid("lot_not_expected", field=field)
