"""Requests for quotation: purchasing asks several suppliers for the items of a brief's revision.

A request lapses once its revision is decided or sent back. When a request is read for a supplier, it contains
only that supplier's quotation, so that nothing derived from it can reveal other suppliers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from optima_contracts.money import amount_of
from optima_contracts.quantities import quantity_text
from optima_kit.refusals import Absent, Invalid, Refusal, Violations, WrongState

from .content import Content, Money, Quantity
from .pricing import LIMIT, QuotedTerms
from .purchases import Article
from .rules import day_in_rome

MAX_SUPPLIERS: Final = 30
MAX_FILES: Final = 10
"""The most files that a supplier may send with one quotation."""
FARTHEST: Final = timedelta(days=365)
"""How far ahead a request's deadline may be. A later one is taken for a typing error."""


class RequestState(StrEnum):
    OPEN = "open"
    AWARDED = "awarded"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"
    """The revision was decided or sent back before anything was awarded."""


class QuotationState(StrEnum):
    """The state of a quotation as its supplier sees it. It is closed once the request has ended without an
    award to this supplier. While the request is open, it is closed for a supplier who never answered, if
    the deadline has passed or they have left."""

    REQUESTED = "requested"
    QUOTED = "quoted"
    DECLINED = "declined"
    AWARDED = "awarded"
    CLOSED = "closed"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class AskedItem(_Part):
    """What a supplier may know about an item."""

    item_id: UUID
    kind: str
    description: str
    quantity: Quantity
    unit: str

    @property
    def article(self) -> Article:
        return Article(self.kind, self.description, self.unit)


class PriceBreak(_Part):
    """A unit price that holds from a certain quantity on."""

    from_quantity: Quantity
    unit_price: Money


class QuotedLine(_Part):
    item_id: UUID
    breaks: tuple[PriceBreak, ...]
    """Price breaks by rising quantity. The quantity of the first is the least that the supplier sells."""
    lead_time_days: int

    @property
    def minimum(self) -> Decimal:
        return self.breaks[0].from_quantity

    def unit_price(self, quantity: Decimal) -> Decimal | None:
        return unit_price_of(self.breaks, quantity)


def unit_price_of(breaks: Sequence[PriceBreak], quantity: Decimal) -> Decimal | None:
    """Return the unit price for this quantity, or None if it is below the minimum quantity."""
    fitting = [each.unit_price for each in breaks if each.from_quantity <= quantity]
    return fitting[-1] if fitting else None


class Quote(_Part):
    """What a supplier offers. Items without a line are not offered."""

    lines: tuple[QuotedLine, ...]
    valid_until: date
    note: str = ""

    def line(self, item_id: UUID) -> QuotedLine | None:
        return next((line for line in self.lines if line.item_id == item_id), None)

    def unit_price(self, item: AskedItem) -> Decimal | None:
        line = self.line(item.item_id)
        return line.unit_price(item.quantity) if line else None


@dataclass(frozen=True, slots=True)
class Answer:
    """A supplier's quote, or the reason why they decline. An answer never changes; a supplier who changes
    their mind answers again."""

    at: datetime
    by: UUID
    quote: Quote | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class QuotationFile:
    """A file that a supplier sent with their quotation, such as a price list or a drawing."""

    file_id: UUID
    name: str
    media_type: str
    size: int
    sha256: str
    sent_at: datetime


@dataclass(slots=True)
class Quotation:
    """What one supplier was asked, and their newest answer."""

    quotation_id: UUID
    supplier_id: UUID
    asked_at: datetime
    version: int = 0
    """How often the supplier has answered."""
    answer: Answer | None = None
    files: list[QuotationFile] = field(default_factory=list)
    """Files, oldest first."""
    supplier_left: bool = False
    """Whether the supplier is no longer active or may no longer quote, so that they cannot answer and nobody
    stands by their quote."""

    @property
    def quote(self) -> Quote | None:
        return self.answer.quote if self.answer else None

    def holds(self, today: date) -> bool:
        """Whether there is a quote that may be chosen."""
        return self.quote is not None and self.quote.valid_until >= today and not self.supplier_left


