"""How much of a job each phase has, may make and hands on. A phase may count in another unit than its job."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from optima_kit.refusals import Invalid

from .job import ENDED, THOUSANDTH, Job, Phase, awaited_by, predecessors_of, shares_of
from .machine import OrderState, PhaseState
from .outside import WorkOutside

_STEPS: Final = (Decimal(1), Decimal("0.1"))


def work_outside(order: OrderState, job: Job, phase: Phase) -> WorkOutside:
    """Return what may be sent out of the phase: while it is being worked on, all there is to work on, plus a
    replacement for what came back of refused attempts."""
    at_work = order not in ENDED and phase.state is PhaseState.IN_PROGRESS
    return WorkOutside(phase.outside.finisher, at_work, phase.outside.before.all + most_to_make(job, phase))


def quantity_bounds(phase: Phase, ordered: Decimal, tolerance_percent: Decimal) -> tuple[Decimal, Decimal]:
    """Return the least and the greatest quantity that a phase may be completed with, both included, in its
    unit and to three decimals. If that unit is not the job's, the least is rounded down and covers everything
    up to the next thousandth (see `in_unit_of_job`)."""
    share = phase.share_of(ordered)
    margin = _margin(share, tolerance_percent)
    rounding = ROUND_CEILING if phase.factor == 1 else ROUND_FLOOR
    return phase.in_own_unit(share - margin, rounding), phase.in_own_unit(share + margin)


def _margin(share: Decimal, tolerance_percent: Decimal) -> Decimal:
    return share * tolerance_percent / 100


def in_unit_of_job(job: Job, phase: Phase, quantity: Decimal) -> Decimal:
    """Convert a quantity of the phase into the job's unit. Quantities are counted to a thousandth, so each
    one covers all up to the next: 33.333 sheets of three make 100 pieces. Within that range the result is the
    phase's share or, for another quantity, the roundest number within the tolerance."""
    if phase.factor == 1 or quantity == 0:
        return quantity
    share = phase.share_of(job.item.quantity)
    if quantity == phase.in_own_unit(share):
        return share
    least, beyond = quantity * phase.factor, (quantity + THOUSANDTH) * phase.factor
    most = share + _margin(share, job.tolerance_percent)
    rounded = (least.quantize(step, ROUND_CEILING) for step in _STEPS)
    fitting = (each for each in rounded if each < beyond and each <= most)
    return next(fitting, least.quantize(THOUSANDTH, ROUND_FLOOR))


def least_to_complete(job: Job, phase: Phase) -> Decimal:
    """Return the least quantity that the phase may be completed with, in its unit. Making all that the phases
    before it yielded is enough, even if rounding leaves it a thousandth short in this unit."""
    least, _ = quantity_bounds(phase, job.item.quantity, job.tolerance_percent)
    return least if awaited_by(job, phase) else min(least, most_to_make(job, phase))


def quantity_is_within_tolerance(job: Job, phase: Phase, quantity: Decimal) -> None:
    least = least_to_complete(job, phase)
    _, most = quantity_bounds(phase, job.item.quantity, job.tolerance_percent)
    if not least <= quantity <= most:
        raise Invalid(
            "quantity_beyond_tolerance",
            field="quantity",
            least=least,
            most=most,
            unit=phase.unit or job.item.unit,
        )


def handed_on_to(job: Job, phase: Phase) -> Decimal | None:
    """Return the least of what the phases before it yielded or handed in so far, in the job's unit. None if
    there are none."""
    made = [handed_in(job, key) for key in predecessors_of(job, phase)]
    return min((each for each in made if each is not None), default=None)


def to_work_on(job: Job, phase: Phase) -> Decimal:
    """Return what was handed on to the phase or, for a first phase, what was ordered; in the job's unit. A
    share gets its proportion, but nothing that other shares have used already."""
    share, ordered = phase.share_of(job.item.quantity), job.item.quantity
    handed_on = handed_on_to(job, phase)
    if handed_on is None or phase.share is None:
        return share if handed_on is None else handed_on
    fair = (handed_on * share / ordered).quantize(THOUSANDTH, ROUND_FLOOR)
    return min(fair, handed_on - sum((made_by(job, each) for each in others_of(job, phase)), Decimal(0)))


def there_for(job: Job, phase: Phase) -> Decimal | None:
    """Return how much of the finished work of earlier phases this phase may use in all, in the job's unit, or
    None if there is no limit. Shares leave each other at least what each has still to make, out of what there
    is now or, if that is more, the least there will be."""
    handed_on = handed_on_to(job, phase)
    if handed_on is None or phase.share is None:
        return handed_on
    others = others_of(job, phase)
    made = sum((made_by(job, each) for each in others), Decimal(0))
    claimed = sum((claimed_of(job, each) for each in others), Decimal(0))
    in_the_end = max(handed_on, least_of(job, job.item.quantity))
    return max(min(handed_on - made, in_the_end - claimed), Decimal(0))


def others_of(job: Job, phase: Phase) -> list[Phase]:
    """List the other shares of the phase's work."""
    return [each for each in shares_of(job, phase.key) if each.id != phase.id]


