"""The machine of orders, jobs and phases: every cell of its table, and the page that shows it.

    python services/production/tests/unit/test_machine.py

writes the table into docs/architecture/production.md anew.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import product
from pathlib import Path
from uuid import UUID

import pytest

from optima_kit.refusals import Refusal, WrongState
from production.domain import changes, job_changes, phase_steps
from production.domain.charges import DeliveryTerms
from production.domain.economics import CostKind, CostLine, Economics
from production.domain.job import NOT_STARTED, OPEN, Item, Job, Phase
from production.domain.machine import (
    BY_JOB,
    BY_ORDER,
    BY_PHASE,
    CHANGES_BY_JOB,
    CHANGES_BY_ORDER,
    Action,
    Change,
    JobState,
    OrderState,
    PhaseState,
    Refused,
    outcome,
    refusal_of,
)
from production.domain.order import FullOrder, LineProgress, Order

PAGE = Path(__file__).parents[4] / "docs" / "architecture" / "production.md"
BEGIN, END = "<!-- The machine, by test_machine.py: -->\n", "<!-- End of the machine. -->\n"
CHANGES_BEGIN, CHANGES_END = "<!-- Changes, by test_machine.py: -->\n", "<!-- End of the changes. -->\n"
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ANNA, BRUNO = UUID(int=1), UUID(int=2)

DO: dict[Action, Callable[[OrderState, Job, UUID], Job]] = {
    Action.ASSIGN: lambda order, job, id_: phase_steps.assigned(order, job, id_, BRUNO, replaces=False),
    Action.REPLACE: lambda order, job, id_: phase_steps.assigned(order, job, id_, BRUNO, replaces=True),
    Action.GIVE_BACK: lambda order, job, id_: phase_steps.given_back(order, job, id_),
    Action.START: lambda order, job, id_: phase_steps.started(order, job, id_, NOW),
    Action.REPORT: lambda order, job, id_: phase_steps.reported(order, job, id_, Decimal(40)),
    Action.COMPLETE: lambda order, job, id_: phase_steps.completed(order, job, id_, Decimal(100), "", NOW),
    Action.ACCEPT: lambda order, job, id_: phase_steps.accepted(order, job, id_, BRUNO),
    Action.REJECT: lambda order, job, id_: phase_steps.rejected(
        order, job, id_, "no", rejected_by=BRUNO, now=NOW, assignee_has_left=False
    )[0],
    Action.SKIP: lambda order, job, id_: phase_steps.skipped(order, job, id_),
    Action.OUTSOURCE: lambda order, job, id_: phase_steps.outsourced(order, job, id_, "FIN-01"),
    Action.SPLIT: lambda order, job, id_: phase_steps.split(
        order, job, id_, Decimal(40), share_id=UUID(int=12)
    ),
    Action.JOIN: lambda order, job, id_: phase_steps.joined(order, in_shares(job), id_, UUID(int=13))[0],
}


def a_job(state: JobState, phase: PhaseState) -> Job:
    """Its first phase waits for the second where it must; nothing but the states stands in the way."""
    begun = phase in (PhaseState.IN_PROGRESS, PhaseState.TO_INSPECT, PhaseState.DONE)
    made = phase in (PhaseState.TO_INSPECT, PhaseState.DONE)
    free = phase in (PhaseState.READY, PhaseState.SKIPPED, PhaseState.CANCELLED)
    first = Phase(
        UUID(int=10),
        "a",
        "A",
        ("b",) if phase is PhaseState.WAITING else (),
        quality_check=True,
        skippable=True,
        state=phase,
        assignee_id=None if free else ANNA,
        started_at=NOW if begun else None,
        completed_at=NOW if made else None,
        quantity=Decimal(100) if made else None,
    )
    other = Phase(UUID(int=11), "b", "B", (), quality_check=True, skippable=True, state=PhaseState.READY)
    item = Item(None, "k", "Espositore", Decimal(100), "pz", ())
    economics = Economics(Decimal(1), Decimal(1), None, "", "", "22")
    return Job(UUID(int=9), UUID(int=8), 1, item, Decimal(10), state, (first, other), economics)


def in_shares(job: Job) -> Job:
    """The job, whose first phase is for a share; nobody has begun the other."""
    first, other = job.phases
    share = replace(
        first,
        id=UUID(int=13),
        state=PhaseState.READY,
        assignee_id=None,
        started_at=None,
        completed_at=None,
        quantity=None,
        share=Decimal(40),
        share_number=2,
    )
    return replace(job, phases=(replace(first, share=Decimal(60)), share, other))


@pytest.mark.parametrize("action", Action)
def test_the_rules_do_what_the_table_says_in_every_cell(action: Action) -> None:
    for phase, state, order in product(PhaseState, JobState, OrderState):
        job = a_job(state, phase)
        wanted = outcome(action, phase, state, order)
        if isinstance(wanted, Refused):
            with pytest.raises(WrongState) as refused:
                DO[action](order, job, job.phases[0].id)
            assert refused.value.code == wanted.code, (phase, state, order)
            continue
        after = DO[action](order, job, job.phases[0].id).phases[0]
        if wanted is PhaseState.READY:
            stands = NOT_STARTED
            assert after.state in stands, (phase, state, order)
        else:
            assert after.state is wanted, (phase, state, order)


def test_a_missing_proof_holds_up_the_start_and_nothing_else() -> None:
    for action, phase, state, order in product(Action, PhaseState, JobState, OrderState):
        job = a_job(state, phase)
        first, other = job.phases
        waiting = replace(job, phases=(replace(first, proof_missing=True), other))
        wanted = _done(action, order, job)
        if action is Action.START and isinstance(wanted, PhaseState):
            wanted = "proof_not_approved"
        assert _done(action, order, waiting) == wanted, (action, phase, state, order)


PLANNED, TERMS = Decimal(50), DeliveryTerms(UUID(int=10), Decimal(0))
"""What the first phase costs for one, by its terms of delivery or without any."""


def with_costs(job: Job) -> Job:
    lines = (
        CostLine(CostKind.PHASE, "A", Decimal(100), PLANNED, delivery=TERMS),
        CostLine(CostKind.SET_UP, "Lastre per A", Decimal(100), PLANNED, phase_id=UUID(int=10)),
        CostLine(CostKind.MATERIAL, "Carta", Decimal(1), Decimal(7)),
    )
    assert job.economics
    economics = replace(job.economics, cost=Decimal(10_007), cost_lines=lines)
    return job_changes.with_cost_of_work(replace(job, economics=economics))


def check_costs(job: Job) -> None:
    """Nothing of a phase that is skipped or stopped is planned; what was done of it is paid."""
    first = next((phase for phase in job.phases if phase.id == UUID(int=10)), None)
    assert job.economics
    by_terms, planned, paper = job.economics.cost_lines
    assert paper.costs == 7
    wanted = Decimal(100)
    if first is not None and first.state in (PhaseState.SKIPPED, PhaseState.CANCELLED):
        wanted = first.quantity or first.made_so_far or Decimal(0)
        assert job.economics.planned_cost == 2 * wanted * PLANNED + 7
    else:
        assert job.economics.planned_cost == 10_007
    assert by_terms.costs == planned.costs == wanted * PLANNED, first
    assert job.economics.cost == 2 * wanted * PLANNED + 7


@pytest.mark.parametrize("made", [None, Decimal(30)], ids=["untouched", "a part handed in"])
def test_costs_follow_the_work_in_every_cell(made: Decimal | None) -> None:
    for action, phase, state, order in product(Action, PhaseState, JobState, OrderState):
        job = a_job(state, phase)
        first, other = job.phases
        if phase in OPEN:
            job = replace(job, phases=(replace(first, made_so_far=made), other))
        job = with_costs(job)
        with suppress(Refusal):
            check_costs(DO[action](order, job, first.id))
        for after in (
            phase_steps.cancelled(job),
            phase_steps.closed(job, "Basta"),
            phase_steps.resumed(phase_steps.cancelled(job)),
        ):
            check_costs(after)


def test_what_a_share_costs_stays_when_it_is_joined() -> None:
    job = in_shares(a_job(JobState.READY, PhaseState.READY))
    assert job.economics
    line = CostLine(CostKind.PHASE, "A", Decimal(40), PLANNED, delivery=replace(TERMS, phase_id=UUID(int=13)))
    job = replace(job, economics=replace(job.economics, cost_lines=(line,)))
    joined, stays, _ = phase_steps.joined(OrderState.CONFIRMED, job, UUID(int=10), UUID(int=13))
    assert joined.economics
    assert joined.economics.cost_lines[0].of_phase == stays.id == UUID(int=10)


def _done(action: Action, order: OrderState, job: Job) -> PhaseState | str:
    """The first phase's state after the action, or why it was refused."""
    try:
        return DO[action](order, job, job.phases[0].id).phases[0].state
    except WrongState as refused:
        return refused.code


