"""Which of the orders that came from an ERP is the one that comes again.

Many ERPs know an order by its number alone, and begin again each January.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from .received_order import ReceivedOrder, numbered


@dataclass(frozen=True, slots=True)
class KnownOrder:
    """One that has come already."""

    order_id: UUID
    remote_id: str
    """Where it is known by its number: that alone, or with the year, where another had the number before."""
    code: str
    """The ERP's number of it."""
    content_hash: str
    day: date | None = None
    """On which the ERP says that it was made."""
    year: str = ""
    """In which its number counts; empty where that is not known."""

    @property
    def came_on(self) -> date:
        """Its id, a UUIDv7, says when it was made."""
        return datetime.fromtimestamp((self.order_id.int >> 80) / 1000, UTC).date()

    @property
    def name(self) -> str:
        """Its number and year."""
        return numbered(self.remote_id.removesuffix(f" ({self.year})"), self.year)

    def as_told(self, order: ReceivedOrder) -> KnownOrder:
        """With what the ERP says of it now. What it does not say stays, and so does a bare number: by that
        alone the release before finds it."""
        now = replace(self, day=order.day or self.day, year=order.year or self.year)
        if order.year and self.remote_id != order.number:
            now = replace(now, remote_id=order.remote_id)
        return now


class KnownOrders:
    """The orders that a page of others may be; kept up to date while it is planned."""

    def __init__(self, came: Iterable[KnownOrder]) -> None:
        self._by_id: dict[str, KnownOrder] = {}
        self._by_code: dict[str, dict[UUID, KnownOrder]] = {}
        for each in came:
            self.put(each)

    def put(self, known: KnownOrder) -> None:
        of_its_number = self._by_code.setdefault(known.code, {})
        if (before := of_its_number.get(known.order_id)) is not None:
            del self._by_id[before.remote_id]
        self._by_id[known.remote_id] = of_its_number[known.order_id] = known

    def in_turn(self, orders: Sequence[ReceivedOrder]) -> list[int]:
        """Their places, as they are to be looked at: where one of them is an order that was kept without a
        year, the likeliest is first. That is what has its content, then the newest that can be it."""

        def turn(place: int) -> tuple[int, int]:
            order = orders[place]
            undated = [each for each in self._of_number(order) if not each.year]
            if not order.year or not undated:
                return 0, 0
            possible = [each for each in undated if not _is_later(order, each.came_on)]
            same = any(each.content_hash == order.content_hash for each in possible)
            began = _began(order)
            return (0 if same else 1 if possible else 2), -(began.toordinal() if began else 0)

        return sorted(range(len(orders)), key=turn)

    def counterpart(self, order: ReceivedOrder, together: Collection[str]) -> KnownOrder | None:
        """Which of them the order is. `together`: the remote ids of what comes with it.

        One that was kept without a year is it, unless it was made after that had come; one of another year
        is, where all else is the same and the ERP does not have both: somebody has mended the date. An order
        that tells no year is the last of its number, unless others that come with it tell theirs. One that
        can't be read is only what its number and year say.
        """
        if not order.by_number:
            return self._by_id.get(order.remote_id)
        of_its_number = self._of_number(order)
        if exact := [each for each in of_its_number if each.year == order.year]:
            return exact[0]
        others = [each for each in of_its_number if each.name not in together]
        if not order.heading:
            return None
        if not order.year:
            if any(each.startswith(f"{order.number} (") for each in together):
                return None
            return max(others, key=lambda each: each.day or each.came_on, default=None)
        for each in others:
            same = each.content_hash == order.content_hash
            if same or not (each.year or _is_later(order, each.came_on)):
                return each
        return None

    def free_id(self, order: ReceivedOrder) -> str:
        """Under what a new order is known: its bare number, where no other has that; empty where one has its
        year as well."""
        ids = (order.number, order.remote_id) if order.by_number else (order.remote_id,)
        return next((each for each in ids if each not in self._by_id), "")

    def _of_number(self, order: ReceivedOrder) -> list[KnownOrder]:
        found = dict(self._by_code.get(order.code or order.number, {}))
        if order.by_number and (bare := self._by_id.get(order.number)) is not None:
            found[bare.order_id] = bare
        return list(found.values())


def settled_by(
    order: ReceivedOrder, before: KnownOrder | None, waiting: Collection[tuple[str, str]]
) -> list[str]:
    """Under what names something was kept for a person that is settled once the order is: those that it has
    and had. Its bare number, which says no year, may be another's: only where the order that waits under it
    has the same content. `waiting`: such numbers and contents."""
    names = {order.remote_id, before.name if before else order.remote_id}
    if (order.number, order.content_hash) in waiting:
        names.add(order.number)
    return sorted(names)


def _is_later(order: ReceivedOrder, day: date) -> bool:
    """Whether it was made after a day, one more for what midnight is elsewhere."""
    began = _began(order)
    return began is not None and began > day + timedelta(days=1)


def _began(order: ReceivedOrder) -> date | None:
    """The first day on which it can have been made."""
    if order.day is None and re.fullmatch(r"[1-9]\d{3}", order.year):
        return date(int(order.year), 1, 1)
    return order.day
