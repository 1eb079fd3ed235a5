"""Places of stock: the key under which the ledger keeps goods, and the order in which goods are taken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from optima_kit.refusals import Invalid


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A location of a warehouse and the goods that lie there. What is held back for its quality is summed
    under the same key: quality is a state of goods in a place."""

    warehouse: str
    job_id: UUID
    """The job's id, or an article's."""
    location: str = ""
    """The location within the warehouse; empty for goods that were put into none."""
    lot: str = ""
    """Empty for goods that are not tracked by lot."""


@dataclass(frozen=True, slots=True)
class Pick:
    """A quantity of goods taken out of one location and lot of the warehouse that they leave."""

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
    """Tell whether goods have expired. They are still good on the last day."""
    return expires_on is not None and expires_on < today


def take(
    there: Mapping[Place, Decimal], expiry: Mapping[tuple[UUID, str], date], quantity: Decimal, today: date
) -> list[Pick]:
    """Pick up to `quantity` of what is `there`: first what expires first (FEFO), then by location and lot.
    Goods that have expired are not taken, so the picks may come to less than `quantity`."""
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
    """Return picks for `quantity`, taken from the last pick backwards: the part of a delivery that came
    back."""
    found: list[Pick] = []
    for pick in reversed(list(picks)):
        part = min(pick.quantity, quantity - sum(each.quantity for each in found))
        if part > 0:
            found.append(Pick(pick.job_id, part, pick.location, pick.lot, pick.expires_on))
    return found


def without(picks: Iterable[Pick], taken: Iterable[Pick]) -> list[Pick]:
    """Return what is left of `picks`, by location and lot, after `taken` is subtracted."""
    left: dict[tuple[str, str], Pick] = {}
    for pick, sign in (*((pick, 1) for pick in picks), *((pick, -1) for pick in taken)):
        known = left.get((pick.location, pick.lot), replace(pick, quantity=Decimal(0)))
        left[pick.location, pick.lot] = replace(known, quantity=known.quantity + sign * pick.quantity)
    return list(left.values())


def lot_must_fit(tracked: bool, lot: str, *, field: str) -> None:
    """Refuse a lot that is missing for an article tracked by lot, or named for other goods. Raises
    Invalid."""
    if tracked and not lot:
        raise Invalid("lot_missing", field=field)
    if lot and not tracked:
        raise Invalid("lot_not_expected", field=field)