@dataclass(slots=True)
class QuotationRequest:
    request_id: UUID
    brief_id: UUID
    number: str
    """The brief's number."""
    requester_id: UUID
    """The brief's requester."""
    revision: int
    title: str
    note: str
    items: tuple[AskedItem, ...]
    needed_by: date | None
    due_at: datetime
    asked_at: datetime
    asked_by: UUID
    version: int = 1
    settled: RequestState = RequestState.OPEN
    """The state that purchasing gave the request: open, awarded or cancelled. `state` knows lapsed requests
    too."""
    reason: str | None = None
    current: bool = True
    """Whether its revision still waits for prices and approval."""
    awarded: Mapping[UUID, UUID] = field(default_factory=dict)
    """The id of the chosen quotation by item."""
    quotations: list[Quotation] = field(default_factory=list)

    @property
    def state(self) -> RequestState:
        lapsed = self.settled is RequestState.OPEN and not self.current
        return RequestState.LAPSED if lapsed else self.settled

    def state_of(self, quotation: Quotation, now: datetime) -> QuotationState:
        if quotation.quotation_id in self.awarded.values():
            return QuotationState.AWARDED
        never_answered = quotation.answer is None and (now >= self.due_at or quotation.supplier_left)
        if self.state is not RequestState.OPEN or never_answered:
            return QuotationState.CLOSED
        if quotation.answer is None:
            return QuotationState.REQUESTED
        return QuotationState.QUOTED if quotation.quote else QuotationState.DECLINED

    # --- what purchasing does

    def ask(self, suppliers: Sequence[UUID], ids: Sequence[UUID], at: datetime) -> list[Quotation]:
        """Ask further suppliers. Each gets a quotation of their own."""
        self.is_open()
        deadline_lies_ahead(self.due_at, at)
        known = {quotation.supplier_id for quotation in self.quotations}
        if len(set(suppliers)) != len(suppliers) or known & set(suppliers):
            raise Invalid("supplier_asked_already", field="supplier_ids")
        if len(known) + len(suppliers) > MAX_SUPPLIERS:
            raise Invalid("suppliers_too_many", field="supplier_ids", limit=MAX_SUPPLIERS)
        asked = [Quotation(id_, supplier, at) for id_, supplier in zip(ids, suppliers, strict=True)]
        self.quotations += asked
        self.version += 1
        return asked

    def cancel(self, reason: str) -> None:
        self.is_open()
        self.settled, self.reason = RequestState.CANCELLED, reason
        self.version += 1

    def award(
        self, choices: Sequence[tuple[UUID, UUID]], now: datetime
    ) -> dict[UUID, tuple[Decimal, QuotedTerms]]:
        """Award items to quotations. `choices` are pairs of an item and the quotation that gets it. Return
        each item's unit price and terms."""
        self.may_be_awarded(now)
        if not choices:
            raise Invalid("award_without_quotation", field="lines")
        items = {item.item_id: item for item in self.items}
        by_id = {quotation.quotation_id: quotation for quotation in self.quotations}
        found: dict[UUID, tuple[Decimal, QuotedTerms]] = {}
        problems: list[Refusal] = []
        for n, (item_id, quotation_id) in enumerate(choices):
            try:
                if item_id in found:
                    raise Invalid("item_awarded_twice", field=f"lines[{n}].item_id")
                item, quotation = items.get(item_id), by_id.get(quotation_id)
                if item is None or quotation is None:
                    raise Invalid("quotation_not_of_request", field=f"lines[{n}]")
                found[item_id] = _terms(item, quotation, day_in_rome(now), f"lines[{n}].quotation_id")
            except Refusal as problem:
                problems.append(problem)
        if problems:
            raise Violations(problems)
        self.settled, self.awarded = RequestState.AWARDED, dict(choices)
        self.version += 1
        return found

    def may_be_awarded(self, now: datetime) -> None:
        """Raise WrongState while a supplier who has not answered may still answer, because all suppliers have
        the same time."""
        self.is_open()
        awaited = (each for each in self.quotations if each.answer is None and not each.supplier_left)
        if now < self.due_at and any(awaited):
            raise WrongState("request_awaits_quotes", day=day_in_rome(self.due_at))

    def is_open(self) -> None:
        if self.state is not RequestState.OPEN:
            raise WrongState("request_not_open")

    # --- what a supplier does

    def take(self, quotation: Quotation, answer: Answer) -> None:
        """Take a supplier's answer, which replaces their earlier one."""
        self.may_be_answered(answer.at)
        if answer.quote is not None:
            _quote_fits(answer.quote, self)
        quotation.answer = answer
        quotation.version += 1
        self.version += 1

    def take_file(self, quotation: Quotation, file: QuotationFile) -> None:
        self.may_be_answered(file.sent_at)
        if len(quotation.files) >= MAX_FILES:
            raise WrongState("quotation_files_too_many", limit=MAX_FILES)
        quotation.files.append(file)

    def give_back_file(self, quotation: Quotation, file_id: UUID, now: datetime) -> QuotationFile:
        file = next((each for each in quotation.files if each.file_id == file_id), None)
        if file is None:
            raise Absent("quotation_file_absent")
        self.may_be_answered(now)
        quotation.files.remove(file)
        return file

    def may_be_answered(self, now: datetime) -> None:
        if self.state is not RequestState.OPEN:
            raise WrongState("quotation_closed")
        if now >= self.due_at:
            raise WrongState("quotation_late", day=day_in_rome(self.due_at))