def test_the_table_is_total() -> None:
    cells = list(product(Action, PhaseState, JobState, OrderState))
    assert len(cells) == 12 * 8 * 6 * 7
    assert all(isinstance(outcome(*cell), PhaseState | Refused) for cell in cells)


def test_nothing_changes_in_a_cancelled_or_delivered_order() -> None:
    for action, phase, job in product(Action, PhaseState, JobState):
        for order in (OrderState.CANCELLED, OrderState.DELIVERED):
            assert outcome(action, phase, job, order) == Refused("order_ended")
    job = a_job(JobState.READY, PhaseState.READY)
    for order in (OrderState.CANCELLED, OrderState.DELIVERED):
        with pytest.raises(WrongState) as refused:
            job_changes.with_economics(order, job, replace(job.economics, cost=Decimal(2)))  # type: ignore[type-var]
        assert refused.value.code == "order_ended"


@pytest.mark.parametrize("change", Change)
def test_what_was_ordered_changes_as_the_table_says_in_every_cell(change: Change) -> None:
    for state, order in product(JobState, OrderState):
        full = an_order(order, a_job(state, PhaseState.READY))
        wanted = refusal_of(change, order, state)
        if wanted is None:
            CHANGE[change](full)
            continue
        with pytest.raises(WrongState) as refused:
            CHANGE[change](full)
        assert refused.value.code == wanted.code, (state, order)


