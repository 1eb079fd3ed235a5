"""What is approved anew of a line, whatever it is and whatever was done of the work meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID, uuid4

from hypothesis import assume, given
from hypothesis import strategies as st

from optima_kit.refusals import Refusal
from production.domain import changes, job_changes, phase_steps
from production.domain.amendments import Amendment
from production.domain.deliveries import Delivery
from production.domain.economics import Economics, price
from production.domain.job import Item, Job
from production.domain.kinds import Kind, PhaseDefinition
from production.domain.machine import JobState, OrderState
from production.domain.order import FullOrder, LineProgress, Order
from production.domain.plan import Schedule

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ANNA = UUID(int=1)
SCHEDULE = Schedule(date(2027, 1, 29), lambda day: day.weekday() < 5)
KIND = Kind(
    uuid4(),
    "k",
    "K",
    (PhaseDefinition("a", "A", skippable=True), PhaseDefinition("b", "B", ("a",))),
    Decimal(10),
    version=1,
)
STEPS = ("economics", "assign", "split", "outsource", "start", "report", "close", "cancel")

quantities = st.decimals(1, 100_000, places=3)
prices = st.decimals(0, 10_000, places=4)


def an_order(job: Job, state: OrderState = OrderState.CONFIRMED) -> FullOrder:
    order = Order(uuid4(), "O-2026-0001", uuid4(), "Lancio", None, date(2027, 1, 29), state, NOW)
    line = LineProgress(job.state, job.item.quantity, None, Decimal(0), Decimal(0))
    return FullOrder(order, (job,), {job.id: line})


def a_line(quantity: Decimal, unit_price: Decimal, places: int) -> FullOrder:
    """For so many destinations, approved and valued."""
    sent = [Delivery(f"D{place}", Decimal(0)) for place in range(places)]
    if sent:
        sent[0] = replace(sent[0], quantity=quantity)
    item = Item(
        uuid4(),
        "k",
        "Espositore",
        quantity,
        "pz",
        tuple(sent),
        approved_unit_price=unit_price,
        confirmed=quantity,
    )
    job = job_changes.planned_job(
        item, KIND, SCHEDULE, job_id=uuid4(), order_id=uuid4(), position=1, new_id=uuid4
    )
    return an_order(
        job_changes.with_economics(
            OrderState.CONFIRMED, job, Economics(Decimal(1), unit_price, None, "", "", "22")
        )
    )


def asked(order: FullOrder, unit_price: Decimal, quantity: Decimal | None) -> Amendment:
    (job,) = order.jobs
    other = None if quantity is None else changes.other_quantity(job, quantity, None)
    before = changes.price_to_amend(job)
    return Amendment(
        uuid4(), job.id, job.item.quantity, before, unit_price, "hash", "reason", "process", NOW, ANNA, other
    )


def after(order: FullOrder, steps: list[str]) -> FullOrder:
    """The order after so much of these as may be done with the first phase of its job."""
    for step in steps:
        (job,) = order.jobs
        state, phase = order.order.state, job.phases[0].id
        try:
            if step == "assign":
                job = phase_steps.assigned(state, job, phase, ANNA, replaces=False)
            elif step == "split":
                job = phase_steps.split(state, job, phase, Decimal(1), share_id=uuid4())
            elif step == "outsource":
                job = phase_steps.outsourced(state, job, phase, "FIN-01")
            elif step == "start":
                job = phase_steps.started(state, job, phase, NOW)
            elif step == "report":
                job = phase_steps.reported(state, job, phase, Decimal(1))
            elif step == "close":
                job = phase_steps.closed(job, "Basta")
            elif step == "cancel":
                order = replace(order, order=replace(order.order, state=OrderState.CANCELLED))
                job = phase_steps.cancelled(job)
        except Refusal:
            continue
        order = order.with_jobs(job)
    return order


amendments = st.tuples(quantities, prices, st.sampled_from([0, 1]), prices, st.none() | quantities)


@given(amendments)
def test_what_was_approved_and_revoked_is_as_it_was(
    drawn: tuple[Decimal, Decimal, int, Decimal, Decimal | None],
) -> None:
    quantity, unit_price, places, another_price, another_quantity = drawn
    before = a_line(quantity, unit_price, places)
    amendment = asked(before, another_price, another_quantity)
    (was,) = before.jobs
    applied = changes.with_amendment(before, was, amendment, kind=KIND, schedule=SCHEDULE)
    (job,) = applied.jobs
    assert job.item.quantity == (another_quantity or quantity)
    assert job.item.approved_unit_price == another_price
    assert job.economics is not None
    assert price(job.economics, job.item.quantity) == amendment.amount
    assert sum((each.quantity for each in job.item.deliveries), Decimal(0)) == (
        job.item.quantity if places else 0
    )
    revoked = changes.without_amendment(applied, job, amendment, kind=KIND, schedule=SCHEDULE)
    assert revoked.jobs[0].item == was.item


@given(amendments, st.lists(st.sampled_from(STEPS), max_size=6))
def test_it_changes_what_it_says_or_nothing(
    drawn: tuple[Decimal, Decimal, int, Decimal, Decimal | None], steps: list[str]
) -> None:
    quantity, unit_price, places, another_price, another_quantity = drawn
    asked_of = a_line(quantity, unit_price, places)
    amendment = asked(asked_of, another_price, another_quantity)
    before = after(asked_of, steps)
    (was,) = before.jobs
    fits = changes.amendment_fits(before, was, amendment)
    applied = changes.with_amendment(before, was, amendment, kind=KIND, schedule=SCHEDULE)
    (job,) = applied.jobs
    assert fits or applied is before, "what lapsed is not applied"
    if was.closed_because is not None or was.state is JobState.CANCELLED:
        assert not fits
    assume(applied is not before)
    assert (job.item.quantity, job.item.approved_unit_price) == (another_quantity or quantity, another_price)
    assert sum((each.share or 0 for each in job.phases if each.key == "a"), Decimal(0)) in (
        Decimal(0),
        job.item.quantity,
    )
