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
"""The largest amount that documents and ERPs can carry."""


class CostKind(StrEnum):
    MATERIAL = "material"
    PHASE = "phase"
    """The work of a phase, done here or by a supplier."""
    SET_UP = "set_up"
    TRANSPORT = "transport"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class CostLine:
    """A part of a job's cost."""

    what: CostKind
    description: str
    quantity: Decimal
    unit_cost: Decimal
    """The planned cost, with at most four decimals."""
    supplier: str | None = None
    """The company to pay; None for our own cost."""
    terms: str | None = None
    """The terms agreed with the supplier, in words."""
    actual: Decimal | None = None
    """The actual amount; None until it is known."""
    delivery: DeliveryTerms | None = None
    """The terms by which a phase's yield decides the actual amount. None if somebody states that amount."""
    charged: Decimal | None = None
    """The quantity that is paid, by these terms or because the work was given up; None until the phase is
    over."""
    phase_id: UUID | None = None
    """The phase that the cost is for, if no terms of delivery name it. None if nobody named one."""
    given_up: bool = False
    """Whether its phase will not be finished: only what was done of it until then costs anything."""

    @property
    def of_phase(self) -> UUID | None:
        return self.delivery.phase_id if self.delivery else self.phase_id

    @property
    def planned(self) -> Decimal:
        """The planned amount. It no longer counts in any sum if the work was given up."""
        return amount_of(self.quantity, self.unit_cost)

    @property
    def costs(self) -> Decimal:
        """The actual amount or, until that is known, the planned one."""
        if self.actual is not None:
            return self.actual
        return amount_of(self.charged or Decimal(0), self.unit_cost) if self.given_up else self.planned


@dataclass(frozen=True, slots=True)
class Economics:
    cost: Decimal
    """The cost of the whole job."""
    unit_price: Decimal
    """The price of one unit, with at most four decimals."""
    supplier: str | None
    materials: str
    technical_sheet: str
    """How the work is to be done. People who do it may read only this and `sheet`."""
    vat_code: str
    price_reason: str | None = None
    """Why the price differs from the approved one; None if it doesn't."""
    cost_lines: tuple[CostLine, ...] = ()
    """The parts of the cost; empty if only the whole is known."""
    sheet: tuple[SheetEntry, ...] = ()
    """The details that the kind's technical sheet asks for."""
    given_up: int | None = None
    """How many phases had been given up when these economics were stated; None if that is not known."""

    @property
    def planned_cost(self) -> Decimal:
        if not self.cost_lines:
            return self.cost
        planned = (line.costs if line.given_up else line.planned for line in self.cost_lines)
        return sum(planned, Decimal(0))


@dataclass(frozen=True, slots=True)
class PricePolicy:
    """A tenant's rule about prices that differ from the approved ones."""

    tolerance_percent: Decimal
    """By how many percent a price may differ from the approved one, with a reason but without a new
    approval."""
    version: int
    process: str = DEFAULT_PROCESS
    """The key of the process that approves other prices."""


STRICT: Final = PricePolicy(tolerance_percent=Decimal(0), version=0)
"""The policy of a tenant that has set none: the approved price binds."""


def price(economics: Economics, quantity: Decimal) -> Decimal:
    """Return the price of the whole job."""
    return amount_of(quantity, economics.unit_price)


def margin(economics: Economics, quantity: Decimal) -> Decimal:
    """Return price less cost; negative if the job loses money."""
    return price(economics, quantity) - economics.cost


def margin_percent(economics: Economics, quantity: Decimal) -> Decimal | None:
    """Return the margin in percent of the price, to a tenth; None if the price is zero."""
    whole = price(economics, quantity)
    return (margin(economics, quantity) * 100 / whole).quantize(_TENTH, ROUND_HALF_UP) if whole else None


def with_charges(lines: Sequence[CostLine], done: Mapping[UUID, WorkDone]) -> tuple[CostLine, ...]:
    """Return the cost lines with the actual charges of phases that are over. Lines with terms of delivery
    cost what these terms give; lines of work that was given up cost no more than was done. Lines of other
    phases keep their planned cost."""
    return tuple(_charged(line, done) if line.of_phase else line for line in lines)


def _charged(line: CostLine, done: Mapping[UUID, WorkDone]) -> CostLine:
    assert line.of_phase
    work = done.get(line.of_phase)
    given_up = work is not None and work.given_up
    if line.delivery is None:
        # The actual cost that somebody states stays valid, whatever becomes of the phase.
        given_up = given_up and line.actual is None
        charged = work.part_of(line.quantity) if work and given_up else None
        return replace(line, charged=charged, given_up=given_up)
    if work is None:
        return replace(line, actual=None, charged=None, given_up=False)
    by_terms = charged_when_given_up if given_up else charged_quantity
    charged = by_terms(line.quantity, work.quantity, line.delivery)
    return replace(line, actual=amount_of(charged, line.unit_cost), charged=charged, given_up=given_up)


def cost_of(lines: Sequence[CostLine]) -> Decimal:
    """Sum the actual amount of each line or, until that is known, the planned one."""
    return sum((line.costs for line in lines), Decimal(0))


def cost_in_question(economics: Economics, given_up: int) -> Decimal:
    """Return the part of the cost that may still include work given up; `given_up` phases were, in all.

    A line that names its phase follows that phase. A cost stated as a whole, and a line for work or something
    else that names no phase, stays as stated; once more phases are given up it is in question, until the
    economics are stated again or the line gets its actual amount. Material, set-up and transport are no work.
    """
    if economics.given_up is None or given_up <= economics.given_up:
        return Decimal(0)
    if not economics.cost_lines:
        return economics.cost
    return cost_of([line for line in economics.cost_lines if _may_hold_any_work(line)])


def _may_hold_any_work(line: CostLine) -> bool:
    return line.what in (CostKind.PHASE, CostKind.OTHER) and line.of_phase is None and line.actual is None


def cost_lines_fit(lines: Sequence[CostLine], phases: Mapping[UUID, str]) -> None:
    """Refuse lines that name a phase of another job, or terms of delivery that do not fit: they need a phase
    of the job, in a line of kind `PHASE`, and that line's actual amount follows from them. Raises Invalid."""
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
    """Return the stated cost or, if there are lines, their sum. Raises Invalid if the two differ."""
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
    """Return the proposed price or, without one, the approved price."""
    if proposed is not None:
        return proposed
    if approved is None:
        raise Invalid("unit_price_missing", field="unit_price")
    return approved


def price_is_as_approved(approved: Decimal | None, economics: Economics, policy: PricePolicy) -> None:
    """Refuse a price that differs from the approved one by more than the tenant's tolerance, or without a
    reason."""
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