def request_for(
    content: Content,
    *,
    brief_id: UUID,
    request_id: UUID,
    number: str,
    requester_id: UUID,
    revision: int,
    title: str,
    note: str,
    due_at: datetime,
    at: datetime,
    by: UUID,
) -> QuotationRequest:
    """Build a request for all items of a brief's revision."""
    deadline_lies_ahead(due_at, at)
    items = [AskedItem(**item.model_dump(include=set(AskedItem.model_fields))) for item in content.items]
    return QuotationRequest(
        request_id=request_id,
        brief_id=brief_id,
        number=number,
        requester_id=requester_id,
        revision=revision,
        title=title,
        note=note,
        items=tuple(items),
        needed_by=content.deadline,
        due_at=due_at,
        asked_at=at,
        asked_by=by,
        version=0,
    )


def deadline_lies_ahead(due_at: datetime, now: datetime) -> None:
    if due_at <= now:
        raise Invalid("request_deadline_not_ahead", field="due_at")
    if due_at > now + FARTHEST:
        raise Invalid("request_deadline_too_far", field="due_at")


def _terms(item: AskedItem, quotation: Quotation, today: date, where: str) -> tuple[Decimal, QuotedTerms]:
    line = quotation.quote.line(item.item_id) if quotation.quote else None
    if quotation.quote is None or line is None:
        raise Invalid("item_not_quoted", field=where, item=item.description)
    if quotation.supplier_left:
        raise Invalid("supplier_left", field=where, item=item.description)
    if quotation.quote.valid_until < today:
        raise Invalid("quote_expired", field=where, item=item.description, day=quotation.quote.valid_until)
    price = line.unit_price(item.quantity)
    if price is None:
        least = quantity_text(line.minimum)
        raise Invalid(
            "quantity_below_minimum", field=where, item=item.description, minimum=least, unit=item.unit
        )
    terms = QuotedTerms(
        quotation_id=quotation.quotation_id,
        supplier_id=quotation.supplier_id,
        lead_time_days=line.lead_time_days,
        valid_until=quotation.quote.valid_until,
    )
    return price, terms


def _quote_fits(quote: Quote, request: QuotationRequest) -> None:
    problems = list(_misfits(quote, request))
    if problems:
        raise Violations(problems)


def _misfits(quote: Quote, request: QuotationRequest) -> Iterator[Refusal]:
    items = {item.item_id: item for item in request.items}
    if quote.valid_until < day_in_rome(request.due_at):
        yield Invalid("quote_ends_before_deadline", field="valid_until", day=day_in_rome(request.due_at))
    seen: set[UUID] = set()
    for n, line in enumerate(quote.lines):
        item = items.get(line.item_id)
        if item is None or line.item_id in seen:
            yield Invalid("item_not_asked_for", field=f"lines[{n}].item_id")
            continue
        seen.add(line.item_id)
        quantities = [each.from_quantity for each in line.breaks]
        if any(after <= before for before, after in pairwise(quantities)):
            yield Invalid("breaks_not_rising", field=f"lines[{n}].breaks", item=item.description)
        if any(amount_of(item.quantity, each.unit_price) >= LIMIT for each in line.breaks):
            yield Invalid("total_too_large", field=f"lines[{n}].breaks", limit=LIMIT)


# --- side by side


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison of the quotes that are valid today, of suppliers who have not left. Amounts are in euro,
    VAT excluded."""

    best: Mapping[UUID, tuple[UUID, ...]]
    """The quotations with the lowest unit price by item; several if they ask the same."""
    totals: Mapping[UUID, Decimal]
    """The total of each quotation that has a price for every item."""
    best_whole: tuple[UUID, ...]
    """The quotations with the lowest total; none if no quotation has a price for every item."""
    split_total: Decimal | None
    """The total if each item is bought at its lowest price; None if some item has no price."""


def compare(request: QuotationRequest, today: date) -> Comparison:
    prices = {
        quotation.quotation_id: {
            item.item_id: price
            for item in request.items
            if (price := quotation.quote.unit_price(item)) is not None
        }
        for quotation in request.quotations
        if quotation.quote is not None and quotation.holds(today)
    }
    lowest = {
        item.item_id: min((own[item.item_id] for own in prices.values() if item.item_id in own), default=None)
        for item in request.items
    }
    best = {
        item_id: tuple(id_ for id_, own in prices.items() if own.get(item_id) == low)
        for item_id, low in lowest.items()
        if low is not None
    }
    totals = {
        id_: sum((amount_of(item.quantity, own[item.item_id]) for item in request.items), Decimal(0))
        for id_, own in prices.items()
        if len(own) == len(request.items)
    }
    split = [
        amount_of(item.quantity, low) for item in request.items if (low := lowest[item.item_id]) is not None
    ]
    least = min(totals.values(), default=None)
    return Comparison(
        best=best,
        totals=totals,
        best_whole=tuple(id_ for id_, total in totals.items() if total == least),
        split_total=sum(split, Decimal(0)) if len(split) == len(request.items) else None,
    )
