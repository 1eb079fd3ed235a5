"""A phase split into shares, which different people or companies work on, and joined again."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final
from uuid import UUID

from optima_kit.refusals import Invalid

from .economics import CostLine
from .job import NOT_STARTED, THOUSANDTH, Job, Phase, shares_of
from .outside import AT_HOME
from .quantities import claimed_of, handed_on_to, in_unit_of_job, least_of, made_by, others_of

MOST_SHARES: Final = 20
"""The most shares that one phase may be split into."""


def with_costs_of(job: Job, gone_id: UUID, phase_id: UUID) -> Job:
    """Return the job with the cost lines of a share that is gone moved to the other share."""
    if job.economics is None:
        return job
    lines = tuple(_line_moved(each, gone_id, phase_id) for each in job.economics.cost_lines)
    return replace(job, economics=replace(job.economics, cost_lines=lines))


def _line_moved(line: CostLine, gone_id: UUID, phase_id: UUID) -> CostLine:
    if line.of_phase != gone_id:
        return line
    delivery = line.delivery and replace(line.delivery, phase_id=phase_id)
    return replace(line, delivery=delivery, phase_id=line.phase_id and phase_id)


def shares_to_join(job: Job, phase: Phase) -> list[Phase]:
    """List the other shares that may be joined with the phase: nothing was ever done of either, here or
    outside, and nobody loses a task by it."""
    return [
        each
        for each in others_of(job, phase)
        if _is_untouched(each)
        and _is_untouched(phase)
        and (each.assignee_id == phase.assignee_id or None in (each.assignee_id, phase.assignee_id))
    ]


def _is_untouched(phase: Phase) -> bool:
    fresh = phase.state in NOT_STARTED and phase.attempt == 1 and phase.made_so_far is None
    return fresh and phase.outside == AT_HOME


def with_shares_for(job: Job, quantity: Decimal) -> Job:
    """Return the job, whose quantity is about to change, with the shares of its split phases in proportion:
    in whole units if that leaves something to each."""
    split_keys = {phase.key for phase in job.phases if phase.share is not None}
    fitted: dict[UUID, Decimal] = {}
    for key in split_keys:
        phases = shares_of(job, key)
        shares = _in_proportion([each.share_of(quantity) for each in phases], quantity)
        fitted |= {phase.id: share for phase, share in zip(phases, shares, strict=True)}
    phases_after = tuple(
        replace(phase, share=fitted[phase.id]) if phase.id in fitted else phase for phase in job.phases
    )
    return replace(job, phases=phases_after)


def _in_proportion(shares: list[Decimal], total: Decimal) -> list[Decimal]:
    """Scale the shares to `total`. Each is rounded down except the last, which gets the rest."""
    whole = sum(shares, Decimal(0))
    for step in (Decimal(1), THOUSANDTH):
        fitted = [(share * total / whole).quantize(step, ROUND_FLOOR) for share in shares[:-1]]
        fitted.append(total - sum(fitted, Decimal(0)))
        if min(fitted) > 0:
            return fitted
    raise Invalid("quantity_below_shares", field="quantity", shares=len(shares))


def most_to_split_off(job: Job, phase: Phase) -> Decimal:
    """Return how much of the phase is still to be made and will be available to somebody else, in the job's
    unit and to three decimals. Whoever keeps the rest can still hand in what they have made."""
    least_made = ((phase.made_so_far or 0) * phase.factor).quantize(THOUSANDTH, ROUND_CEILING)
    made = max(made_by(job, phase), least_made)
    left = phase.share_of(job.item.quantity) - made
    handed_on = handed_on_to(job, phase)
    if handed_on is None:
        return left
    claimed = sum((claimed_of(job, each) for each in others_of(job, phase)), Decimal(0))
    available = max(handed_on, least_of(job, job.item.quantity)) - claimed - made
    return min(left, available.quantize(THOUSANDTH, ROUND_FLOOR))


def _least_to_split_off(phase: Phase) -> Decimal:
    """Return the least quantity, in the phase's unit, that makes a thousandth in the job's."""
    return phase.in_own_unit(THOUSANDTH, ROUND_CEILING)


def something_stays_with_its_assignee(job: Job, phase: Phase, quantity: Decimal) -> None:
    share = phase.in_own_unit(phase.share_of(job.item.quantity))
    if max(quantity, _least_to_split_off(phase)) >= share:
        raise Invalid("split_takes_all", field="quantity", share=share, unit=phase.unit or job.item.unit)


def what_is_split_off(job: Job, phase: Phase, quantity: Decimal) -> Decimal:
    """Convert the quantity to split off into the job's unit. Naming the most that is allowed splits off all
    that is left, including what rounding in the phase's unit hides."""
    left, unit = most_to_split_off(job, phase), phase.unit or job.item.unit
    most = phase.in_own_unit(left)
    if quantity > most:
        raise Invalid("split_too_large", field="quantity", most=most, unit=unit)
    if quantity == most:
        return left
    taken = in_unit_of_job(job, phase, quantity)
    if taken <= 0:
        least = min(_least_to_split_off(phase), most)
        raise Invalid("split_too_small", field="quantity", least=least, unit=unit)
    return taken
