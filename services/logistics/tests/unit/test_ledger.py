"""Whatever people do with the goods of an order, the ledger's rules hold after every step."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import count
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from logistics.domain.orders import Order, OrderLine
from logistics.domain.shipments import GOODS_OUT, OPEN, Line, Shipment, State, Transport, draft
from logistics.domain.stock import Goods, Kind, Movement, adjust, receive, written
from optima_kit.refusals import Invalid, Refusal, WrongState

JOBS = [UUID(int=1), UUID(int=2)]
PLACES = ["BO1", "MI1"]
DESTINATIONS = {"MI-DUOMO": Decimal(60), "RM-TERMINI": Decimal(40)}
PRODUCED = Decimal("97.5")

quantities = st.decimals(min_value=Decimal("0.001"), max_value=Decimal(120), places=3)


class Depot(RuleBasedStateMachine):
    """The model is the plain truth: a list of movements and a list of shipments."""

    def __init__(self) -> None:
        super().__init__()
        lines = {
            job: OrderLine(job, "Espositore", Decimal(100), "pz", DESTINATIONS, PRODUCED) for job in JOBS
        }
        self.order = Order(UUID(int=99), "O-1", None, lines)
        self.movements: list[Movement] = []
        self.shipments: dict[UUID, Shipment] = {}
        self.ids = map(UUID, (f"{n:032x}" for n in count(1000)))
        self.refused = 0

    def goods(self) -> Goods:
        on_hand: dict[tuple[str, UUID], Decimal] = {}
        received: dict[UUID, Decimal] = {}
        reserved: dict[tuple[str, UUID], Decimal] = {}
        committed: dict[tuple[UUID, str], Decimal] = {}
        for movement in self.movements:
            place = movement.warehouse, movement.job_id
            on_hand[place] = on_hand.get(place, Decimal(0)) + movement.quantity
            if movement.kind is Kind.RECEIPT:
                received[movement.job_id] = received.get(movement.job_id, Decimal(0)) + movement.quantity
        for shipment in self.shipments.values():
            for line in shipment.lines:
                if shipment.state in OPEN:
                    place = shipment.warehouse, line.job_id
                    reserved[place] = reserved.get(place, Decimal(0)) + line.quantity
                if shipment.state in OPEN | GOODS_OUT:
                    goal = line.job_id, shipment.destination
                    committed[goal] = committed.get(goal, Decimal(0)) + line.quantity
        return Goods(on_hand, reserved, received, committed)

    @rule(job=st.sampled_from(JOBS), place=st.sampled_from(PLACES), quantity=quantities)
    def receive(self, job: UUID, place: str, quantity: Decimal) -> None:
        try:
            movement = receive(
                self.order,
                self.goods(),
                movement_id=next(self.ids),
                warehouse=place,
                job_id=job,
                quantity=quantity,
            )
        except WrongState as refusal:
            left = PRODUCED - self.goods().received_of(job)
            assert (refusal.code, quantity > left) == ("quantity_beyond_produced", True)  # noqa: PT017 - hypothesis decides
        else:
            self.movements.append(movement)

    @rule(job=st.sampled_from(JOBS), place=st.sampled_from(PLACES), quantity=quantities, less=st.booleans())
    def adjust(self, job: UUID, place: str, quantity: Decimal, less: bool) -> None:
        difference = -quantity if less else quantity
        stock = self.goods().in_stock(place, job)
        try:
            movement = adjust(
                self.goods(),
                movement_id=next(self.ids),
                warehouse=place,
                job_id=job,
                quantity=difference,
                reason="Conta",
            )
        except WrongState as refusal:
            assert (refusal.code, stock + difference < 0) == ("stock_not_enough", True)  # noqa: PT017
        else:
            self.movements.append(movement)

    @rule(
        place=st.sampled_from(PLACES),
        destination=st.sampled_from(sorted(DESTINATIONS)),
        quantity=quantities,
        both=st.booleans(),
    )
    def draft(self, place: str, destination: str, quantity: Decimal, both: bool) -> None:
        lines = [Line(job, quantity) for job in (JOBS if both else JOBS[:1])]
        try:
            shipment = draft(
                self.order,
                self.goods(),
                shipment_id=next(self.ids),
                warehouse=place,
                destination=destination,
                lines=lines,
                transport=Transport(),
            )
        except WrongState as refusal:
            assert refusal.code in ("quantity_beyond_remaining", "goods_not_free")  # noqa: PT017
        else:
            self.shipments[shipment.shipment_id] = shipment

    @precondition(lambda self: self.shipments)
    @rule(data=st.data(), step=st.sampled_from(["pick", "issue", "refuse", "void", "reissue", "cancel"]))
    def step(self, data: st.DataObject, step: str) -> None:
        shipment = data.draw(st.sampled_from(list(self.shipments.values())))
        try:
            match step:
                case "pick":
                    after = shipment.pick()
                case "issue":
                    after = shipment.issue()
                    for line in shipment.lines:
                        if line.quantity > self.goods().in_stock(shipment.warehouse, line.job_id):
                            return  # the document's own check, tested there
                    self.movements += after.goods_leave(lambda: next(self.ids))
                case "refuse":
                    after = replace(shipment, state=State.IN_TRANSIT).refuse("Rotto")
                    if shipment.state is not State.ISSUED:
                        return
                    self.movements += after.goods_come_back(lambda: next(self.ids))
                case "void" | "reissue":
                    again = shipment.reissue(next(self.ids)) if step == "reissue" else None
                    after = shipment.void("Errore", again.shipment_id if again else None)
                    self.movements += after.goods_come_back(lambda: next(self.ids))
                    if again:
                        self.shipments[again.shipment_id] = again
                case _:
                    after = shipment.cancel("Rinviata")
        except Refusal:
            self.refused += 1
            return
        self.shipments[shipment.shipment_id] = after

    @invariant()
    def stock_is_never_negative(self) -> None:
        assert all(quantity >= 0 for quantity in self.goods().on_hand.values())

    @invariant()
    def no_more_is_received_than_was_produced(self) -> None:
        assert all(quantity <= PRODUCED for quantity in self.goods().received.values())

    @invariant()
    def no_destination_gets_more_than_was_ordered_for_it(self) -> None:
        for (_, destination), quantity in self.goods().committed.items():
            assert quantity <= DESTINATIONS[destination]

    @invariant()
    def what_left_and_what_is_here_is_what_came(self) -> None:
        goods = self.goods()
        for job in JOBS:
            out = sum(
                (
                    line.quantity
                    for shipment in self.shipments.values()
                    if shipment.state in GOODS_OUT
                    for line in shipment.lines
                    if line.job_id == job
                ),
                Decimal(0),
            )
            here = sum((goods.in_stock(place, job) for place in PLACES), Decimal(0))
            adjusted = sum(
                (m.quantity for m in self.movements if m.kind is Kind.ADJUSTMENT and m.job_id == job),
                Decimal(0),
            )
            assert here + out == goods.received_of(job) + adjusted


TestDepot = Depot.TestCase
TestDepot.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_goods_of_an_unfinished_job_do_not_enter(order: Order) -> None:
    job = next(iter(order.lines))
    unfinished = replace(order, lines={job: replace(order.lines[job], produced=None)})
    with pytest.raises(WrongState, match="job_not_completed"):
        receive(unfinished, Goods(), movement_id=JOBS[0], warehouse="BO1", job_id=job, quantity=Decimal(1))


def test_an_adjustment_of_nothing_is_refused() -> None:
    with pytest.raises(Invalid, match="difference_zero"):
        adjust(
            Goods(),
            movement_id=JOBS[0],
            warehouse="BO1",
            job_id=JOBS[0],
            quantity=Decimal("0.000"),
            reason="x",
        )


@pytest.mark.parametrize(
    ("quantity", "text"),
    [("100", "100"), ("1E+2", "100"), ("0.500", "0.5"), ("-3.000", "-3"), ("0.000", "0")],
)
def test_quantities_are_written_plainly(quantity: str, text: str) -> None:
    assert written(Decimal(quantity)) == text
