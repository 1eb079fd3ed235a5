"""An order's state follows from its jobs and shipments."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import uuid4

import pytest

from optima_kit.refusals import Invalid, WrongState
from production.domain.deliveries import Delivery
from production.domain.job import Item
from production.domain.machine import JobState, OrderState
from production.domain.order import (
    LineProgress,
    Order,
    advanced,
    after_refused_cancellation,
    cancelled,
    deadline_is_not_past,
    deliveries_fit_their_item,
    may_be_cancelled,
    numbering_year,
    order_number,
)

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def an_order(state: OrderState = OrderState.CONFIRMED) -> Order:
    return Order(uuid4(), "O-2026-0001", uuid4(), "Lancio", "C001", date(2027, 1, 31), state, NOW)


def line(
    state: JobState, produced: str | None = None, shipped: str = "0", delivered: str = "0"
) -> LineProgress:
    made = None if produced is None else Decimal(produced)
    return LineProgress(state, Decimal(100), made, Decimal(shipped), Decimal(delivered))


READY, RUNNING, DONE = JobState.READY, JobState.RUNNING, JobState.DONE


@pytest.mark.parametrize(
    ("lines", "state"),
    [
        ([line(READY), line(JobState.BLOCKED)], "confirmed"),
        ([line(READY), line(RUNNING)], "in_production"),
        ([line(READY), line(DONE, "100")], "in_production"),
        ([line(DONE, "100"), line(DONE, "95")], "ready"),
        ([line(DONE, "100", "40"), line(RUNNING)], "partially_shipped"),
        ([line(DONE, "100", "100"), line(DONE, "95", "90")], "partially_shipped"),
        ([line(DONE, "100", "100"), line(DONE, "95", "95")], "shipped"),
        ([line(DONE, "100", "100", "100"), line(DONE, "95", "95", "60")], "shipped"),
        ([line(DONE, "100", "100", "100"), line(DONE, "95", "95", "95")], "delivered"),
        ([line(DONE, "108", "100", "100")], "delivered"),
        ([line(RUNNING, None, "100", "100")], "partially_shipped"),
    ],
)
def test_the_state_follows(lines: list[LineProgress], state: str) -> None:
    assert advanced(an_order(), lines, NOW).state == state


def test_goods_that_come_back_take_the_order_back() -> None:
    order = advanced(an_order(), [line(DONE, "100", "40")], NOW)
    assert order.state is OrderState.PARTIALLY_SHIPPED
    assert advanced(order, [line(DONE, "100")], NOW).state is OrderState.READY


def test_an_order_is_delivered_once_and_for_all() -> None:
    order = advanced(an_order(), [line(DONE, "100", "100", "100")], NOW)
    assert order.delivered_at == NOW
    assert advanced(order, [line(DONE, "100")], NOW) is order


def test_nothing_new_leaves_the_order_untouched() -> None:
    order = advanced(an_order(), [line(RUNNING)], NOW)
    assert order.version == 2
    assert advanced(order, [line(RUNNING)], NOW) is order


def test_an_order_is_cancelled_until_goods_have_left() -> None:
    order = an_order()
    assert cancelled(order, [line(RUNNING)], "Campagna sospesa", NOW).state is OrderState.CANCELLED
    for gone in ([line(DONE, "100", "1")],), ([line(RUNNING)],):
        held = replace(order, goods_have_left=gone == ([line(RUNNING)],))
        assert not may_be_cancelled(held, gone[0])
        with pytest.raises(WrongState) as refused:
            cancelled(held, gone[0], "Campagna sospesa", NOW)
        assert refused.value.code == "goods_have_left"


def test_a_cancelled_order_stays_cancelled_whatever_its_jobs_do() -> None:
    order = cancelled(an_order(), [line(RUNNING)], "Campagna sospesa", NOW)
    assert advanced(order, [line(DONE, "100", "100", "100")], NOW) is order
    with pytest.raises(WrongState) as refused:
        cancelled(order, [line(RUNNING)], "Ancora", NOW)
    assert refused.value.code == "order_cancelled"


def test_a_refused_cancellation_lets_the_order_go_on_and_comes_before_or_after_it() -> None:
    running = advanced(an_order(), [line(RUNNING)], NOW)
    resumed = after_refused_cancellation(cancelled(running, [line(RUNNING)], "Campagna sospesa", NOW))
    assert (resumed.state, resumed.goods_have_left) == (OrderState.IN_PRODUCTION, True)
    assert (resumed.cancelled_at, resumed.cancellation_reason) == (None, None)
    warned = after_refused_cancellation(running)
    assert not may_be_cancelled(warned, [line(RUNNING)])
    assert after_refused_cancellation(warned) is warned


def test_numbers_follow_the_italian_year() -> None:
    assert order_number(2026, 7) == "O-2026-0007"
    assert order_number(2026, 12345) == "O-2026-12345"
    assert numbering_year(datetime(2026, 12, 31, 22, 59, tzinfo=UTC)) == 2026
    assert numbering_year(datetime(2026, 12, 31, 23, 0, tzinfo=UTC)) == 2027


def test_a_deadline_lies_ahead() -> None:
    deadline_is_not_past(date(2026, 11, 25), datetime(2026, 11, 24, 23, 30, tzinfo=UTC))
    with pytest.raises(Invalid) as refused:
        deadline_is_not_past(date(2026, 11, 24), datetime(2026, 11, 24, 23, 30, tzinfo=UTC))
    assert refused.value.field == "deadline"


def test_destinations_get_no_more_than_is_ordered() -> None:
    def item(*sent: str) -> Item:
        return Item(None, "k", "d", Decimal(100), "pz", tuple(Delivery("MI", Decimal(n)) for n in sent))

    deliveries_fit_their_item(0, item("60", "40"))
    with pytest.raises(Invalid) as refused:
        deliveries_fit_their_item(3, item("60", "41"))
    assert refused.value.field == "items[3].deliveries"
