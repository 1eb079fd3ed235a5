"""A job and the graph of its phases: who does what, and what must come before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from typing import Final
from uuid import UUID

from optima_kit.refusals import Absent

from .amendments import Amendment
from .deliveries import Delivery
from .economics import Economics
from .machine import JobState, OrderState, PhaseState
from .outside import AT_HOME, Outside
from .plan import Period

THOUSANDTH: Final = Decimal("0.001")
NOT_STARTED: Final = frozenset({PhaseState.WAITING, PhaseState.READY, PhaseState.ASSIGNED})
TO_DO: Final = NOT_STARTED | {PhaseState.IN_PROGRESS}
BEGUN: Final = frozenset({PhaseState.IN_PROGRESS, PhaseState.TO_INSPECT, PhaseState.DONE})
OPEN: Final = TO_DO | {PhaseState.TO_INSPECT}
ENDED: Final = frozenset({OrderState.DELIVERED, OrderState.CANCELLED})
"""The states of an order in which nothing changes any more."""
GIVEN_UP: Final = frozenset({PhaseState.SKIPPED, PhaseState.CANCELLED})
"""States of phases whose remaining work will not be done."""
OVER: Final = GIVEN_UP | {PhaseState.DONE}
OPEN_TASKS: Final = OPEN - {PhaseState.READY}
GRANTING: Final = OPEN_TASKS | {PhaseState.DONE}
"""The states in which a phase is visible to its assignee as a task. A phase that is ready has no assignee."""


@dataclass(frozen=True, slots=True)
class Phase:
    id: UUID
    key: str
    name: str
    after: tuple[str, ...]
    quality_check: bool
    skippable: bool
    state: PhaseState
    assignee_id: UUID | None = None
    attempt: int = 1
    started_at: datetime | None = None
    completed_at: datetime | None = None
    quantity: Decimal | None = None
    note: str = ""
    unit: str | None = None
    """The unit of its quantities; None for the job's unit."""
    factor: Decimal = Decimal(1)
    """How many of the job's units one of this phase's units makes."""
    lost: Decimal | None = None
    """What was lost of the quantity there was to work on; None until the phase is completed."""
    loss_reason: str | None = None
    starts_on_parts: bool = False
    """Whether it may begin on a part of what the phases before it make."""
    made_so_far: Decimal | None = None
    """The quantity handed in before completion, in the phase's unit. The final `quantity` includes it."""
    planned: Period | None = None
    """The days on which it is to be worked on. None for phases older than plans."""
    needs_proof: bool = False
    """Whether it can begin only once the proofs of its brief are approved."""
    proof_missing: bool = False
    """Whether it needs a proof and lacks it: the newest version of one of the brief's proofs is not approved,
    or there is no proof yet. Nothing is missing for orders without a brief: nobody could approve a proof."""
    outside: Outside = AT_HOME
    """The company outside that does it, and what went there and came back, in the phase's unit."""
    share: Decimal | None = None
    """The part of the job that it is for, in the job's unit; phases with the same key do the rest. None for
    all."""
    share_number: int = 1
    """Its number among the phases with the same key."""

    def share_of(self, ordered: Decimal) -> Decimal:
        """Return how much of the job this phase is for, in the job's unit."""
        return ordered if self.share is None else self.share

    def in_own_unit(self, quantity: Decimal, rounding: str = ROUND_FLOOR) -> Decimal:
        """Convert a quantity of the job into the phase's unit, to three decimals. A quantity above zero gives
        at least a thousandth, because nobody could hand in less."""
        rounded = (quantity / self.factor).quantize(THOUSANDTH, rounding)
        return max(rounded, THOUSANDTH) if quantity > 0 else rounded


@dataclass(frozen=True, slots=True)
class RejectedAttempt:
    """Work that quality refused, kept as it was."""

    phase_id: UUID
    attempt: int
    assignee_id: UUID
    started_at: datetime
    completed_at: datetime
    quantity: Decimal
    note: str
    rejected_at: datetime
    rejected_by: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class Item:
    """A line of an order, before a job is made of it."""

    item_id: UUID | None
    kind: str
    description: str
    quantity: Decimal
    unit: str
    deliveries: tuple[Delivery, ...]
    approved_unit_price: Decimal | None = None
    """The price approved with the brief. None if there is no brief, or if it was approved without prices."""
    article_id: UUID | None = None
    """The article from whose stock the line is taken; nothing is made for it. `kind` is then the article's
    code."""
    confirmed: Decimal | None = None
    """The approved quantity: the one that the order was confirmed with, until another is approved. None as
    long as the item belongs to no order."""


@dataclass(frozen=True, slots=True)
class Job:
    id: UUID
    order_id: UUID
    position: int
    item: Item
    tolerance_percent: Decimal
    state: JobState
    phases: tuple[Phase, ...]
    economics: Economics | None = None
    blocked_reason: str | None = None
    started_at: datetime | None = None
    """When its first phase began."""
    produced: Decimal | None = None
    closed_because: str | None = None
    """Why the line was closed short: no more is due than was shipped."""
    amendment: Amendment | None = None
    """The amendment that is in approval."""
    version: int = 1

    def phase(self, phase_id: UUID) -> Phase:
        for phase in self.phases:
            if phase.id == phase_id:
                return phase
        raise Absent("phase_absent")


def phases_given_up(job: Job) -> int:
    return sum(phase.state in GIVEN_UP for phase in job.phases)


def shares_of(job: Job, key: str) -> list[Phase]:
    """List the phases that each do a share of the same work, or the one phase that does all of it."""
    return [phase for phase in job.phases if phase.key == key]


def keys_passed(job: Job) -> set[str]:
    """Return the keys of phases that no longer hold up those after them: phases done in all their shares, and
    skipped ones that come after only such phases."""
    passed: set[str] = set()
    while True:
        held_up = {
            phase.key
            for phase in job.phases
            if phase.state is not PhaseState.DONE
            and not (phase.state is PhaseState.SKIPPED and passed.issuperset(phase.after))
        }
        more = {phase.key for phase in job.phases} - held_up - passed
        if not more:
            return passed
        passed |= more


def predecessors_of(job: Job, phase: Phase) -> set[str]:
    """Return the keys of all phases before this one, direct or not."""
    by_key = {p.key: p for p in job.phases}
    found: set[str] = set()
    to_visit = list(phase.after)
    while to_visit:
        key = to_visit.pop()
        if key not in found:
            found.add(key)
            to_visit.extend(by_key[key].after)
    return found


def in_next_version(job: Job) -> Job:
    """Return the job with the version that its next change is stored as."""
    return replace(job, version=job.version + 1)


def awaited_by(job: Job, phase: Phase) -> str:
    """Return the names of the phases that hold this one up."""
    passed = keys_passed(job)
    names = [each.name for each in job.phases if each.key in phase.after and each.key not in passed]
    return ", ".join(dict.fromkeys(names))


def awaits_others(job: Job, phase: Phase) -> bool:
    """Tell whether a phase directly before this one is not over."""
    over = (PhaseState.DONE, PhaseState.SKIPPED)
    return any(other.key in phase.after and other.state not in over for other in job.phases)
