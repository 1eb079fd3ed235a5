"""Which of the orders that came from an ERP is the one that comes again.

Many ERPs know an order by its number alone, and begin again each January.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from .received_order import ReceivedOrder, numbered


@dataclass(frozen=True, slots=True)
class KnownOrder:
    """One that has come already."""

    order_id: UUID
    remote_id: str
    code: str
    """The ERP's number of it."""
    content_hash: str
    day: date | None = None
    """On which the ERP says that it was made."""

    @property
    def came_on(self) -> date:
        """Its id, a UUIDv7, says when it was made."""
        return datetime.fromtimestamp((self.order_id.int >> 80) / 1000, UTC).date()

    @property
    def year(self) -> str:
        """In which its number counts; empty where that is not known."""
        found = self.remote_id.removeprefix(f"{self.code} (").removesuffix(")")
        return found if self.remote_id == numbered(self.code, found) else ""

    def as_told(self, order: ReceivedOrder) -> KnownOrder:
        """With what the ERP says of it now. What it does not say stays."""
        remote_id = order.remote_id if order.year else self.remote_id
        return KnownOrder(self.order_id, remote_id, self.code, self.content_hash, order.day or self.day)


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

    def counterpart(self, order: ReceivedOrder, together: Collection[str]) -> KnownOrder | None:
        """Which of them the order is. `together`: the remote ids of what comes with it.

        One that was kept without a year is it, unless it was made after that had come; one of another year
        is, where all else is the same and the ERP does not have both: somebody has mended the date. An order
        that tells no year is the last of its number, unless others that come with it tell theirs.
        """
        if (found := self._by_id.get(order.remote_id)) is not None or not order.by_number:
            return found
        others = [
            each for each in self._by_code.get(order.code, {}).values() if each.remote_id not in together
        ]
        if not order.year:
            if any(each.startswith(f"{order.code} (") for each in together):
                return None
            return max(others, key=lambda each: each.day or each.came_on, default=None)
        for each in others:
            same = each.content_hash == order.content_hash
            if same or not (each.year or _is_later(order, each.came_on)):
                return each
        return None

    def settled_by(self, order: ReceivedOrder, before: KnownOrder | None) -> list[str]:
        """Under what other ids something may have been kept for a person that is settled once the order is:
        those that it had, and its bare number, while it could not be read or its year was not asked."""
        ids = {order.remote_id, *([before.remote_id] if before else ())}
        if order.code not in self._by_id:
            ids.add(order.code)
        return sorted(ids)


def _is_later(order: ReceivedOrder, day: date) -> bool:
    """Whether it was made after a day, one more for what midnight is elsewhere."""
    began = order.day
    if began is None and re.fullmatch(r"[1-9]\d{3}", order.year):
        began = date(int(order.year), 1, 1)
    return began is not None and began > day + timedelta(days=1)
