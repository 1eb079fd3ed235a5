"""Counts: the stock of a warehouse as people counted it, compared with the ledger at that moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, Literal
from uuid import UUID

from optima_kit.refusals import Invalid, Refusal, Violations, WrongState

from .orders import Order
from .places import Place
from .stock import Goods, Kind, Movement, movement_in, must_be_findable

ONE_PERSON: Final = Decimal("0.05")
"""The largest difference, as a part of the stock, that the person who counted may confirm alone."""


class CountState(StrEnum):
    OPEN = "open"
    POSTED = "posted"
    """Its differences are in the ledger."""
    CANCELLED = "cancelled"
    """Ended without a change of the ledger."""


CountAction = Literal["count", "post", "cancel"]


@dataclass(frozen=True, slots=True)
class CountLine:
    job_id: UUID
    expected: Decimal
    """The quantity in the ledger at the moment of counting."""
    counted: Decimal
    counted_at: datetime
    counted_by: UUID
    reason: str | None = None
    """Why the counted quantity differs."""
    location: str = ""
    lot: str = ""

    @property
    def difference(self) -> Decimal:
        return self.counted - self.expected

    @property
    def needs_second_person(self) -> bool:
        return abs(self.difference) > self.expected * ONE_PERSON


@dataclass(frozen=True, slots=True)
class Count:
    count_id: UUID
    warehouse: str
    state: CountState = CountState.OPEN
    lines: tuple[CountLine, ...] = ()
    version: int = 1

    def count(self, line: CountLine) -> Count:
        """Add a line. A new count of the same place replaces the earlier one."""
        self._must_be_open()
        others = tuple(each for each in self.lines if self.place_of(each) != self.place_of(line))
        return replace(self, lines=(*others, line), version=self.version + 1)

    def place_of(self, line: CountLine) -> Place:
        return Place(self.warehouse, line.job_id, line.location, line.lot)

    def may_be_posted_by(self, person_id: UUID) -> bool:
        """Tell whether a person may post this count. Whoever counted a large difference may not confirm
        it."""
        return not any(line.needs_second_person and line.counted_by == person_id for line in self.lines)

    def post(self, person_id: UUID, reason: str | None) -> Count:
        """Post the count. `reason` applies to the differences that have no reason of their own."""
        self._must_be_open()
        if not self.lines:
            raise WrongState("count_empty")
        if not self.may_be_posted_by(person_id):
            raise WrongState("count_needs_second_person")
        lines = tuple(replace(line, reason=line.reason or reason) for line in self.lines)
        if any(line.difference and not line.reason for line in lines):
            raise Invalid("count_reason_missing", field="reason")
        return replace(self, state=CountState.POSTED, lines=lines, version=self.version + 1)

    def cancel(self) -> Count:
        self._must_be_open()
        return replace(self, state=CountState.CANCELLED, version=self.version + 1)

    def movements(
        self,
        new_id: Callable[[], UUID],
        orders: Mapping[UUID, Order],
        goods: Mapping[UUID, Goods],
    ) -> Sequence[Movement]:
        """Build the movements for all differences, even if stock has moved since they were counted. `orders`
        and `goods` are the current ones, by job. Raises WrongState if fewer goods are left than are missing,
        or if more were found than can exist."""
        found: list[Movement] = []
        wrong: list[Refusal] = []
        for index, line in enumerate(self.lines):
            if not line.difference:
                continue
            field = f"lines[{index}].counted"
            try:
                self._may_differ(line, orders[line.job_id], goods[line.job_id], field)
            except WrongState as refusal:
                wrong.append(refusal)
                continue
            goods = {**goods, line.job_id: _with_difference(goods[line.job_id], line)}
            kind = Kind.FOUND if line.difference > 0 else Kind.MISSING
            moved = (self.place_of(line), new_id(), kind, line.difference)
            found.append(movement_in(*moved, reason=line.reason, count_id=self.count_id))
        if wrong:
            raise wrong[0] if len(wrong) == 1 else Violations(wrong)
        return found

    def _may_differ(self, line: CountLine, order: Order, goods: Goods, field: str) -> None:
        if line.difference > 0:
            must_be_findable(order, line.job_id, goods, line.difference, field=field)
        elif (stock := goods.at(self.place_of(line))) + line.difference < 0:
            raise WrongState("counted_goods_gone", field=field, stock=stock)

    def _must_be_open(self) -> None:
        if self.state is not CountState.OPEN:
            raise WrongState("count_not_open")


def _with_difference(goods: Goods, line: CountLine) -> Goods:
    """Add a line's difference to `goods`, because other places may hold differences of the same goods."""
    counted = goods.counted.get(line.job_id, Decimal(0)) + line.difference
    return replace(goods, counted={**goods.counted, line.job_id: counted})