def made_by(job: Job, phase: Phase) -> Decimal:
    """Return what was completed or, until then, handed in; in the job's unit."""
    made = phase.quantity if phase.quantity is not None else phase.made_so_far
    return in_unit_of_job(job, phase, made or Decimal(0))


def claimed_of(job: Job, phase: Phase) -> Decimal:
    """Return what the phase has made or, if that is more and it is not completed, what it must be able to
    make."""
    if phase.quantity is not None:
        return made_by(job, phase)
    return max(made_by(job, phase), least_of(job, phase.share_of(job.item.quantity)))


def least_of(job: Job, share: Decimal) -> Decimal:
    """Return the least that a share of the quantity may be completed with, in the job's unit."""
    return share * (100 - job.tolerance_percent) / 100


def quantity_was_handed_on(job: Job, phase: Phase, quantity: Decimal) -> None:
    """Refuse a quantity beyond the yield of the phases before it, apart from rounding by a thousandth: what
    was lost there cannot be worked on. The same limit holds for all shares together."""
    there = there_for(job, phase)
    if there is not None and quantity > phase.in_own_unit(there):
        raise Invalid(
            "quantity_beyond_predecessors",
            field="quantity",
            most=phase.in_own_unit(there),
            unit=phase.unit or job.item.unit,
        )


def most_to_make(job: Job, phase: Phase) -> Decimal:
    """Return the most that the phase may make, in its unit: no more than was handed on to it, and no more
    than the tolerance allows."""
    _, most = quantity_bounds(phase, job.item.quantity, job.tolerance_percent)
    there = there_for(job, phase)
    return most if there is None else min(most, phase.in_own_unit(there))


def quantity_is_here(job: Job, phase: Phase, quantity: Decimal) -> None:
    """Refuse more than is here: what a company outside still has is not made yet."""
    here = phase.outside.made_of(most_to_make(job, phase))
    if quantity > here:
        unit = phase.unit or job.item.unit
        raise Invalid("quantity_beyond_returned", field="quantity", most=here, unit=unit)


def part_is_there_to_make(job: Job, phase: Phase, part: Decimal) -> None:
    """Refuse a part of a phase that is not here, or beyond what there is to make."""
    left = phase.outside.made_of(most_to_make(job, phase)) - (phase.made_so_far or 0)
    if part > left:
        raise Invalid("part_too_large", field="quantity", most=left, unit=phase.unit or job.item.unit)


def quantity_includes_what_was_handed_in(job: Job, phase: Phase, quantity: Decimal) -> None:
    if phase.made_so_far is not None and quantity < phase.made_so_far:
        unit = phase.unit or job.item.unit
        raise Invalid("quantity_below_parts", field="quantity", least=phase.made_so_far, unit=unit)


def loss_has_a_reason(job: Job, phase: Phase, lost: Decimal, reason: str | None) -> None:
    if lost and not reason:
        raise Invalid("loss_reason_missing", field="loss_reason", lost=lost, unit=phase.unit or job.item.unit)


def produced_quantity(job: Job) -> Decimal:
    """Return the job's yield: the least of its last phases that were not skipped.

    It is the least because a piece is whole only once every last phase has made it.
    """
    done = {p.key for p in job.phases if p.state is PhaseState.DONE}
    followed: set[str] = set()
    for phase in job.phases:
        if phase.key in done:
            followed |= predecessors_of(job, phase)
    return min(sum((made_by(job, p) for p in shares_of(job, key)), Decimal(0)) for key in done - followed)


def finished_so_far(job: Job) -> Decimal:
    """Return how much of a job may enter the warehouse while the rest is still being made: the least that its
    last phases, without skipped ones, have handed in. A phase with a quality check counts as none until the
    check is passed. The result never falls again (see `_none_of_it_may_be_in_the_warehouse` in
    `phase_rules`)."""
    kept = [phase for phase in job.phases if phase.state is not PhaseState.SKIPPED]
    followed = {key for phase in kept for key in predecessors_of(job, phase)}
    last = {phase.key for phase in kept} - followed
    made = [_passed_on(job, key) for key in last]
    return min(made, default=Decimal(0))


def _passed_on(job: Job, key: str) -> Decimal:
    """Return what is good of the work with this key, in the job's unit; zero until its quality checks are
    passed."""
    if any(phase.quality_check and phase.state is not PhaseState.DONE for phase in shares_of(job, key)):
        return Decimal(0)
    return handed_in(job, key) or Decimal(0)


def handed_in(job: Job, key: str) -> Decimal | None:
    """Return how much of the work with this key may be worked on further, in the job's unit, or None. Parts
    are not inspected: with a quality check, nothing is handed on until the whole is done, in all its
    shares."""
    shares = shares_of(job, key)
    if len(shares) > 1 and any(p.quality_check and p.state is not PhaseState.DONE for p in shares):
        return None
    made = [p.made_so_far if p.quantity is None and not p.quality_check else p.quantity for p in shares]
    found = [in_unit_of_job(job, p, each) for p, each in zip(shares, made, strict=True) if each is not None]
    return sum(found, Decimal(0)) if found else None
