"""What is charged for a phase, by what it yielded and the terms of delivery."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optima_kit.refusals import Invalid
from production.domain import job_changes, phase_steps
from production.domain.charges import Bearer, DeliveryTerms, PriceOfWork, charged_quantity
from production.domain.economics import (
    CostKind,
    CostLine,
    Economics,
    cost_in_question,
    cost_lines_fit,
    cost_to_set,
)
from production.domain.job import Item, Job, phases_given_up
from production.domain.kinds import Kind, PhaseDefinition
from production.domain.machine import OrderState, PhaseState
from production.domain.outside import CameBack
from production.domain.plan import Schedule

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
OPEN = OrderState.IN_PRODUCTION

quantities = st.decimals(0, 1_000_000, places=3)
terms = st.builds(
    DeliveryTerms,
    phase_id=st.just(UUID(int=1)),
    tolerance_percent=st.decimals(0, 100, places=2),
    over=st.sampled_from(Bearer),
    under=st.sampled_from(Bearer),
)


def limits(ordered: Decimal, agreed: DeliveryTerms) -> tuple[Decimal, Decimal]:
    margin = ordered * agreed.tolerance_percent / 100
    return ordered - margin, ordered + margin


@given(quantities, quantities, quantities, terms)
def test_more_delivered_never_costs_less(
    ordered: Decimal, one: Decimal, other: Decimal, agreed: DeliveryTerms
) -> None:
    less, more = sorted((one, other))
    assert 0 <= charged_quantity(ordered, less, agreed) <= charged_quantity(ordered, more, agreed)


@given(quantities, terms)
def test_at_both_limits_exactly_what_was_delivered_is_charged(
    ordered: Decimal, agreed: DeliveryTerms
) -> None:
    for limit in limits(ordered, agreed):
        assert charged_quantity(ordered, limit, agreed) == limit


@given(quantities, quantities, terms)
def test_within_the_tolerance_what_was_delivered_is_charged_and_beyond_it_what_was_agreed(
    ordered: Decimal, delivered: Decimal, agreed: DeliveryTerms
) -> None:
    least, most = limits(ordered, agreed)
    wanted = delivered
    if delivered > most and agreed.over is Bearer.SUPPLIER:
        wanted = most
    if delivered < least and agreed.under is Bearer.US:
        wanted = least
    assert charged_quantity(ordered, delivered, agreed) == wanted


# --- in the cost of a job


def a_job(agreed: DeliveryTerms) -> Job:
    """A hundred sheets to be laminated at two euro each, by FIN-01; plates cost ten."""
    phase = PhaseDefinition("plastifica", "Plastificazione", quality_check=True)
    kind = Kind(uuid4(), "k", "K", (phase,), Decimal(20), version=1)
    item = Item(None, "k", "Espositore", Decimal(100), "pz", ())
    job = job_changes.planned_job(
        item,
        kind,
        Schedule(date(2027, 1, 29), lambda day: day.weekday() < 5),
        job_id=uuid4(),
        order_id=uuid4(),
        position=1,
        new_id=lambda: agreed.phase_id,
    )
    lines = (
        CostLine(CostKind.PHASE, "Plastificazione", Decimal(100), Decimal(2), delivery=agreed),
        CostLine(CostKind.SET_UP, "Lastre", Decimal(1), Decimal(10)),
    )
    economics = Economics(cost_to_set(None, lines), Decimal(5), None, "", "", "22", cost_lines=lines)
    job = job_changes.with_economics(OPEN, job, economics)
    job = phase_steps.outsourced(OPEN, job, agreed.phase_id, "FIN-01")
    job = phase_steps.assigned(OPEN, job, agreed.phase_id, UUID(int=7), replaces=False)
    return phase_steps.started(OPEN, job, agreed.phase_id, NOW)


def with_back(job: Job, good: str) -> Job:
    (phase,) = job.phases
    outside = replace(phase.outside, sent=Decimal(120), back=CameBack(Decimal(good)))
    return replace(job, phases=(replace(phase, outside=outside),))


def cost(job: Job) -> Decimal:
    economics = job_changes.with_cost_of_work(job).economics
    assert economics
    return economics.cost


def test_the_cost_follows_what_came_back_once_the_phase_is_done() -> None:
    agreed = DeliveryTerms(UUID(int=1), Decimal(5))
    job = with_back(a_job(agreed), "112")
    assert cost(job) == Decimal("210.00")
    job = phase_steps.completed(OPEN, job, agreed.phase_id, Decimal(100), "", NOW)
    assert cost(job) == Decimal("210.00"), "not before it is accepted"
    done = phase_steps.accepted(OPEN, job, agreed.phase_id, UUID(int=8))
    assert cost(done) == Decimal("220.00"), "105 of 112"
    kept = done
    assert cost(with_back(kept, "96")) == Decimal("202.00")
    assert job_changes.with_cost_of_work(kept) == kept
    for_us = replace(agreed, over=Bearer.US)
    assert kept.economics
    line = replace(kept.economics.cost_lines[0], delivery=for_us)
    ours = replace(kept, economics=replace(kept.economics, cost_lines=(line,)))
    assert cost(ours) == Decimal("224.00")


def test_terms_are_of_a_phase_of_the_job_and_leave_nothing_to_be_stated() -> None:
    agreed = DeliveryTerms(UUID(int=1), Decimal(5))
    line = CostLine(CostKind.PHASE, "Plastificazione", Decimal(100), Decimal(2), delivery=agreed)
    phases = {UUID(int=1): "Plastificazione"}
    cost_lines_fit([line], phases)
    for wrong, known, code in (
        (replace(line, what=CostKind.MATERIAL), phases, "delivery_terms_misplaced"),
        (line, {}, "delivery_phase_unknown"),
        (replace(line, actual=Decimal(1)), phases, "actual_follows_from_delivery"),
        (replace(line, delivery=None, phase_id=UUID(int=2)), phases, "delivery_phase_unknown"),
        (replace(line, phase_id=UUID(int=2)), {**phases, UUID(int=2): "Taglio"}, "cost_line_of_two_phases"),
    ):
        with pytest.raises(Invalid) as refused:
            cost_lines_fit([wrong], known)
        assert refused.value.code == code


def test_what_is_stated_of_a_phase_that_is_given_up_stands() -> None:
    job = a_job(DeliveryTerms(UUID(int=1), Decimal(5)))
    (phase,) = job.phases
    assert job.economics
    line = CostLine(CostKind.PHASE, "Prova", Decimal(1), Decimal(9), actual=Decimal(4), phase_id=phase.id)
    stated = replace(job, economics=replace(job.economics, cost=Decimal(4), cost_lines=(line,)))
    assert cost(phase_steps.cancelled(stated)) == Decimal(4)


def test_a_whole_is_in_question_once_work_is_given_up_until_it_is_stated_anew() -> None:
    job = a_job(DeliveryTerms(UUID(int=1), Decimal(5)))
    assert job.economics
    (phase,) = job.phases
    whole = replace(job.economics, cost=Decimal(50), cost_lines=())
    paper = CostLine(CostKind.MATERIAL, "Carta", Decimal(1), Decimal(20))
    other = CostLine(CostKind.OTHER, "Resto", Decimal(1), Decimal(7))
    known = CostLine(CostKind.PHASE, "Stampa", Decimal(1), Decimal(9), actual=Decimal(4))
    of_phase = CostLine(CostKind.PHASE, "Plastificazione", Decimal(1), Decimal(30), phase_id=phase.id)
    lines = replace(whole, cost=Decimal(61), cost_lines=(paper, other, known, of_phase))
    for economics, asked in ((whole, Decimal(50)), (lines, Decimal(7))):
        stated = job_changes.with_economics(OPEN, job, economics)
        assert question(stated) == 0
        assert question(phase_steps.closed(stated, "Basta")) == asked
        skipped = replace(stated, phases=(replace(phase, state=PhaseState.SKIPPED),))
        assert question(skipped) == asked
        assert question(job_changes.with_economics(OPEN, skipped, economics)) == 0


def question(job: Job) -> Decimal:
    assert job.economics
    return cost_in_question(job.economics, phases_given_up(job))


def test_what_comes_back_of_work_that_was_stopped_is_paid_within_its_terms() -> None:
    agreed = DeliveryTerms(UUID(int=1), Decimal(5), under=Bearer.US)
    stopped = phase_steps.closed(with_back(a_job(agreed), "40"), "Basta")
    assert cost(stopped) == Decimal("90.00"), "40 of 100 at two euro, and the plates"
    assert cost(with_back(stopped, "60")) == Decimal("130.00")


def test_what_is_bought_for_a_whole_phase_follows_its_quantity() -> None:
    job = a_job(DeliveryTerms(UUID(int=1), Decimal(5)))
    more = replace(job, item=replace(job.item, quantity=Decimal(150)))
    assert cost(job_changes.with_bought_quantities(job, more)) == Decimal("310.00")
    assert job.economics
    part = tuple(replace(each, quantity=Decimal(30)) for each in job.economics.cost_lines)
    of_a_part = replace(more, economics=replace(job.economics, cost_lines=part))
    assert job_changes.with_bought_quantities(job, of_a_part) == of_a_part, "that was for a part of it"


def test_what_a_finisher_asks_comes_and_goes_with_them() -> None:
    agreed = DeliveryTerms(UUID(int=1), Decimal(5))
    job, phase_id = a_job(agreed), agreed.phase_id
    assert job.economics
    whole = replace(job, economics=replace(job.economics, cost=Decimal(50), cost_lines=()))
    price = PriceOfWork(Decimal(3), Decimal(10))
    bought = job_changes.bought(whole, phase_id, None, price)
    assert bought.economics
    assert [(each.planned, each.supplier) for each in bought.economics.cost_lines] == [
        (Decimal("50.00"), None),
        (Decimal("300.00"), "FIN-01"),
    ]
    assert bought.economics.cost == Decimal("350.00")
    assert job_changes.bought(bought, phase_id, "FIN-01", None) == bought, "nothing else was agreed"
    cheaper = job_changes.bought(bought, phase_id, "FIN-01", replace(price, unit_cost=Decimal(2)))
    assert cost(cheaper) == Decimal("250.00")
    (phase,) = cheaper.phases
    at_home = replace(cheaper, phases=(replace(phase, outside=replace(phase.outside, finisher=None)),))
    assert cost(job_changes.bought(at_home, phase_id, "FIN-01", None)) == Decimal("50.00")
