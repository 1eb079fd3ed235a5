"""Orders as the warehouse knows them: what is made, how much of it, and where it has to go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from optima_kit.refusals import WrongState


@dataclass(frozen=True, slots=True)
class CarriedGoods:
    """The goods on a line of a shipment, as the order describes them."""

    description: str
    unit: str
    closed: bool = False
    """Whether production closed the line short: nothing more of it is shipped."""
    code: str | None = None
    """The code of the article or of the kind of goods; None for orders confirmed before this was stored."""
    is_article: bool = False
    finisher: str | None = None
    """For work outside: the destination code of the company that does it."""
    sendable: Decimal | None = None
    """For work outside: the total quantity that may be sent there."""

    @property
    def in_process(self) -> bool:
        """Whether these are goods of a production phase that is done outside. No warehouse's ledger holds
        them."""
        return self.finisher is not None


@dataclass(frozen=True, slots=True)
class OrderLine:
    """The goods of one job, or goods taken from stock instead of being made."""

    job_id: UUID
    description: str
    quantity: Decimal
    unit: str
    deliveries: Mapping[str, Decimal]
    """The ordered quantity by destination; empty if the order names no destination for these goods."""
    produced: Decimal | None = None
    """None until the job is completed."""
    finished: Decimal | None = None
    """What was finished before completion, while the rest is still being made; None if nothing was
    reported."""
    closed: bool = False
    """Whether production closed the line short: nothing more of it is shipped."""
    code: str | None = None
    """The code of the article or of the kind of goods."""
    article_id: UUID | None = None
    """The article that a line from stock is taken from; nothing of such a line is made."""
    finisher: str | None = None
    """For work outside (conto lavorazione): the destination code of the company that does it. `job_id` is
    then the phase's id, and `quantity` the total that may be sent there; once `closed`, nothing more may be
    sent."""
    tracked: bool = False
    """Whether the line's article is tracked by lot."""

    @property
    def made(self) -> Decimal | None:
        """What production has finished and the warehouse may receive; None if there is nothing yet."""
        return self.finished if self.produced is None else self.produced

    @property
    def in_process(self) -> bool:
        return self.finisher is not None

    @property
    def goods(self) -> CarriedGoods:
        sendable = self.quantity if self.finisher else None
        return CarriedGoods(
            self.description,
            self.unit,
            self.closed,
            self.code,
            finisher=self.finisher,
            sendable=sendable,
        )

    def ordered_for(self, destination: str) -> Decimal:
        """Return the quantity that has to go to `destination`. Goods without deliveries may go anywhere."""
        if self.finisher is not None:
            return self.quantity if destination == self.finisher else Decimal(0)
        return self.deliveries.get(destination, Decimal(0)) if self.deliveries else self.quantity


@dataclass(frozen=True, slots=True)
class Order:
    """An order as production confirmed it, or an account that holds the articles of one owner. A line of an
    account is an article that nobody ordered or makes, and its `job_id` is the article's id."""

    order_id: UUID
    number: str
    brief_id: UUID | None
    lines: Mapping[UUID, OrderLine]
    """By job."""
    cancelled_because: str | None = None
    kept_for: str | None = None
    """For an account: the owner of its goods, empty for the tenant. None for an order."""
    deadline: date | None = None
    """The day by which its goods were promised; None for orders confirmed before this was stored."""

    @property
    def is_account(self) -> bool:
        return self.kept_for is not None

    @property
    def cancelled(self) -> bool:
        return self.cancelled_because is not None

    @property
    def goods(self) -> Mapping[UUID, CarriedGoods]:
        """By job."""
        return {
            job_id: replace(line.goods, is_article=self.is_account) for job_id, line in self.lines.items()
        }

    def correlation(self, job_id: UUID) -> UUID:
        """Return the id that groups all facts about a job's goods: the brief's, the order's if it has no
        brief, or the article's."""
        return job_id if self.is_account else self.brief_id or self.order_id


def line_must_not_be_closed(order: Order, job_id: UUID, field: str) -> None:
    if order.lines[job_id].closed:
        raise WrongState("line_closed", field=field, description=order.lines[job_id].description)


def order_must_not_be_cancelled(number: str, cancelled: bool) -> None:
    if cancelled:
        raise WrongState("order_cancelled", number=number)
