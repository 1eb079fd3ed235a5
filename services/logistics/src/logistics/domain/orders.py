"""Orders as the warehouse knows them: what is made, how much of it, and where it is to go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from optima_kit.refusals import WrongState


@dataclass(frozen=True, slots=True)
class CarriedGoods:
    """What a line of a shipment carries, as its order says."""

    description: str
    unit: str
    closed: bool = False
    """Short, by production: nothing more of it is shipped."""
    code: str | None = None
    """Of the article, or the kind of goods; None of orders confirmed before it was kept."""
    is_article: bool = False
    finisher: str | None = None
    """Of work outside: the destination of who does it."""
    sendable: Decimal | None = None
    """Of work outside: how much of it may be sent there in all."""

    @property
    def in_process(self) -> bool:
        """Goods of a phase of production that is done outside: they are in no warehouse's ledger."""
        return self.finisher is not None


@dataclass(frozen=True, slots=True)
class OrderLine:
    """The goods of one job, or those that are taken from stock in its place."""

    job_id: UUID
    description: str
    quantity: Decimal
    unit: str
    deliveries: Mapping[str, Decimal]
    """Ordered quantity by destination; empty when the order names no destination for these goods."""
    produced: Decimal | None = None
    """None until the job is completed."""
    finished: Decimal | None = None
    """What of it was finished before that, while the rest is being made; None where nothing was told."""
    closed: bool = False
    """Short, by production: nothing more of it is shipped."""
    code: str | None = None
    """Of the article, or the kind of goods."""
    article_id: UUID | None = None
    """Of a line from stock: the article that it is taken from. Nothing of it is made."""
    finisher: str | None = None
    """Of work outside (conto lavorazione): the destination of who does it. `job_id` is the phase's,
    `quantity` how much of it may be sent there in all; closed, nothing more may."""
    tracked: bool = False
    """Goods of an article that is tracked by lots."""

    @property
    def made(self) -> Decimal | None:
        """What production has finished and the warehouse may receive; None while there is nothing."""
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
        """How much of this is to go to `destination`. Goods without deliveries may go anywhere."""
        if self.finisher is not None:
            return self.quantity if destination == self.finisher else Decimal(0)
        return self.deliveries.get(destination, Decimal(0)) if self.deliveries else self.quantity


@dataclass(frozen=True, slots=True)
class Order:
    """As production confirmed it; or an account, in which the articles of one owner are kept: a line of it is
    an article, which nobody ordered or makes, and `job_id` is the article's."""

    order_id: UUID
    number: str
    brief_id: UUID | None
    lines: Mapping[UUID, OrderLine]
    """By job."""
    cancelled_because: str | None = None
    kept_for: str | None = None
    """Of an account: the owner of its goods, empty for the tenant. None of an order."""
    deadline: date | None = None
    """By when its goods were promised; None of one that was confirmed before that was kept."""

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
        """What facts about its goods belong to: the brief, the order without one, or the article."""
        return job_id if self.is_account else self.brief_id or self.order_id


def line_must_not_be_closed(order: Order, job_id: UUID, field: str) -> None:
    if order.lines[job_id].closed:
        raise WrongState("line_closed", field=field, description=order.lines[job_id].description)


def order_must_not_be_cancelled(number: str, cancelled: bool) -> None:
    if cancelled:
        raise WrongState("order_cancelled", number=number)
