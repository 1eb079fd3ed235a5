"""The technical-economic details of a job. Amounts are euro, VAT excluded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from optima_contracts.money import amount_of
from optima_kit.refusals import Invalid

from .amendments import DEFAULT_PROCESS
from .charges import DeliveryTerms, WorkDone, charged_quantity, charged_when_given_up
from .sheets import SheetEntry

_TENTH: Final = Decimal("0.1")
MAX_AMOUNT: Final = Decimal("999999999999.99")
"""No amount is larger: what documents and ERPs can carry."""


class CostKind(StrEnum):
    MATERIAL = "material"
    PHASE = "phase"
    """The work of a phase, here or by a supplier."""
    SET_UP = "set_up"
    TRANSPORT = "transport"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class CostLine:
    """A part of what a job costs."""

    what: CostKind
    description: str
    quantity: Decimal
    unit_cost: Decimal
    """As planned, with four decimals at most."""
    supplier: str | None = None
    """Whom it is paid to; None: it is ours."""
    terms: str | None = None
    """Agreed with the supplier, in words."""
    actual: Decimal | None = None
    """What it came to; None until that is known."""
    delivery: DeliveryTerms | None = None
    """By which the yield of a phase decides what it comes to. None: somebody states that."""
    charged: Decimal | None = None
    """The quantity that is paid by these terms, or of what was given up; None until the phase is over."""
    phase_id: UUID | None = None
    """The phase that it is for, where no terms of delivery name it. None: of none that anybody named."""
    given_up: bool = False
    """Its phase is not done any more: what came of it until then is all that it costs."""

    @property
    def of_phase(self) -> UUID | None:
        return self.delivery.phase_id if self.delivery else self.phase_id

    @property
    def planned(self) -> Decimal:
        """When it was planned; where that was given up, nothing of it is left in any sum."""
        return amount_of(self.quantity, self.unit_cost)

    @property
    def costs(self) -> Decimal:
        """What it came to or, until that is known, what is planned."""
        if self.actual is not None:
            return self.actual
        return amount_of(self.charged or Decimal(0), self.unit_cost) if self.given_up else self.planned


@dataclass(frozen=True, slots=True)
class Economics:
    cost: Decimal
    """What the whole job costs us."""
    unit_price: Decimal
    """What one unit is sold for, with four decimals at most."""
    supplier: str | None
    materials: str
    technical_sheet: str
    """How the work is to be done: with `sheet` the only part that those who do it may read."""
    vat_code: str
    price_reason: str | None = None
    """Why the price differs from the approved one. None where it doesn't."""
    cost_lines: tuple[CostLine, ...] = ()
    """What the cost is made of; none: it is known as a whole alone."""
    sheet: tuple[SheetEntry, ...] = ()
    """The details of the technical sheet that its kind asks for."""
    given_up: int | None = None
    """How many phases were not done any more when this was stated; None: nobody knows."""

    @property
    def planned_cost(self) -> Decimal:
        if not self.cost_lines:
            return self.cost
        planned = (line.costs if line.given_up else line.planned for line in self.cost_lines)
        return sum(planned, Decimal(0))


@dataclass(frozen=True, slots=True)
class PricePolicy:
    """A tenant's own."""

    tolerance_percent: Decimal
    """How far a price may differ from the approved one without being approved anew, given a reason."""
    version: int
    process: str = DEFAULT_PROCESS
    """Key of the approval process that approves other prices anew."""


STRICT: Final = PricePolicy(tolerance_percent=Decimal(0), version=0)
"""Until a tenant sets another: the approved price binds."""


def price(economics: Economics, quantity: Decimal) -> Decimal:
    """What the whole job is sold for."""
    return amount_of(quantity, economics.unit_price)


def margin(economics: Economics, quantity: Decimal) -> Decimal:
    """Price less cost; negative when the job loses money."""
    return price(economics, quantity) - economics.cost


def margin_percent(economics: Economics, quantity: Decimal) -> Decimal | None:
    """Of the price, to a tenth; None where it is free."""
    whole = price(economics, quantity)
    return (margin(economics, quantity) * 100 / whole).quantize(_TENTH, ROUND_HALF_UP) if whole else None


def with_charges(lines: Sequence[CostLine], done: Mapping[UUID, WorkDone]) -> tuple[CostLine, ...]:
    """The lines as the work that is over makes them, by phase: those with terms of delivery come to what
    these make of it, and of what was given up none comes to more than was done. Those of other phases are as
    planned."""
    return tuple(_charged(line, done) if line.of_phase else line for line in lines)


