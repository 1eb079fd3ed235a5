"""A shipment's way, and where it may not go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from logistics.domain.document_types import DocumentType
from logistics.domain.orders import Order
from logistics.domain.shipments import Line, Shipment, State, Transport, draft
from logistics.domain.stock import Goods, Kind
from optima_kit.refusals import Invalid, Refusal, WrongState

from .conftest import JOB, NOW

SALE = DocumentType("vendita", "Vendita", to_be_invoiced=True)
ROME = ZoneInfo("Europe/Rome")

STEPS: dict[str, tuple[Callable[[Shipment], Shipment], set[State], State | None]] = {
    "arrange": (lambda s: s.arrange(Transport()), {State.DRAFT, State.PICKED}, None),
    "pick": (lambda s: s.pick(), {State.DRAFT}, State.PICKED),
    "name_picks": (
        lambda s: s.name_picks([], Goods(), NOW.date()),
        {State.DRAFT, State.PICKED},
        None,
    ),
    "issue": (lambda s: s.issue(()), {State.PICKED}, State.ISSUED),
    "depart": (
        lambda s: s.depart(NOW, now=NOW, issue_date=NOW.date(), zone=ROME),
        {State.ISSUED},
        State.IN_TRANSIT,
    ),
    "deliver": (lambda s: s.deliver("Carla", NOW, now=NOW), {State.IN_TRANSIT}, State.DELIVERED),
    "refuse": (lambda s: s.refuse("Rotto"), {State.IN_TRANSIT}, State.REFUSED),
    "void": (lambda s: s.void("Errore", None), {State.ISSUED}, State.VOIDED),
    "cancel": (lambda s: s.cancel("Rinviata"), {State.DRAFT, State.PICKED}, State.CANCELLED),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("state", State)
def test_each_step_begins_where_it_may_and_nowhere_else(shipment: Shipment, step: str, state: State) -> None:
    take, allowed, leads_to = STEPS[step]
    before = replace(shipment, state=state)
    if state in allowed:
        after = take(before)
        assert (after.state, after.version) == (leads_to or state, before.version + 1)
    else:
        with pytest.raises(WrongState):
            take(before)


def test_time_runs_forward(shipment: Shipment) -> None:
    issued = replace(shipment, state=State.ISSUED)
    later = NOW + timedelta(seconds=1)
    with pytest.raises(Invalid, match="in_the_future at departed_at"):
        issued.depart(later, now=NOW, issue_date=NOW.date(), zone=ROME)
    with pytest.raises(Invalid, match="departure_before_issue"):
        issued.depart(NOW - timedelta(days=1), now=NOW, issue_date=NOW.date(), zone=ROME)
    departed = issued.depart(NOW, now=NOW, issue_date=NOW.date(), zone=ROME)
    with pytest.raises(Invalid, match="delivery_before_departure"):
        departed.deliver("Carla", NOW - timedelta(seconds=1), now=NOW)
    with pytest.raises(Invalid, match="in_the_future at delivered_at"):
        departed.deliver("Carla", later, now=NOW)


@pytest.mark.parametrize(
    ("midnight", "issue_date"),
    [
        (datetime(2026, 10, 24, 22, tzinfo=UTC), date(2026, 10, 25)),  # summer time ends at three
        (datetime(2026, 10, 25, 23, tzinfo=UTC), date(2026, 10, 26)),
        (datetime(2026, 12, 31, 23, tzinfo=UTC), date(2027, 1, 1)),
        (datetime(2027, 3, 27, 23, tzinfo=UTC), date(2027, 3, 28)),  # summer time begins at two
        (datetime(2027, 3, 28, 22, tzinfo=UTC), date(2027, 3, 29)),
    ],
)
def test_goods_depart_from_midnight_of_the_sender_on(
    shipment: Shipment, midnight: datetime, issue_date: date
) -> None:
    """With and without summer time."""
    issued = replace(shipment, state=State.ISSUED)
    before = midnight - timedelta(seconds=1)
    with pytest.raises(Invalid, match="departure_before_issue"):
        issued.depart(before, now=midnight, issue_date=issue_date, zone=ROME)
    assert issued.depart(midnight, now=midnight, issue_date=issue_date, zone=ROME).departed_at == midnight


def test_goods_leave_and_come_back_in_equal_amounts(shipment: Shipment) -> None:
    ids = map(UUID, (f"{n:032x}" for n in count(1)))
    left = shipment.goods_leave(lambda: next(ids))
    refused = replace(shipment, state=State.IN_TRANSIT).refuse("Imballo rotto")
    back = refused.goods_come_back(lambda: next(ids), "Imballo rotto")
    assert [(m.kind, m.quantity) for m in (*left, *back)] == [
        (Kind.ISSUE, Decimal(-60)),
        (Kind.RETURN, Decimal(60)),
    ]
    assert back[0].reason == "Imballo rotto"
    assert {m.shipment_id for m in (*left, *back)} == {shipment.shipment_id}


def test_a_reissue_is_a_new_draft_linked_both_ways(shipment: Shipment) -> None:
    issued = replace(shipment, state=State.ISSUED, version=7)
    again = issued.reissue(UUID(int=301))
    voided = issued.void("Quantità errata", again.shipment_id)
    assert (again.state, again.version, again.replaces) == (State.DRAFT, 1, issued.shipment_id)
    assert (again.lines, again.transport, again.destination) == (issued.lines, issued.transport, "MI-DUOMO")
    assert voided.replaced_by == again.shipment_id


def drafted(order: Order, goods: Goods, *quantities: str, **changes: Any) -> Shipment:
    whole: dict[str, Any] = {
        "shipment_id": UUID(int=1),
        "document_type": SALE,
        "warehouse": "BO1",
        "destination": "MI-DUOMO",
        "lines": [Line(JOB, Decimal(quantity)) for quantity in quantities],
        "transport": Transport(),
    }
    return draft(order, goods, **(whole | changes))


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"lines": [Line(JOB, Decimal(1)), Line(JOB, Decimal(1))]}, "job_named_twice", "lines[1].job_id"),
        ({"lines": [Line(UUID(int=9), Decimal(1))]}, "job_not_in_order", "lines[0].job_id"),
        ({"lines": [Line(JOB, Decimal("100.001"))]}, "quantity_beyond_remaining", "lines[0].quantity"),
        ({"destination": "NA-PLEBISCITO"}, "destination_not_ordered", "destination"),
        ({"warehouse": "MI1"}, "goods_not_free", "lines[0].quantity"),
    ],
)
def test_a_draft_that_breaks_a_rule_is_refused(
    order: Order, goods: Goods, change: dict[str, Any], code: str, field: str
) -> None:
    with pytest.raises(Refusal) as refused:
        drafted(order, goods, "10", **change)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_what_others_hold_is_not_free(order: Order, goods: Goods) -> None:
    held = replace(goods, reserved={("BO1", JOB): Decimal(70)}, committed={(JOB, "MI-DUOMO"): Decimal(70)})
    assert drafted(order, held, "30").state is State.DRAFT
    with pytest.raises(WrongState) as refused:
        drafted(order, replace(held, committed={}), "31")
    assert (refused.value.code, refused.value.facts["free"]) == ("goods_not_free", Decimal(30))
    with pytest.raises(WrongState) as refused:
        drafted(order, replace(held, reserved={}), "31")
    assert (refused.value.code, refused.value.facts["remaining"]) == (
        "quantity_beyond_remaining",
        Decimal(30),
    )


def test_goods_without_destinations_may_go_anywhere_up_to_what_was_ordered(
    order: Order, goods: Goods
) -> None:
    anywhere = replace(order, lines={JOB: replace(order.lines[JOB], deliveries={})})
    held = replace(goods, committed={(JOB, "RM-TERMINI"): Decimal(90)})
    assert drafted(anywhere, held, "10", destination="NA-PLEBISCITO").destination == "NA-PLEBISCITO"
    with pytest.raises(WrongState, match="quantity_beyond_remaining"):
        drafted(anywhere, held, "10.001", destination="NA-PLEBISCITO")


def test_nothing_of_a_cancelled_order_is_shipped(order: Order, goods: Goods) -> None:
    with pytest.raises(WrongState, match="order_cancelled"):
        drafted(replace(order, cancelled_because="Sospesa"), goods, "10")
