"""Recognise an order that an ERP sends again among the orders received before.

Many ERPs identify an order by its number alone, and start again with number 1 each January.
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
    """An order that was received before."""

    order_id: UUID
    remote_id: str
    """The ERP's id. An order known by number has its bare number here, or its number with the year if another
    order had the bare number before."""
    code: str
    """The ERP's number of the order."""
    content_hash: str
    day: date | None = None
    """The day on which the order was made, according to the ERP."""
    year: str = ""
    """The year to which the number belongs; empty if it is not known."""

    @property
    def came_on(self) -> date:
        """The day on which the order was received, taken from its id, which is a UUIDv7."""
        return datetime.fromtimestamp((self.order_id.int >> 80) / 1000, UTC).date()

    @property
    def name(self) -> str:
        """The order's number and year."""
        return numbered(self.remote_id.removesuffix(f" ({self.year})"), self.year)

    def as_told(self, order: ReceivedOrder) -> KnownOrder:
        """Return the order with the day and year that the ERP states now. Missing ones stay as they are. A
        bare number stays too, because the previous release finds the order only by it."""
        now = replace(self, day=order.day or self.day, year=order.year or self.year)
        if order.year and self.remote_id != order.number:
            now = replace(now, remote_id=order.remote_id)
        return now


class KnownOrders:
    """The orders that a page of received orders may match; updated while the page is planned."""

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
        """Return the positions of `orders` in the sequence in which to match them. If several could be an
        order stored without a year, the likeliest comes first: one with the same content, then the newest
        that is possible."""

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
        """Return the known order that `order` is, or None if it is new. `together` holds the remote ids of
        the orders in the same page.

        An order stored without a year matches, unless `order` was made after that one had been received. An
        order stored with another year matches if all else is the same and the page does not contain it
        itself: then somebody corrected the date. An order without a year is the latest one with its number,
        unless orders with the same number and a year come in the same page. An order that can't be read
        matches only by exact number and year.
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
        """Return the remote id to store for a new order: its bare number if no other order has it, otherwise
        the number with the year. Return an empty text if that is taken too."""
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
    """Return the keys of stored failures that are settled together with the order: its present and its former
    remote id. Its bare number, without a year, may belong to another order, so it is included only if
    `waiting`, the numbers and content hashes of orders that wait for a person, has the same content."""
    names = {order.remote_id, before.name if before else order.remote_id}
    if (order.number, order.content_hash) in waiting:
        names.add(order.number)
    return sorted(names)


def _is_later(order: ReceivedOrder, day: date) -> bool:
    """Tell whether the order was made after `day`. One day is added, because of time zones."""
    began = _began(order)
    return began is not None and began > day + timedelta(days=1)


def _began(order: ReceivedOrder) -> date | None:
    """Return the first day on which the order can have been made, or None if it states neither day nor
    year."""
    if order.day is None and re.fullmatch(r"[1-9]\d{3}", order.year):
        return date(int(order.year), 1, 1)
    return order.day