CHANGE: dict[Change, Callable[[FullOrder], object]] = {
    Change.DEADLINE: lambda full: changes.deadline_may_change(full.order.state),
    Change.QUANTITY: lambda full: changes.quantity_may_change(full, full.jobs[0]),
    Change.DESTINATIONS: lambda full: changes.destinations_may_change(full, full.jobs[0]),
}


def an_order(state: OrderState, job: Job) -> FullOrder:
    """Nothing of it has left."""
    order = Order(job.order_id, "O-2026-0001", None, "Ristampa", None, date(2027, 1, 31), state, NOW)
    line = LineProgress(job.state, job.item.quantity, None, Decimal(0), Decimal(0))
    return FullOrder(order, (job,), {job.id: line})


def test_the_page_shows_the_table() -> None:
    page = PAGE.read_text(encoding="utf-8")
    stale = f"stale: run python {Path(__file__).name}"
    assert shown(page) == table(), stale
    assert shown(page, CHANGES_BEGIN, CHANGES_END) == table_of_changes(), stale


def shown(page: str, begin: str = BEGIN, end: str = END) -> str:
    return page.partition(begin)[2].partition(end)[0]


def table() -> str:
    """A row answers where it says something; the first that does counts, from the top."""
    lines = ["| | " + " | ".join(Action) + " |", "|---" * (len(Action) + 1) + "|"]
    for name, rows in (("order", BY_ORDER), ("job", BY_JOB), ("phase", BY_PHASE)):
        for state, row in rows.items():
            if row:
                lines.append(f"| {name} `{state}` | " + " | ".join(cell(row.get(a)) for a in Action) + " |")  # type: ignore[arg-type]
    return "\n".join(lines) + "\n"


def table_of_changes() -> str:
    """As above: the order answers first, then the line's job."""
    lines = ["| | " + " | ".join(Change) + " |", "|---" * (len(Change) + 1) + "|"]
    for name, rows in (("order", CHANGES_BY_ORDER), ("job", CHANGES_BY_JOB)):
        for state, row in rows.items():
            if row:
                lines.append(f"| {name} `{state}` | " + " | ".join(cell(row.get(c)) for c in Change) + " |")  # type: ignore[attr-defined]
    return "\n".join(lines) + "\n"


def cell(found: PhaseState | Refused | None) -> str:
    if found is None:
        return ""
    if isinstance(found, Refused):
        return f"*{found.code}*"
    return "to do" if found is PhaseState.READY else found.value


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    text = text.replace(BEGIN + shown(text) + END, BEGIN + table() + END)
    stale = CHANGES_BEGIN + shown(text, CHANGES_BEGIN, CHANGES_END) + CHANGES_END
    text = text.replace(stale, CHANGES_BEGIN + table_of_changes() + CHANGES_END)
    PAGE.write_text(text, encoding="utf-8")
