"""Whatever is charged to a budget, in whatever order, its balance holds."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from brief.domain.budgets import LARGEST, Budget, Charge, Due, Holder, Period

NOW = datetime(2026, 11, 24, tzinfo=UTC)
AMOUNTS = st.decimals(0, 1000, places=2)
DUES = st.tuples(AMOUNTS, st.decimals(0, 1, places=3)).map(
    lambda told: Due(told[0], (told[0] * told[1]).quantize(Decimal("0.01")))
)
STEPS = st.lists(
    st.one_of(st.tuples(st.integers(0, 4), DUES), st.tuples(st.just("plan"), AMOUNTS)), max_size=30
)


def budget_of(planned: Decimal, *, blocking: bool) -> Budget:
    holder, year = Holder(cost_centre="CC"), Period(date(2027, 1, 1), date(2027, 12, 31))
    nothing = Decimal(0)
    return Budget(UUID(int=1), "X", holder, year, planned, nothing, nothing, blocking, 1)


def charges() -> list[Charge]:
    nothing = Decimal(0)
    return [
        Charge(UUID(int=n), UUID(int=1), nothing, nothing, nothing, waiting=False, since=NOW)
        for n in range(5)
    ]


def balance_holds(budget: Budget, charged: list[Charge]) -> None:
    assert budget.planned == budget.available + budget.committed + budget.spent
    assert budget.committed == sum(each.committed for each in charged)
    assert budget.spent == sum(each.spent for each in charged)
    for each in charged:
        assert min(each.committed, each.spent, each.uncovered) >= 0
    if budget.blocking:
        assert budget.available >= 0
    else:
        assert all(each.uncovered == 0 for each in charged)


@given(planned=AMOUNTS, blocking=st.booleans(), steps=STEPS)
def test_the_balance_holds_and_every_charge_is_covered_in_the_end(
    planned: Decimal, blocking: bool, steps: list[tuple[object, object]]
) -> None:
    budget, charged, told = (
        budget_of(planned, blocking=blocking),
        charges(),
        [Due(Decimal(0), Decimal(0))] * 5,
    )
    for what, said in steps:
        if isinstance(what, int):
            assert isinstance(said, Due)
            told[what] = said
            # Told twice, nothing more is taken.
            budget.charge(charged[what], said)
            again = budget.charge(charged[what], said)
            assert not again
        else:
            assert isinstance(said, Decimal)
            budget.replan(max(said, budget.committed + budget.spent), blocking=blocking)
        balance_holds(budget, charged)
    # Once the plan holds everything, everybody has what was told last, whatever had been told before.
    budget.replan(max(budget.planned, Decimal(10_000)), blocking=blocking)
    for charge, due in zip(charged, told, strict=True):
        budget.charge(charge, due)
        assert charge.is_settled(due)
    balance_holds(budget, charged)


def test_what_no_amount_can_say_is_not_taken() -> None:
    """Even where the budget does not block: and nobody waits for it."""
    budget, (first, second, *_) = budget_of(Decimal(1), blocking=False), charges()
    most = Due(LARGEST, Decimal(0))
    assert not budget.makes_wait(LARGEST)
    budget.charge(first, most)
    budget.charge(second, most)
    assert (budget.committed, second.uncovered) == (LARGEST, LARGEST)
    budget.charge(first, Due(Decimal(0), Decimal(0)))
    budget.charge(second, most)
    assert (budget.committed, second.uncovered) == (LARGEST, 0)