def _charged(line: CostLine, done: Mapping[UUID, WorkDone]) -> CostLine:
    assert line.of_phase
    work = done.get(line.of_phase)
    given_up = work is not None and work.given_up
    if line.delivery is None:
        # What somebody states that it came to stands, whatever becomes of the phase.
        given_up = given_up and line.actual is None
        charged = work.part_of(line.quantity) if work and given_up else None
        return replace(line, charged=charged, given_up=given_up)
    if work is None:
        return replace(line, actual=None, charged=None, given_up=False)
    by_terms = charged_when_given_up if given_up else charged_quantity
    charged = by_terms(line.quantity, work.quantity, line.delivery)
    return replace(line, actual=amount_of(charged, line.unit_cost), charged=charged, given_up=given_up)


def cost_of(lines: Sequence[CostLine]) -> Decimal:
    """Of each line what it came to or, until then, what is planned."""
    return sum((line.costs for line in lines), Decimal(0))


def cost_in_question(economics: Economics, given_up: int) -> Decimal:
    """What of the cost may still hold work that is not done any more: `given_up` phases in all.

    A line that names its phase follows it. A whole, and a line for work or something else that names none,
    stands as it was stated; after more was given up it is in question, until the economics are stated anew
    or, of a line, what that came to. Material, set-up and transport are no work.
    """
    if economics.given_up is None or given_up <= economics.given_up:
        return Decimal(0)
    if not economics.cost_lines:
        return economics.cost
    return cost_of([line for line in economics.cost_lines if _may_hold_any_work(line)])


def _may_hold_any_work(line: CostLine) -> bool:
    return line.what in (CostKind.PHASE, CostKind.OTHER) and line.of_phase is None and line.actual is None


def cost_lines_fit(lines: Sequence[CostLine], phases: Mapping[UUID, str]) -> None:
    """Each is of a phase of the job, or of none; terms of delivery are about one, in a line of its cost,
    which comes to what follows from them."""
    for n, line in enumerate(lines):
        if line.phase_id is not None and line.phase_id not in phases:
            raise Invalid("delivery_phase_unknown", field=f"cost_lines[{n}].phase_id")
        if line.delivery is None:
            continue
        if line.phase_id not in (None, line.delivery.phase_id):
            raise Invalid("cost_line_of_two_phases", field=f"cost_lines[{n}].phase_id")
        if line.what is not CostKind.PHASE:
            raise Invalid("delivery_terms_misplaced", field=f"cost_lines[{n}].what")
        if line.delivery.phase_id not in phases:
            raise Invalid("delivery_phase_unknown", field=f"cost_lines[{n}].delivery.phase_id")
        if line.actual is not None:
            phase = phases[line.delivery.phase_id]
            raise Invalid("actual_follows_from_delivery", field=f"cost_lines[{n}].actual", phase=phase)


def cost_to_set(cost: Decimal | None, lines: Sequence[CostLine]) -> Decimal:
    """As stated or, with lines, their sum."""
    if not lines:
        if cost is None:
            raise Invalid("cost_missing", field="cost")
        return cost
    total = cost_of(lines)
    if cost is not None and cost != total:
        raise Invalid("cost_differs_from_lines", field="cost", total=total)
    if total > MAX_AMOUNT:
        raise Invalid("cost_too_large", field="cost_lines", total=total, most=MAX_AMOUNT)
    return total


def price_to_set(approved: Decimal | None, proposed: Decimal | None) -> Decimal:
    """The approved price, unless another is proposed."""
    if proposed is not None:
        return proposed
    if approved is None:
        raise Invalid("unit_price_missing", field="unit_price")
    return approved


def price_is_as_approved(approved: Decimal | None, economics: Economics, policy: PricePolicy) -> None:
    """Or differs within the tenant's tolerance, for a reason that is stated."""
    if approved is None or economics.unit_price == approved:
        return
    if abs(economics.unit_price - approved) > approved * policy.tolerance_percent / 100:
        raise Invalid(
            "price_not_approved",
            field="unit_price",
            approved=approved,
            percent=policy.tolerance_percent,
        )
    if not economics.price_reason:
        raise Invalid("price_reason_missing", field="price_reason", approved=approved)


def price_is_within_bounds(economics: Economics, quantity: Decimal) -> None:
    amount = price(economics, quantity)
    if amount > MAX_AMOUNT:
        raise Invalid("price_too_large", field="unit_price", price=amount, most=MAX_AMOUNT)


def total_is_within_bounds(total: Decimal) -> None:
    if total > MAX_AMOUNT:
        raise Invalid("order_total_too_large", field="unit_price", total=total, most=MAX_AMOUNT)
