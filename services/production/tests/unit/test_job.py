"""A job's phases, whatever people do and in whatever order."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from optima_kit.refusals import Invalid, Refusal, WrongState
from production.domain import job_changes, phase_steps
from production.domain.economics import Economics, margin, price
from production.domain.job import OPEN as UNFINISHED
from production.domain.job import (
    OVER,
    TO_DO,
    Item,
    Job,
    Phase,
    RejectedAttempt,
    awaits_others,
    shares_of,
)
from production.domain.kinds import Kind, PhaseDefinition
from production.domain.machine import JobState, OrderState, PhaseState
from production.domain.outside import CameBack, Outside
from production.domain.plan import Schedule
from production.domain.quantities import (
    finished_so_far,
    most_to_make,
    produced_quantity,
    quantity_bounds,
    to_work_on,
    work_outside,
)
from production.domain.shares import MOST_SHARES, with_shares_for

OPEN = OrderState.IN_PRODUCTION
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ECONOMICS = Economics(Decimal("900.00"), Decimal("2.50"), "Grafiche Rossi", "cartone", "CMYK, 3 mm", "22")


SCHEDULE = Schedule(date(2027, 1, 29), lambda day: day.weekday() < 5)


def kind(*phases: PhaseDefinition, tolerance: int = 10) -> Kind:
    return Kind(uuid4(), "espositore", "Espositore", phases, Decimal(tolerance), version=1)


LINE = kind(
    PhaseDefinition("stampa", "Stampa"),
    PhaseDefinition("taglio", "Taglio", ("stampa",), quality_check=True),
    PhaseDefinition("laccatura", "Laccatura", ("stampa",), skippable=True),
    PhaseDefinition("confezione", "Confezione", ("taglio", "laccatura")),
)


def a_job(of: Kind | None = LINE, quantity: str = "500") -> Job:
    item = Item(uuid4(), "espositore", "Espositore da banco", Decimal(quantity), "pz", ())
    return job_changes.planned_job(
        item, of, SCHEDULE, job_id=uuid4(), order_id=uuid4(), position=1, new_id=uuid4
    )


def ready_job() -> Job:
    return job_changes.with_economics(OPEN, a_job(), ECONOMICS)


def by_key(job: Job, key: str) -> Phase:
    return next(phase for phase in job.phases if phase.key == key)


def worked(job: Job, key: str, quantity: str = "500") -> Job:
    phase = by_key(job, key)
    job = phase_steps.assigned(OPEN, job, phase.id, uuid4(), replaces=False)
    job = phase_steps.started(OPEN, job, phase.id, NOW)
    return phase_steps.completed(
        OPEN, job, phase.id, Decimal(quantity), "", NOW + timedelta(hours=1), "Avviamento"
    )


def code_of(refused: pytest.ExceptionInfo[Refusal]) -> str:
    return refused.value.code


def test_a_job_waits_for_economics_then_its_phases_can_be_assigned() -> None:
    job = a_job()
    assert job.state is JobState.PLANNED
    with pytest.raises(WrongState) as refused:
        phase_steps.assigned(OPEN, job, job.phases[0].id, uuid4(), replaces=False)
    assert code_of(refused) == "economics_not_set"
    assert job_changes.with_economics(OPEN, job, ECONOMICS).state is JobState.READY


def test_an_unknown_kind_blocks_the_job_until_it_is_defined() -> None:
    job = a_job(of=None)
    assert (job.state, job.blocked_reason, job.phases) == (JobState.BLOCKED, "kind unknown", ())
    assert job_changes.with_kind_defined(job, LINE, SCHEDULE, uuid4).state is JobState.PLANNED
    valued = job_changes.with_economics(OPEN, job, ECONOMICS)
    assert valued.state is JobState.BLOCKED
    with_kind_defined = job_changes.with_kind_defined(valued, LINE, SCHEDULE, uuid4)
    assert (with_kind_defined.state, len(with_kind_defined.phases)) == (JobState.READY, 4)


def test_no_phase_starts_before_its_predecessors() -> None:
    job = ready_job()
    cut = by_key(job, "taglio")
    job = phase_steps.assigned(OPEN, job, cut.id, uuid4(), replaces=False)
    assert by_key(job, "taglio").state is PhaseState.WAITING
    with pytest.raises(WrongState) as refused:
        phase_steps.started(OPEN, job, cut.id, NOW)
    assert code_of(refused) == "predecessors_not_over"
    assert refused.value.facts["awaited"] == "Stampa"
    assert by_key(worked(job, "stampa"), "taglio").state is PhaseState.ASSIGNED


def test_a_job_is_done_when_all_its_phases_are_and_yields_what_the_last_made() -> None:
    job = worked(worked(ready_job(), "stampa", "520"), "taglio", "510")
    job = phase_steps.accepted(OPEN, job, by_key(job, "taglio").id, uuid4())
    job = phase_steps.skipped(OPEN, job, by_key(job, "laccatura").id)
    assert job.state is JobState.RUNNING
    job = worked(job, "confezione", "495")
    assert (job.state, job.produced) == (JobState.DONE, Decimal(495))


def test_a_piece_is_whole_only_when_every_last_phase_has_made_it() -> None:
    two_ends = kind(
        PhaseDefinition("a", "A"), PhaseDefinition("b", "B", ("a",)), PhaseDefinition("c", "C", ("a",))
    )
    job = worked(job_changes.with_economics(OPEN, a_job(two_ends), ECONOMICS), "a", "540")
    job = worked(worked(job, "b", "510"), "c", "480")
    assert job.produced == Decimal(480)


def test_a_skipped_last_phase_yields_what_came_before_it() -> None:
    ending = kind(PhaseDefinition("a", "A"), PhaseDefinition("b", "B", ("a",), skippable=True))
    job = worked(job_changes.with_economics(OPEN, a_job(ending), ECONOMICS), "a", "470")
    job = phase_steps.skipped(OPEN, job, by_key(job, "b").id)
    assert (job.state, job.produced) == (JobState.DONE, Decimal(470))


@pytest.mark.parametrize(
    ("quantity", "fits"),
    [("450", True), ("550", True), ("449.999", False), ("550.001", False), ("500", True)],
)
def test_a_phase_is_completed_within_the_tolerance(quantity: str, fits: bool) -> None:
    if fits:
        worked(ready_job(), "stampa", quantity)
        return
    with pytest.raises(Invalid) as refused:
        worked(ready_job(), "stampa", quantity)
    assert (code_of(refused), refused.value.field) == ("quantity_beyond_tolerance", "quantity")
    assert (refused.value.facts["least"], refused.value.facts["most"]) == (450, 550)


@given(
    quantities=st.lists(st.integers(450, 550), min_size=3, max_size=3),
    skipped=st.booleans(),
)
def test_no_phase_yields_more_than_the_phases_before_it_handed_on(
    quantities: list[int], skipped: bool
) -> None:
    line = kind(
        PhaseDefinition("a", "A"),
        PhaseDefinition("b", "B", ("a",), skippable=True),
        PhaseDefinition("c", "C", ("b",)),
    )
    job, handed_on = job_changes.with_economics(OPEN, a_job(line), ECONOMICS), 550
    for key, quantity in zip("abc", quantities, strict=True):
        if key == "b" and skipped:
            job = phase_steps.skipped(OPEN, job, by_key(job, key).id)
        elif quantity <= handed_on:
            job, handed_on = worked(job, key, str(quantity)), quantity
        else:
            with pytest.raises(Invalid) as refused:
                worked(job, key, str(quantity))
            assert (refused.value.code, refused.value.facts["most"]) == (
                "quantity_beyond_predecessors",
                handed_on,
            )
            return
    assert job.produced == handed_on


@given(quantities=st.lists(st.integers(450, 550), min_size=3, max_size=3))
def test_what_is_lost_is_recorded_with_its_reason(quantities: list[int]) -> None:
    line = kind(
        PhaseDefinition("a", "A"), PhaseDefinition("b", "B", ("a",)), PhaseDefinition("c", "C", ("b",))
    )
    job, to_work_on = job_changes.with_economics(OPEN, a_job(line), ECONOMICS), 500
    for key, quantity in zip("abc", sorted(quantities, reverse=True), strict=True):
        phase = by_key(worked(job, key, str(quantity)), key)
        lost = max(to_work_on - quantity, 0)
        assert (phase.lost, phase.loss_reason) == (lost, "Avviamento" if lost else None)
        job, to_work_on = worked(job, key, str(quantity)), quantity
    surplus = max(max(quantities) - 500, 0)
    assert job.produced == 500 + surplus - sum(each.lost or 0 for each in job.phases)


def test_a_loss_without_a_reason_is_refused() -> None:
    job = ready_job()
    printing = by_key(job, "stampa")
    job = phase_steps.assigned(OPEN, job, printing.id, uuid4(), replaces=False)
    job = phase_steps.started(OPEN, job, printing.id, NOW)
    with pytest.raises(Invalid) as refused:
        phase_steps.completed(OPEN, job, printing.id, Decimal("499.5"), "", NOW)
    assert (code_of(refused), refused.value.field) == ("loss_reason_missing", "loss_reason")
    assert refused.value.facts["lost"] == Decimal("0.5")
    assert by_key(phase_steps.completed(OPEN, job, printing.id, Decimal(501), "", NOW), "stampa").lost == 0


SHEETS = kind(
    PhaseDefinition("stampa", "Stampa", unit="fg", factor=Decimal(8)),
    PhaseDefinition("taglio", "Taglio", ("stampa",)),
)


@given(sheets=st.integers(57, 68), pieces=st.integers(450, 550))
def test_phases_of_other_units_hand_on_what_they_make_of_the_jobs(sheets: int, pieces: int) -> None:
    job = job_changes.with_economics(OPEN, a_job(SHEETS), ECONOMICS)
    assert quantity_bounds(job.phases[0], Decimal(500), Decimal(10)) == (
        Decimal("56.25"),
        Decimal("68.75"),
    )
    job = worked(job, "stampa", str(sheets))
    if pieces > sheets * 8:
        with pytest.raises(Invalid) as refused:
            worked(job, "taglio", str(pieces))
        assert (code_of(refused), refused.value.facts["most"]) == ("quantity_beyond_predecessors", sheets * 8)
        return
    job = worked(job, "taglio", str(pieces))
    assert (job.produced, job.phases[1].lost) == (pieces, sheets * 8 - pieces)
    assert job.phases[0].lost == max(Decimal("62.5") - sheets, 0)


def test_a_mistyped_kind_is_corrected_while_the_job_waits_for_it() -> None:
    waiting = a_job(None)
    job = job_changes.with_kind_corrected(OPEN, waiting, replace(LINE, key="vetrofania"), SCHEDULE, uuid4)
    assert (job.state, job.item.kind, len(job.phases)) == (JobState.PLANNED, "vetrofania", 4)
    with pytest.raises(WrongState) as refused:
        job_changes.with_kind_corrected(OPEN, job, LINE, SCHEDULE, uuid4)
    assert code_of(refused) == "job_not_blocked"


def test_rejected_work_goes_back_to_its_assignee_and_is_kept() -> None:
    job = worked(ready_job(), "stampa")
    job = worked(job, "taglio", "480")
    cut = by_key(job, "taglio")
    assert cut.state is PhaseState.TO_INSPECT
    inspector = uuid4()
    again, refused = phase_steps.rejected(
        OPEN, job, cut.id, "Bordi irregolari", rejected_by=inspector, now=NOW, assignee_has_left=False
    )
    fresh = by_key(again, "taglio")
    assert (fresh.state, fresh.assignee_id, fresh.attempt) == (PhaseState.ASSIGNED, cut.assignee_id, 2)
    assert (fresh.started_at, fresh.completed_at, fresh.quantity) == (None, None, None)
    assert (refused.attempt, refused.quantity, refused.reason) == (1, Decimal(480), "Bordi irregolari")
    assert refused.rejected_by == inspector


def test_done_work_can_be_rejected_until_it_is_built_upon() -> None:
    job = worked(ready_job(), "stampa")
    printing = by_key(job, "stampa")
    back, _ = phase_steps.rejected(
        OPEN, job, printing.id, "Colori sbagliati", rejected_by=uuid4(), now=NOW, assignee_has_left=False
    )
    assert by_key(back, "taglio").state is PhaseState.WAITING
    cut = by_key(job, "taglio")
    job = phase_steps.assigned(OPEN, job, cut.id, uuid4(), replaces=False)
    job = phase_steps.started(OPEN, job, cut.id, NOW)
    with pytest.raises(WrongState) as refused:
        phase_steps.rejected(
            OPEN, job, printing.id, "Colori sbagliati", rejected_by=uuid4(), now=NOW, assignee_has_left=False
        )
    assert code_of(refused) == "work_built_upon"


def test_nothing_is_rejected_of_a_job_that_is_done() -> None:
    only = kind(PhaseDefinition("a", "A"))
    job = worked(job_changes.with_economics(OPEN, a_job(only), ECONOMICS), "a")
    with pytest.raises(WrongState) as refused:
        phase_steps.rejected(
            OPEN, job, job.phases[0].id, "Tardi", rejected_by=uuid4(), now=NOW, assignee_has_left=False
        )
    assert code_of(refused) == "job_already_done"


def test_started_work_changes_hands_only_when_its_assignee_has_left() -> None:
    job = ready_job()
    printing, other = job.phases[0].id, uuid4()
    job = phase_steps.assigned(OPEN, job, printing, uuid4(), replaces=False)
    job = phase_steps.assigned(OPEN, job, printing, other, replaces=False)
    job = phase_steps.started(OPEN, job, printing, NOW)
    with pytest.raises(WrongState) as refused:
        phase_steps.assigned(OPEN, job, printing, uuid4(), replaces=False)
    assert code_of(refused) == "phase_already_started"
    heir = uuid4()
    job = phase_steps.assigned(OPEN, job, printing, heir, replaces=True)
    assert (job.phases[0].state, job.phases[0].assignee_id) == (PhaseState.ASSIGNED, heir)
    assert job.phases[0].started_at is None


@pytest.mark.parametrize("taken_over", [True, False])
def test_what_who_left_had_still_to_do_is_the_successors_or_nobodys(taken_over: bool) -> None:
    leaver, heir = uuid4(), uuid4() if taken_over else None
    job = worked(ready_job(), "stampa")
    for key in ("taglio", "laccatura", "confezione"):
        job = phase_steps.assigned(OPEN, job, by_key(job, key).id, leaver, replaces=False)
    job = phase_steps.started(OPEN, job, by_key(job, "taglio").id, NOW)
    job, phases = phase_steps.after_departure_of(job, leaver, heir)
    assert [phase.key for phase in phases] == ["taglio", "laccatura", "confezione"]
    assert {phase.assignee_id for phase in phases} == {heir}
    begins = PhaseState.ASSIGNED if taken_over else PhaseState.READY
    assert [phase.state for phase in phases] == [begins, begins, PhaseState.WAITING]
    assert by_key(job, "taglio").started_at is None
    assert phase_steps.after_departure_of(job, leaver, heir) == (job, ())


def test_work_to_inspect_keeps_its_name_and_goes_to_nobody_if_refused() -> None:
    job = worked(worked(ready_job(), "stampa"), "taglio")
    cut = by_key(job, "taglio")
    assert cut.assignee_id is not None
    assert phase_steps.after_departure_of(job, cut.assignee_id, uuid4()) == (job, ())
    job, refused = phase_steps.rejected(
        OPEN, job, cut.id, "Bordi", rejected_by=uuid4(), now=NOW, assignee_has_left=True
    )
    assert refused.assignee_id == cut.assignee_id
    assert (by_key(job, "taglio").state, by_key(job, "taglio").assignee_id) == (PhaseState.READY, None)


def test_only_a_skippable_phase_that_has_not_started_is_skipped() -> None:
    job = ready_job()
    with pytest.raises(WrongState) as refused:
        phase_steps.skipped(OPEN, job, by_key(job, "stampa").id)
    assert code_of(refused) == "phase_not_skippable"
    job = worked(worked(job, "stampa"), "laccatura")
    with pytest.raises(WrongState) as refused:
        phase_steps.skipped(OPEN, job, by_key(job, "laccatura").id)
    assert code_of(refused) == "phase_wrong_state"


def test_a_cancelled_job_stops_and_can_go_on_where_it_was() -> None:
    job = worked(worked(ready_job(), "stampa"), "taglio")
    coating = by_key(job, "laccatura")
    job = phase_steps.assigned(OPEN, job, coating.id, uuid4(), replaces=False)
    job = phase_steps.started(OPEN, job, coating.id, NOW)
    stopped = phase_steps.cancelled(job)
    assert stopped.state is JobState.CANCELLED
    assert {p.key: p.state.value for p in stopped.phases} == {
        "stampa": "done", "taglio": "cancelled", "laccatura": "cancelled", "confezione": "cancelled",
    }  # fmt: skip
    attempts: list[Callable[[], Job]] = [
        lambda: phase_steps.completed(OPEN, stopped, coating.id, Decimal(500), "", NOW),
        lambda: job_changes.with_economics(OPEN, stopped, ECONOMICS),
        lambda: phase_steps.assigned(OPEN, stopped, coating.id, uuid4(), replaces=True),
        lambda: phase_steps.skipped(OPEN, stopped, coating.id),
    ]
    for attempt in attempts:
        with pytest.raises(WrongState):
            attempt()
    assert phase_steps.resumed(stopped) == replace(job, version=stopped.version + 1)


def test_price_is_rounded_half_up_and_margin_may_be_negative() -> None:
    economics = replace(ECONOMICS, unit_price=Decimal("0.33"), cost=Decimal("2.00"))
    assert price(economics, Decimal("1.5")) == Decimal("0.50")
    assert margin(economics, Decimal("1.5")) == Decimal("-1.50")


def test_a_price_beyond_what_documents_can_carry_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        job_changes.with_economics(OPEN, a_job(), replace(ECONOMICS, unit_price=Decimal("999999999999.99")))
    assert (code_of(refused), refused.value.field) == ("price_too_large", "unit_price")


PASS_BY = kind(
    PhaseDefinition("stampa", "Stampa"),
    PhaseDefinition("plastifica", "Plastificazione", ("stampa",), skippable=True),
    PhaseDefinition("taglio", "Taglio", ("plastifica",)),
)


def test_work_may_be_rejected_until_a_later_phase_has_really_begun() -> None:
    job = job_changes.with_economics(OPEN, a_job(PASS_BY), ECONOMICS)
    job = phase_steps.skipped(OPEN, job, by_key(job, "plastifica").id)
    assert by_key(job, "taglio").state is PhaseState.WAITING
    job = worked(job, "stampa")
    assert by_key(job, "taglio").state is PhaseState.READY
    printing = by_key(job, "stampa").id
    how = {"rejected_by": uuid4(), "now": NOW, "assignee_has_left": False}
    again, _ = phase_steps.rejected(OPEN, job, printing, "Sbavature", **how)
    assert by_key(again, "taglio").state is PhaseState.WAITING
    cut = by_key(job, "taglio").id
    job = phase_steps.started(OPEN, phase_steps.assigned(OPEN, job, cut, uuid4(), replaces=False), cut, NOW)
    with pytest.raises(WrongState) as refused:
        phase_steps.rejected(OPEN, job, printing, "Sbavature", **how)
    assert (code_of(refused), refused.value.facts["successor"]) == ("work_built_upon", "Taglio")


def test_nobody_accepts_their_own_work() -> None:
    job = worked(worked(ready_job(), "stampa"), "taglio")
    cut = by_key(job, "taglio")
    assert cut.assignee_id is not None
    with pytest.raises(WrongState) as refused:
        phase_steps.accepted(OPEN, job, cut.id, cut.assignee_id)
    assert code_of(refused) == "own_work"


def test_a_job_is_never_skipped_as_a_whole() -> None:
    loose = kind(*(PhaseDefinition(key, key.upper(), skippable=True) for key in "ab"))
    job = job_changes.with_economics(OPEN, a_job(loose), ECONOMICS)
    job = phase_steps.skipped(OPEN, job, by_key(job, "a").id)
    with pytest.raises(WrongState) as refused:
        phase_steps.skipped(OPEN, job, by_key(job, "b").id)
    assert code_of(refused) == "nothing_left_to_make"


ON_PARTS = kind(
    PhaseDefinition("stampa", "Stampa"),
    PhaseDefinition("taglio", "Taglio", ("stampa",), starts_on_parts=True),
)


def begun(job: Job, key: str) -> Job:
    phase = by_key(job, key).id
    return phase_steps.started(
        OPEN, phase_steps.assigned(OPEN, job, phase, uuid4(), replaces=False), phase, NOW
    )


def test_a_phase_may_begin_on_a_part_and_ends_after_the_one_before() -> None:
    job = begun(job_changes.with_economics(OPEN, a_job(ON_PARTS, "100"), ECONOMICS), "stampa")
    printing, cut = (phase.id for phase in job.phases)
    assert by_key(job, "taglio").state is PhaseState.WAITING
    job = begun(phase_steps.reported(OPEN, job, printing, Decimal(40)), "taglio")
    with pytest.raises(Invalid) as too_large:
        phase_steps.reported(OPEN, job, cut, Decimal(41))
    assert (code_of(too_large), too_large.value.facts["most"]) == ("part_too_large", 40)
    job = phase_steps.reported(OPEN, job, cut, Decimal(40))
    with pytest.raises(WrongState) as early:
        phase_steps.completed(OPEN, job, cut, Decimal(100), "", NOW)
    assert (code_of(early), early.value.facts["awaited"]) == ("predecessors_not_complete", "Stampa")
    with pytest.raises(Invalid) as below:
        phase_steps.completed(OPEN, job, printing, Decimal(39), "", NOW, "Avviamento")
    assert code_of(below) == "quantity_below_parts"
    job = phase_steps.completed(OPEN, job, printing, Decimal(100), "", NOW)
    job = phase_steps.completed(OPEN, job, cut, Decimal(100), "", NOW)
    assert (job.state, job.produced) == (JobState.DONE, Decimal(100))


def test_what_waits_for_inspection_hands_on_no_parts() -> None:
    inspected = kind(
        PhaseDefinition("stampa", "Stampa", quality_check=True),
        PhaseDefinition("taglio", "Taglio", ("stampa",), starts_on_parts=True),
    )
    job = begun(job_changes.with_economics(OPEN, a_job(inspected, "100"), ECONOMICS), "stampa")
    job = phase_steps.reported(OPEN, job, job.phases[0].id, Decimal(40))
    assert by_key(job, "taglio").state is PhaseState.WAITING


def test_a_phase_is_given_back_without_what_was_handed_in_of_it() -> None:
    job = begun(job_changes.with_economics(OPEN, a_job(ON_PARTS, "100"), ECONOMICS), "stampa")
    printing = job.phases[0].id
    job = phase_steps.given_back(OPEN, phase_steps.reported(OPEN, job, printing, Decimal(40)), printing)
    back = job.phases[0]
    assert (back.state, back.assignee_id, back.started_at) == (PhaseState.READY, None, None)
    assert back.made_so_far == Decimal(40)
    assert by_key(job, "taglio").state is PhaseState.READY


TWO = kind(
    PhaseDefinition("stampa", "Stampa"),
    PhaseDefinition("taglio", "Taglio", ("stampa",), starts_on_parts=True),
)


def split_off(job: Job, key: str, quantity: str) -> Job:
    phase = by_key(job, key)
    return phase_steps.split(OPEN, job, phase.id, Decimal(quantity), share_id=uuid4())


def made(job: Job, key: str, *quantities: str) -> Job:
    """Every share of the phase is worked on, and makes so much."""
    for phase, quantity in zip(shares_of(job, key), quantities, strict=True):
        job = phase_steps.assigned(OPEN, job, phase.id, uuid4(), replaces=True)
        job = phase_steps.started(OPEN, job, phase.id, NOW)
        job = phase_steps.completed(OPEN, job, phase.id, Decimal(quantity), "", NOW, "Avviamento")
    return job


def test_what_comes_after_waits_for_every_share_and_works_on_what_they_made_together() -> None:
    job = split_off(job_changes.with_economics(OPEN, a_job(TWO), ECONOMICS), "stampa", "200")
    assert [(p.key, p.share, p.share_number) for p in job.phases] == [
        ("stampa", Decimal(300), 1),
        ("stampa", Decimal(200), 2),
        ("taglio", None, 1),
    ]
    first, second, cut = job.phases
    job = worked(job, "stampa", "290")
    assert (job.state, job.phases[2].state) == (JobState.RUNNING, PhaseState.READY)
    assert to_work_on(job, cut) == Decimal(290)
    assert job.phase(first.id).lost == Decimal(10)
    job = phase_steps.assigned(OPEN, job, second.id, uuid4(), replaces=False)
    job = phase_steps.started(OPEN, job, second.id, NOW)
    with pytest.raises(Invalid) as refused:
        phase_steps.completed(OPEN, job, second.id, Decimal(221), "", NOW)
    assert (code_of(refused), refused.value.facts["most"]) == ("quantity_beyond_tolerance", Decimal(220))
    job = phase_steps.completed(OPEN, job, second.id, Decimal(200), "", NOW)
    assert to_work_on(job, cut) == Decimal(490)
    job = worked(job, "taglio", "485")
    assert (job.state, job.produced) == (JobState.DONE, Decimal(485))


def test_what_the_last_phases_handed_in_is_finished_before_the_rest() -> None:
    job = begun(made(job_changes.with_economics(OPEN, a_job(TWO), ECONOMICS), "stampa", "500"), "taglio")
    assert finished_so_far(job) == 0
    job = phase_steps.reported(OPEN, job, by_key(job, "taglio").id, Decimal(120))
    assert finished_so_far(job) == Decimal(120)


def test_nothing_is_finished_before_its_quality_check() -> None:
    checked = kind(
        PhaseDefinition("stampa", "Stampa"), PhaseDefinition("taglio", "Taglio", quality_check=True)
    )
    job = made(job_changes.with_economics(OPEN, a_job(checked), ECONOMICS), "taglio", "500")
    job = begun(job, "stampa")
    job = phase_steps.reported(OPEN, job, by_key(job, "stampa").id, Decimal(120))
    assert finished_so_far(job) == 0
    job = phase_steps.accepted(OPEN, job, by_key(job, "taglio").id, uuid4())
    assert finished_so_far(job) == Decimal(120)


def test_work_is_not_made_again_that_may_be_in_the_warehouse() -> None:
    job = split_off(
        job_changes.with_economics(OPEN, a_job(kind(PhaseDefinition("a", "A"))), ECONOMICS), "a", "200"
    )
    job = phase_steps.completed(OPEN, begun(job, "a"), job.phases[0].id, Decimal(300), "", NOW)
    assert finished_so_far(job) == Decimal(300)
    with pytest.raises(WrongState) as refused:
        phase_steps.rejected(
            OPEN, job, job.phases[0].id, "Storto", rejected_by=uuid4(), now=NOW, assignee_has_left=False
        )
    assert code_of(refused) == "work_finished_in_part"


def test_shares_leave_each_other_the_least_that_each_must_make() -> None:
    job = job_changes.with_economics(OPEN, a_job(TWO), ECONOMICS)
    job = split_off(made(job, "stampa", "450"), "taglio", "200")
    with pytest.raises(Invalid) as refused:
        made(job, "taglio", "271", "180")
    assert (code_of(refused), refused.value.facts["most"]) == ("quantity_beyond_predecessors", Decimal(270))
    assert made(job, "taglio", "270", "180").produced == Decimal(450)


def test_the_work_that_waits_for_an_inspection_is_handed_on_with_its_last_share() -> None:
    checked = kind(
        PhaseDefinition("stampa", "Stampa", quality_check=True),
        PhaseDefinition("taglio", "Taglio", ("stampa",), starts_on_parts=True),
    )
    job = split_off(job_changes.with_economics(OPEN, a_job(checked), ECONOMICS), "stampa", "200")
    job = made(job, "stampa", "300", "200")
    job = phase_steps.accepted(OPEN, job, job.phases[0].id, uuid4())
    assert by_key(job, "taglio").state is PhaseState.WAITING
    job, _ = phase_steps.rejected(
        OPEN, job, job.phases[1].id, "Storto", rejected_by=uuid4(), now=NOW, assignee_has_left=False
    )
    assert [p.attempt for p in job.phases] == [1, 2, 1]


def test_two_shares_that_nobody_has_begun_are_one_again() -> None:
    whole = job_changes.with_economics(OPEN, a_job(TWO), ECONOMICS)
    job = split_off(split_off(whole, "stampa", "200"), "stampa", "50")
    first, second, third = shares_of(job, "stampa")
    anna, bruno = uuid4(), uuid4()
    job = phase_steps.assigned(OPEN, job, second.id, anna, replaces=False)
    job, stays, goes = phase_steps.joined(OPEN, job, third.id, second.id)
    assert (stays.id, stays.share, stays.assignee_id, goes.id) == (second.id, Decimal(250), anna, third.id)
    assert stays.state is PhaseState.ASSIGNED
    given = phase_steps.assigned(OPEN, job, first.id, bruno, replaces=False)
    with pytest.raises(WrongState) as refused:
        phase_steps.joined(OPEN, given, first.id, second.id)
    assert code_of(refused) == "nothing_to_join", "Bruno and Anna would each lose a task"
    with pytest.raises(Invalid) as unknown:
        phase_steps.joined(OPEN, job, first.id, by_key(job, "taglio").id)
    assert code_of(unknown) == "shares_do_not_join"
    begun = phase_steps.started(OPEN, job, second.id, NOW)
    with pytest.raises(WrongState):
        phase_steps.joined(OPEN, begun, first.id, second.id)
    job, stays, _ = phase_steps.joined(OPEN, job, first.id, second.id)
    assert (stays.id, stays.share, stays.share_number, stays.assignee_id) == (first.id, None, 1, anna)
    assert [phase.key for phase in job.phases] == [phase.key for phase in whole.phases]


@pytest.mark.parametrize(
    ("handed_in", "quantity", "refusal"),
    [
        (None, "500", "split_takes_all"),
        (None, "499.999", None),
        ("200", "300", None),
        ("200", "301", "split_too_large"),
        ("500", "100", "nothing_left_to_split"),
    ],
)
def test_what_is_not_handed_in_yet_may_be_split_off(
    handed_in: str | None, quantity: str, refusal: str | None
) -> None:
    job = begun(job_changes.with_economics(OPEN, a_job(TWO), ECONOMICS), "stampa")
    if handed_in:
        job = phase_steps.reported(OPEN, job, job.phases[0].id, Decimal(handed_in))
    if refusal is None:
        after = split_off(job, "stampa", quantity)
        assert [p.state for p in after.phases[:2]] == [PhaseState.IN_PROGRESS, PhaseState.READY]
        assert after.phases[0].made_so_far == (Decimal(handed_in) if handed_in else None)
        return
    with pytest.raises(Refusal) as refused:
        split_off(job, "stampa", quantity)
    assert code_of(refused) == refusal


@pytest.mark.parametrize("factor", ["3", "7", "13", "0.3"])
@pytest.mark.parametrize("handed_in", ["0.077", "0.143", "11.111"])
def test_the_most_that_a_refused_split_names_may_be_split_off(factor: str, handed_in: str) -> None:
    sheets = kind(PhaseDefinition("stampa", "Stampa", factor=Decimal(factor)))
    job = begun(job_changes.with_economics(OPEN, a_job(sheets, "500000"), ECONOMICS), "stampa")
    phase = job.phases[0]
    job = phase_steps.reported(OPEN, job, phase.id, Decimal(handed_in))
    with pytest.raises(Invalid) as refused:
        split_off(job, "stampa", str(phase.in_own_unit(Decimal(500_000)) - Decimal("0.001")))
    assert code_of(refused) == "split_too_large"
    most = refused.value.facts["most"]
    after = split_off(job, "stampa", str(most))
    assert sum(each.share or 0 for each in after.phases) == Decimal(500_000)


def test_the_most_that_a_refused_split_names_is_a_share_to_three_decimals() -> None:
    """Of 100.5 pieces with a tolerance of 0.5 %, 99.9975 are sure to be handed on: 14.285 sheets of seven."""
    sheets = PhaseDefinition("taglio", "Taglio", ("stampa",), factor=Decimal(7), starts_on_parts=True)
    line = replace(kind(PhaseDefinition("stampa", "Stampa"), sheets), tolerance_percent=Decimal("0.5"))
    job = begun(job_changes.with_economics(OPEN, a_job(line, "100.5"), ECONOMICS), "stampa")
    job = phase_steps.reported(OPEN, job, job.phases[0].id, Decimal(1))
    with pytest.raises(Invalid) as refused:
        split_off(job, "taglio", "14.286")
    assert (code_of(refused), refused.value.facts["most"]) == ("split_too_large", Decimal("14.285"))
    after = split_off(job, "taglio", "14.285")
    assert [p.share for p in shares_of(after, "taglio")] == [Decimal("0.503"), Decimal("99.997")]


@pytest.mark.parametrize(
    ("ordered", "quantity", "refusal", "facts"),
    [
        ("500000", "0.001", "split_too_small", {"least": Decimal("0.004"), "unit": "pz"}),
        ("500000", "0.003", "split_too_small", {"least": Decimal("0.004"), "unit": "pz"}),
        ("500000", "0.004", None, {}),
        ("0.001", "0.001", "split_takes_all", {"share": Decimal("0.003"), "unit": "pz"}),
    ],
)
def test_a_split_makes_a_thousandth_in_the_unit_of_the_job(
    ordered: str, quantity: str, refusal: str | None, facts: dict[str, object]
) -> None:
    small = kind(PhaseDefinition("stampa", "Stampa", factor=Decimal("0.3")))
    job = begun(job_changes.with_economics(OPEN, a_job(small, ordered), ECONOMICS), "stampa")
    if refusal is None:
        assert split_off(job, "stampa", quantity).phases[1].share == Decimal("0.001")
        return
    with pytest.raises(Invalid) as refused:
        split_off(job, "stampa", quantity)
    assert (code_of(refused), refused.value.facts) == (refusal, facts)


def thousandths(most: int) -> st.SearchStrategy[Decimal]:
    return st.integers(1, most).map(lambda count: Decimal(count) / 1000)


ANY_FACTOR = st.sampled_from(["1", "0.3", "0.999", "0.001", "7", "5000"]).map(Decimal) | thousandths(20_000)


@given(
    factors=st.tuples(ANY_FACTOR, ANY_FACTOR),
    tolerance=st.sampled_from(["0", "0.5", "2", "10", "100"]).map(Decimal),
    ordered=thousandths(10) | thousandths(1_000_000),
    handed_in=st.tuples(thousandths(1000), thousandths(1000)),
    wanted=st.lists(
        st.tuples(st.integers(0, 5), thousandths(10) | thousandths(1000)), min_size=1, max_size=4
    ),
)
@settings(max_examples=200, deadline=None)
def test_a_split_is_refused_or_leaves_something_to_both(
    factors: tuple[Decimal, Decimal],
    tolerance: Decimal,
    ordered: Decimal,
    handed_in: tuple[Decimal, Decimal],
    wanted: list[tuple[int, Decimal]],
) -> None:
    """What a refusal names is no longer refused, and who keeps the rest can hand in what they have made."""
    first, second = factors
    phases = (
        PhaseDefinition("a", "A", factor=first),
        PhaseDefinition("b", "B", ("a",), factor=second, starts_on_parts=True),
    )
    line = replace(kind(*phases), tolerance_percent=tolerance)
    job = job_changes.with_economics(OPEN, a_job(line, str(ordered)), ECONOMICS)
    for key, part in zip("ab", handed_in, strict=True):
        with contextlib.suppress(Refusal):
            job = begun(job, key)
            phase = by_key(job, key)
            job = phase_steps.reported(OPEN, job, phase.id, phase.in_own_unit(ordered * part))
    for index, amount in wanted:
        phase = job.phases[index % len(job.phases)]
        share = phase.share_of(ordered)
        quantity = amount if amount <= Decimal("0.01") else phase.in_own_unit(share * amount)
        before = {each.id for each in job.phases}
        try:
            job = phase_steps.split(OPEN, job, phase.id, quantity, share_id=uuid4())
        except Invalid as refused:
            named = refused.facts.get("most", refused.facts.get("least"))
            if not isinstance(named, Decimal):
                continue
            job = phase_steps.split(OPEN, job, phase.id, named, share_id=uuid4())
        except WrongState:
            continue
        (added,) = (each.share for each in job.phases if each.id not in before)
        kept = job.phase(phase.id).share
        assert added is not None
        assert kept is not None
        assert min(kept, added) > 0
        assert (round(kept, 3), round(added, 3), kept + added) == (kept, added, share)
        assert (phase.made_so_far or 0) <= most_to_make(job, job.phase(phase.id))


def test_a_phase_is_split_into_so_many_shares_and_not_skipped_then() -> None:
    skippable = kind(PhaseDefinition("a", "A", skippable=True), PhaseDefinition("b", "B"))
    job = job_changes.with_economics(OPEN, a_job(skippable), ECONOMICS)
    for _ in range(MOST_SHARES - 1):
        job = split_off(job, "a", "10")
    with pytest.raises(WrongState) as refused:
        split_off(job, "a", "10")
    assert code_of(refused) == "shares_too_many"
    with pytest.raises(WrongState) as refused:
        phase_steps.skipped(OPEN, job, job.phases[0].id)
    assert code_of(refused) == "phase_split"


@pytest.mark.parametrize(
    ("quantity", "shares"),
    [("1000", ["600", "400"]), ("7", ["4", "3"]), ("1", ["0.6", "0.4"]), ("0.001", None)],
)
def test_shares_follow_a_changed_quantity_in_proportion(quantity: str, shares: list[str] | None) -> None:
    job = split_off(job_changes.with_economics(OPEN, a_job(TWO), ECONOMICS), "stampa", "200")
    if shares is not None:
        after = with_shares_for(job, Decimal(quantity))
        assert [p.share for p in after.phases] == [*map(Decimal, shares), None]
        return
    with pytest.raises(Invalid) as refused:
        with_shares_for(job, Decimal(quantity))
    assert code_of(refused) == "quantity_below_shares"


FACTORS = st.sampled_from(["1", "1", "3", "7", "8", "12", "24", "5000", "0.3", "0.5"])


@st.composite
def kinds_in_units(draw: st.DrawFn) -> Kind:
    """Of phases that count in sheets, boxes or halves, one after the other or beside each other."""
    phases = [
        PhaseDefinition(
            f"f{i}",
            f"Fase {i}",
            tuple(f"f{j}" for j in range(i) if draw(st.booleans())),
            factor=Decimal(draw(FACTORS)),
        )
        for i in range(draw(st.integers(1, 4)))
    ]
    return replace(kind(*phases), tolerance_percent=Decimal(draw(st.sampled_from(["0", "0.5", "2", "10"]))))


def all_back(job: Job, phase: Phase, good: Decimal) -> Job:
    """The job, of whose phase all that may go to the company outside went there and came back, `good` of it
    in good order."""
    sent = work_outside(OPEN, job, job.phase(phase.id)).quantity
    good = min(good, sent)
    outside = Outside("FIN-01", sent, CameBack(good, sent - good))
    phases = (replace(p, outside=outside) if p.id == phase.id else p for p in job.phases)
    return replace(job, phases=tuple(phases))


@given(
    of=kinds_in_units(),
    quantity=st.sampled_from(["1", "7", "33.35", "33.4", "99.99", "100", "0.125", "1234", "12345", "12346"]),
    split=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["0.3", "0.5"])), max_size=3),
    outside=st.sets(st.integers(0, 3)),
    least=st.booleans(),
)
@settings(max_examples=100, deadline=None)
def test_whatever_units_phases_count_in_their_work_can_end(
    of: Kind, quantity: str, split: list[tuple[int, str]], outside: set[int], least: bool
) -> None:
    """Though a hundred pieces are no number of sheets of three. `outside`: the phases that a company outside
    does. `least`: each makes as little as it may."""
    ordered, tolerance = Decimal(quantity), of.tolerance_percent
    job = job_changes.with_economics(OPEN, a_job(of, quantity), ECONOMICS)
    for index, part in split:
        phase = job.phases[index % len(job.phases)]
        with contextlib.suppress(Refusal):
            taken = phase.in_own_unit(phase.share_of(ordered) * Decimal(part))
            job = phase_steps.split(OPEN, job, phase.id, taken, share_id=uuid4())
    while job.state is not JobState.DONE:
        free = (p for p in job.phases if p.state not in OVER and not awaits_others(job, p))
        phase = next(free)
        fewest, _ = quantity_bounds(phase, ordered, tolerance)
        wanted = fewest if least else max(fewest, phase.in_own_unit(phase.share_of(ordered)))
        job = phase_steps.assigned(OPEN, job, phase.id, uuid4(), replaces=False)
        goes_out = int(phase.key[1:]) in outside
        if goes_out:
            job = phase_steps.outsourced(OPEN, job, phase.id, "FIN-01")
        job = phase_steps.started(OPEN, job, phase.id, NOW)
        made = min(wanted, most_to_make(job, phase))
        assert made > 0, "nobody hands in nothing"
        if goes_out:
            job = all_back(job, job.phase(phase.id), made)
        job = phase_steps.completed(OPEN, job, phase.id, made, "", NOW, "Avviamento")
    assert job.produced is not None
    # Each phase may lose a thousandth of its own unit, and its conversion a thousandth of the job's.
    lost = (max(phase.factor for phase in of.phases) + 1) * len(job.phases) / 1000
    assert ordered * (100 - tolerance) / 100 - lost <= job.produced
    assert job.produced <= ordered * (100 + tolerance) / 100
    if not least:
        assert job.produced == ordered


@st.composite
def kinds(draw: st.DrawFn) -> Kind:
    count = draw(st.integers(1, 6))
    return kind(
        *(
            PhaseDefinition(
                f"f{i}",
                f"Fase {i}",
                tuple(f"f{j}" for j in sorted(draw(st.sets(st.integers(0, i - 1)) if i else st.just(set())))),
                quality_check=draw(st.booleans()),
                skippable=draw(st.booleans()),
                starts_on_parts=draw(st.booleans()),
            )
            for i in range(count)
        )
    )


def over_keys(job: Job) -> set[str]:
    """Keys of the phases after which work may go on: a skipped one stands for those before it."""

    def over(key: str) -> bool:
        return all(
            phase.state is PhaseState.DONE
            or (phase.state is PhaseState.SKIPPED and all(over(each) for each in phase.after))
            for phase in shares_of(job, key)
        )

    return {phase.key for phase in job.phases if over(phase.key)}


def parts_of(job: Job) -> set[str]:
    """Keys of the phases of which a part was handed on, and nothing waits for an inspection."""
    handed_in = {p.key for p in job.phases if p.made_so_far is not None or p.quantity is not None}
    return {p.key for p in job.phases if p.state in TO_DO and p.key in handed_in and not p.quality_check}


def made_by(job: Job, key: str) -> Decimal | None:
    """What all shares of a phase have made, or handed in so far; None before the first."""
    made = [p.made_so_far if p.quantity is None else p.quantity for p in job.phases if p.key == key]
    found = [each for each in made if each is not None]
    return sum(found, Decimal(0)) if found else None


class PhaseGraph(RuleBasedStateMachine):
    """Any sequence of requests, most of them out of turn."""

    job: Job
    people: tuple[UUID, ...]

    @initialize(of=kinds())
    def an_order_arose(self, of: Kind) -> None:
        self.job = a_job(of)
        self.people = (uuid4(), uuid4())
        self.clock = NOW
        self.told_done = 0
        self.finished = Decimal(0)
        self.refused: list[RejectedAttempt] = []

    def attempt(self, happen: object, *arguments: object, **named: object) -> None:
        before = self.job
        try:
            result = happen(OPEN, self.job, *arguments, **named)  # type: ignore[operator]
        except Refusal:
            assert self.job is before
            return
        if isinstance(result, tuple):
            result, refused = result
            self.refused.append(refused)
        self.job = result
        self.clock += timedelta(minutes=1)
        assert self.job.version == before.version + 1
        if before.state is not JobState.DONE and self.job.state is JobState.DONE:
            self.told_done += 1

    phase_index = st.integers(0, 7)

    def at(self, index: int) -> UUID:
        return self.job.phases[index % len(self.job.phases)].id

    @precondition(lambda self: self.job.economics is None)
    @rule()
    def value(self) -> None:
        self.attempt(job_changes.with_economics, ECONOMICS)

    @rule(index=phase_index, person=st.integers(0, 1), left=st.booleans())
    def assign(self, index: int, person: int, left: bool) -> None:
        self.attempt(phase_steps.assigned, self.at(index), self.people[person], replaces=left)

    @rule(index=phase_index)
    def start(self, index: int) -> None:
        self.attempt(phase_steps.started, self.at(index), self.clock)

    @rule(index=phase_index, quantity=st.sampled_from(["40", "300", "500"]))
    def report(self, index: int, quantity: str) -> None:
        self.attempt(phase_steps.reported, self.at(index), Decimal(quantity))

    @rule(index=phase_index)
    def give_back(self, index: int) -> None:
        self.attempt(phase_steps.given_back, self.at(index))

    @rule(index=phase_index, quantity=st.sampled_from(["100", "200", "333.333", "500"]))
    def split(self, index: int, quantity: str) -> None:
        self.attempt(phase_steps.split, self.at(index), Decimal(quantity), share_id=uuid4())

    @rule(index=phase_index, other=phase_index)
    def join(self, index: int, other: int) -> None:
        before = self.job
        try:
            self.job, stays, goes = phase_steps.joined(OPEN, self.job, self.at(index), self.at(other))
        except Refusal:
            return
        assert self.job.version == before.version + 1
        shares = shares_of(self.job, stays.key)
        assert sum(each.share_of(Decimal(500)) for each in shares) == Decimal(500)
        assert goes.id not in {phase.id for phase in self.job.phases}

    @rule(index=phase_index, percent=st.sampled_from(["88", "90", "100", "110", "112"]))
    def complete(self, index: int, percent: str) -> None:
        phase = self.job.phase(self.at(index))
        made = phase.share_of(Decimal(500)) * Decimal(percent) / 100
        quantity = made.quantize(Decimal("0.001"))
        self.attempt(phase_steps.completed, phase.id, quantity, "", self.clock, "Avviamento")

    @rule(index=phase_index)
    def accept(self, index: int) -> None:
        self.attempt(phase_steps.accepted, self.at(index), uuid4())

    @rule(index=phase_index)
    def reject(self, index: int) -> None:
        self.attempt(
            phase_steps.rejected,
            self.at(index),
            "no",
            rejected_by=self.people[0],
            now=self.clock,
            assignee_has_left=False,
        )

    @rule(person=st.integers(0, 1), taken_over=st.booleans())
    def leave(self, person: int, taken_over: bool) -> None:
        before = self.job
        successor = self.people[1 - person] if taken_over else None
        self.job, phases = phase_steps.after_departure_of(self.job, self.people[person], successor)
        assert self.job.version == before.version + bool(phases)
        assert self.job.state is before.state
        for phase in self.job.phases:
            if phase.state in TO_DO:
                assert phase.assignee_id != self.people[person]
            assert phase in before.phases or (phase in phases and phase.assignee_id == successor)

    @rule(index=phase_index)
    def skip(self, index: int) -> None:
        self.attempt(phase_steps.skipped, self.at(index))

    @precondition(lambda self: self.job.state is not JobState.DONE)
    @rule()
    def cancel_and_resume(self) -> None:
        stopped = phase_steps.cancelled(self.job)
        assert not any(p.state in UNFINISHED for p in stopped.phases)
        assert phase_steps.resumed(stopped) == replace(self.job, version=self.job.version + 2)

    @invariant()
    def nothing_is_under_way_before_its_predecessors_are_over(self) -> None:
        for phase in self.job.phases:
            over = over_keys(self.job) | (parts_of(self.job) if phase.starts_on_parts else set())
            if phase.state not in (PhaseState.WAITING, PhaseState.SKIPPED):
                assert over.issuperset(phase.after), phase
            if phase.state is PhaseState.WAITING:
                assert not over.issuperset(phase.after), phase

    @invariant()
    def the_job_is_done_if_and_only_if_all_phases_are_over(self) -> None:
        all_over = all(p.state in (PhaseState.DONE, PhaseState.SKIPPED) for p in self.job.phases)
        assert (self.job.state is JobState.DONE) == all_over
        assert (self.job.produced is not None) == all_over
        assert self.told_done == int(all_over)

    @invariant()
    def what_is_finished_only_grows_and_is_produced_in_the_end(self) -> None:
        finished = finished_so_far(self.job)
        assert finished >= self.finished
        assert self.job.produced is None or finished == self.job.produced
        self.finished = finished

    @invariant()
    def what_is_produced_is_within_the_tolerance(self) -> None:
        if self.job.produced is not None:
            assert Decimal(450) <= self.job.produced <= Decimal(550)
            assert self.job.produced == produced_quantity(self.job)

    @invariant()
    def no_phase_yields_more_than_any_before_it(self) -> None:
        phases = {phase.key: phase for phase in self.job.phases}

        def before(phase: Phase) -> set[str]:
            return {*phase.after, *(key for each in phase.after for key in before(phases[each]))}

        for phase in phases.values():
            made = made_by(self.job, phase.key)
            for earlier in map(phases.__getitem__, before(phase)):
                if made is None or earlier.state is PhaseState.SKIPPED:
                    continue
                handed_on = made_by(self.job, earlier.key)
                assert handed_on is not None, (earlier, phase)
                assert made <= handed_on, (earlier, phase)
        for phase in self.job.phases:
            _, most = quantity_bounds(phase, Decimal(500), Decimal(10))
            assert (phase.made_so_far or 0) <= (most if phase.quantity is None else phase.quantity)

    @invariant()
    def the_shares_of_a_phase_are_all_of_it(self) -> None:
        for key in {phase.key for phase in self.job.phases}:
            shares = shares_of(self.job, key)
            assert sum(each.share_of(Decimal(500)) for each in shares) == Decimal(500)
            assert len({each.share_number for each in shares}) == len(shares)

    @invariant()
    def whoever_has_begun_can_end(self) -> None:
        """However much the others have of the same work: enough is left for each."""
        for phase in self.job.phases:
            if phase.state is PhaseState.IN_PROGRESS and not awaits_others(self.job, phase):
                least, _ = quantity_bounds(phase, Decimal(500), Decimal(10))
                most = most_to_make(self.job, phase)
                assert max(least, phase.made_so_far or Decimal(0)) <= most, phase

    @invariant()
    def what_is_lost_has_a_reason(self) -> None:
        for phase in self.job.phases:
            assert (phase.lost is None) == (phase.quantity is None)
            assert bool(phase.lost) == bool(phase.loss_reason)

    @invariant()
    def nobody_works_before_economics_are_set(self) -> None:
        if self.job.economics is None:
            assert self.job.state is JobState.PLANNED
            assert not any(p.assignee_id for p in self.job.phases)

    @invariant()
    def work_carries_its_worker_and_times(self) -> None:
        for phase in self.job.phases:
            under_way = phase.state in (PhaseState.IN_PROGRESS, PhaseState.TO_INSPECT, PhaseState.DONE)
            assert (phase.started_at is not None) == under_way
            assert (phase.quantity is not None) == (phase.state in (PhaseState.TO_INSPECT, PhaseState.DONE))
            if under_way or phase.state is PhaseState.ASSIGNED:
                assert phase.assignee_id in self.people
            if phase.state is PhaseState.READY:
                assert phase.assignee_id is None

    @invariant()
    def every_rejected_attempt_is_kept(self) -> None:
        for phase in self.job.phases:
            kept = [each.attempt for each in self.refused if each.phase_id == phase.id]
            assert kept == list(range(1, phase.attempt))


TestPhaseGraph = PhaseGraph.TestCase
TestPhaseGraph.settings = settings(
    max_examples=80, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
