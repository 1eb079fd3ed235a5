"""Whatever people do with the goods of an order, the ledger's rules hold after every step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from logistics.adapters.document_types import BUILT_IN
from logistics.domain.counts import Count, CountLine
from logistics.domain.document_types import GoodsGoTo
from logistics.domain.holds import Ending, Hold, HoldKind, end_hold, hold, hold_in
from logistics.domain.orders import Order, OrderLine
from logistics.domain.places import Pick, Place
from logistics.domain.shipments import (
    GOODS_OUT,
    OPEN,
    ArrivedQuantities,
    Line,
    Shipment,
    State,
    Transport,
    draft,
)
from logistics.domain.stock import (
    DIFFERENCES,
    FINDABLE,
    Difference,
    Goods,
    Kind,
    Movement,
    adjust,
    purchase,
    receive,
    relocation,
)
from optima_kit.refusals import Invalid, Refusal, WrongState

JOBS = [UUID(int=1), UUID(int=2)]
PLACES = ["BO1", "MI1"]
LOCATIONS = ["", "A-01-03", "B-02"]
DESTINATIONS = {"MI-DUOMO": Decimal(60), "RM-TERMINI": Decimal(40)}
PRODUCED = Decimal("97.5")
SARA, LUCA = UUID(int=11), UUID(int=12)
NOW, ROME = datetime(2026, 11, 24, 10, tzinfo=UTC), ZoneInfo("Europe/Rome")
KINDS = {code: BUILT_IN[code] for code in ("vendita", "trasferimento-tra-depositi", "conto-lavorazione")}

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
        self.holds: list[Hold] = []
        self.ids = map(UUID, (f"{n:032x}" for n in count(1000)))
        self.refused = 0
        self.count = Count(next(self.ids), PLACES[0])

    def came(self, job: UUID) -> Decimal:
        """Of what a tenth more may be found."""
        return PRODUCED

    def goods(self) -> Goods:
        on_hand: dict[Place, Decimal] = {}
        received: dict[UUID, Decimal] = {}
        reserved: dict[tuple[str, UUID], Decimal] = {}
        counted: dict[UUID, Decimal] = {}
        committed: dict[tuple[UUID, str], Decimal] = {}
        for movement in self.movements:
            on_hand[movement.place] = on_hand.get(movement.place, Decimal(0)) + movement.quantity
            if movement.kind in (Kind.RECEIPT, Kind.PURCHASE):
                received[movement.job_id] = received.get(movement.job_id, Decimal(0)) + movement.quantity
            if movement.kind in (Kind.FOUND, Kind.MISSING):
                counted[movement.job_id] = counted.get(movement.job_id, Decimal(0)) + movement.quantity
        picked: dict[Place, Decimal] = {}
        for shipment in self.shipments.values():
            for pick in shipment.picks if shipment.state in OPEN else ():
                out_of = pick.place(shipment.warehouse)
                picked[out_of] = picked.get(out_of, Decimal(0)) + pick.quantity
            for line in shipment.lines:
                if shipment.state in OPEN:
                    place = shipment.warehouse, line.job_id
                    reserved[place] = reserved.get(place, Decimal(0)) + line.quantity
                if shipment.state in OPEN | GOODS_OUT and shipment.closes_order_line:
                    goal = line.job_id, shipment.destination
                    committed[goal] = committed.get(goal, Decimal(0)) + line.left
        held: dict[Place, Decimal] = {}
        for entry in self.holds:
            held[entry.place] = held.get(entry.place, Decimal(0)) + entry.quantity
        return Goods(
            on_hand, reserved, received, counted, committed, held=held, picked=picked, expiry=self.expiry
        )

    expiry: Mapping[tuple[UUID, str], date] = {}
    lots: Sequence[str] = ("",)

    def some(self, data: st.DataObject, job: UUID, warehouse: str) -> tuple[Place, Decimal]:
        """Mostly a part of what lies somewhere, so that there is something to move, hold and pick."""
        lying = sorted(self.goods().places_of(warehouse, job))
        if lying and data.draw(st.integers(0, 3)):
            place = data.draw(st.sampled_from(lying))
            part = data.draw(st.sampled_from([Decimal(1), Decimal("0.6"), Decimal("0.3")]))
            return place, max(round(self.goods().at(place) * part, 3), Decimal("0.001"))
        return self.where(data, job, warehouse), data.draw(quantities)

    def where(self, data: st.DataObject, job: UUID, warehouse: str) -> Place:
        location, lot = data.draw(st.sampled_from(LOCATIONS)), data.draw(st.sampled_from(self.lots))
        return Place(warehouse, job, location, lot)

    @rule(data=st.data(), job=st.sampled_from(JOBS), place=st.sampled_from(PLACES), quantity=quantities)
    def receive(self, data: st.DataObject, job: UUID, place: str, quantity: Decimal) -> None:
        try:
            movement = receive(
                self.order,
                self.goods(),
                movement_id=next(self.ids),
                place=self.where(data, job, place),
                quantity=quantity,
            )
        except WrongState as refusal:
            received, counted = self.goods().received_of(job), self.goods().counted.get(job, Decimal(0))
            left = min(PRODUCED - received, PRODUCED * (1 + FINDABLE) - received - counted)
            assert (refusal.code, quantity > left) == ("quantity_beyond_produced", True)  # noqa: PT017 - hypothesis decides
        else:
            self.movements.append(movement)

    @rule(
        data=st.data(),
        job=st.sampled_from(JOBS),
        place=st.sampled_from(PLACES),
        quantity=quantities,
        kind=st.sampled_from(["found", "missing", "damaged"]),
    )
    def adjust(self, data: st.DataObject, job: UUID, place: str, quantity: Decimal, kind: Difference) -> None:
        goods, there = self.goods(), self.where(data, job, place)
        stock, known = goods.at(there), goods.received_of(job) + goods.counted.get(job, Decimal(0))
        try:
            movement = adjust(
                self.order,
                goods,
                movement_id=next(self.ids),
                place=there,
                kind=kind,
                quantity=quantity,
                reason="Conta",
            )
        except WrongState as refusal:
            expected = "quantity_beyond_findable" if kind == "found" else "stock_not_enough"
            most = self.came(job) * (1 + FINDABLE)
            beyond = known + quantity > most if kind == "found" else quantity > stock
            assert (refusal.code, beyond) == (expected, True)  # noqa: PT017
        else:
            self.movements.append(movement)

    @rule(
        place=st.sampled_from(PLACES),
        kind=st.sampled_from(sorted(KINDS)),
        destination=st.sampled_from([*sorted(DESTINATIONS), *PLACES]),
        quantity=quantities,
        both=st.booleans(),
    )
    def draft(self, place: str, kind: str, destination: str, quantity: Decimal, both: bool) -> None:
        if (destination in PLACES) != (KINDS[kind].direction == "internal"):
            return  # no lookup table holds it
        lines = [Line(job, quantity) for job in (JOBS if both else JOBS[:1])]
        try:
            shipment = draft(
                self.order,
                self.goods(),
                shipment_id=next(self.ids),
                document_type=KINDS[kind],
                warehouse=place,
                destination=destination,
                lines=lines,
                transport=Transport(),
            )
        except Refusal as refusal:
            assert refusal.code in (  # noqa: PT017
                "destination_is_origin",
                "goods_not_free",
                *(["quantity_beyond_remaining"] if shipping_closes(self.order, kind) else []),
            )
        else:
            self.shipments[shipment.shipment_id] = shipment

    @rule(
        data=st.data(),
        job=st.sampled_from(JOBS),
        place=st.sampled_from(PLACES),
        held=st.booleans(),
    )
    def relocate(self, data: st.DataObject, job: UUID, place: str, held: bool) -> None:
        """Nothing changes but where it lies; what is held back stays so."""
        goods, (origin, quantity) = self.goods(), self.some(data, job, place)
        to = data.draw(st.sampled_from(LOCATIONS))
        try:
            gone, came = relocation(goods, origin, to, quantity, lambda: next(self.ids), held=held)
        except Refusal as refusal:
            left = goods.held_at(origin) if held else self.usable(origin)
            assert to == origin.location or quantity > left, refusal.code  # noqa: PT017
            return
        assert quantity <= (goods.held_at(origin) if held else self.usable(origin))
        self.movements += [gone, came]
        if held:
            for each in (gone, came):
                entry = hold_in(each.place, next(self.ids), HoldKind.RELOCATED, each.quantity, "Colore")
                self.holds.append(entry)
        after = self.goods()
        assert after.in_stock(place, job) == goods.in_stock(place, job)
        assert after.free(place, job) == goods.free(place, job)
        assert (after.at(came.place), after.at(origin)) == (
            goods.at(came.place) + quantity,
            goods.at(origin) - quantity,
        )

    @precondition(lambda self: any(each.state in OPEN for each in self.shipments.values()))
    @rule(data=st.data())
    def name_pick(self, data: st.DataObject) -> None:
        """What is named stays for the shipment: nothing else takes it."""
        shipment = data.draw(
            st.sampled_from([each for each in self.shipments.values() if each.state in OPEN])
        )
        job = data.draw(st.sampled_from(shipment.jobs))
        place, quantity = self.some(data, job, shipment.warehouse)
        pick = Pick(job, quantity, place.location, place.lot, self.expiry.get((job, place.lot)))
        try:
            after = shipment.name_picks([pick], self.goods(), NOW.date())
        except Refusal as refusal:
            assert refusal.code in ("quantity_beyond_line", "goods_not_there", "lot_expired")  # noqa: PT017
            return
        own = sum(
            (each.quantity for each in shipment.picks if each.place(place.warehouse) == place), Decimal(0)
        )
        assert quantity <= self.usable(place) + own
        self.shipments[shipment.shipment_id] = after

    @rule(
        data=st.data(),
        job=st.sampled_from(JOBS),
        place=st.sampled_from(PLACES),
        what=st.sampled_from(["hold", "released", "scrapped"]),
    )
    def hold(self, data: st.DataObject, job: UUID, place: str, what: str) -> None:
        """What was free before it is held is as much less free afterwards, and the other way."""
        goods, (there, quantity) = self.goods(), self.some(data, job, place)
        named: dict[str, Any] = {"hold_id": next(self.ids), "place": there, "reason": "Colore"}
        try:
            if what == "hold":
                entry = hold(goods, quantity=quantity, **named)
            else:
                ending: Ending = "released" if what == "released" else "scrapped"
                entry = end_hold(goods, quantity=quantity, ending=ending, **named)
            if what == "scrapped":
                scrap = adjust(
                    self.order,
                    goods,
                    movement_id=next(self.ids),
                    place=there,
                    kind="damaged",
                    quantity=quantity,
                    reason="Colore",
                )
                self.movements.append(scrap)
        except WrongState as refusal:
            expected = {
                "goods_not_free": quantity > max(goods.free_at(there), Decimal(0)),
                "quantity_beyond_held": quantity > goods.held_at(there),
                "stock_not_enough": quantity > goods.at(there),
            }
            assert expected[refusal.code]  # noqa: PT017
            return
        self.holds.append(entry)
        change = {"hold": -quantity, "released": quantity, "scrapped": Decimal(0)}[what]
        assert self.goods().free(place, job) == goods.free(place, job) + change

    @rule(data=st.data(), job=st.sampled_from(JOBS), quantity=quantities)
    def count_goods(self, data: st.DataObject, job: UUID, quantity: Decimal) -> None:
        place = self.where(data, job, PLACES[0])
        where = place.location, place.lot
        expected = self.goods().at(place)
        self.count = self.count.count(CountLine(job, expected, quantity, NOW, SARA, None, *where))

    @rule(twice=st.booleans())
    def post_count(self, twice: bool) -> None:
        """Whatever moved since: what is in the ledger afterwards differs by what was seen to differ."""
        goods, count = self.goods(), self.count
        try:
            posted = count.post(LUCA, "Conta")
            movements = posted.movements(
                lambda: next(self.ids), dict.fromkeys(JOBS, self.order), dict.fromkeys(JOBS, goods)
            )
        except Refusal as refusal:
            assert refusal.code in (  # noqa: PT017
                "count_empty",
                "counted_goods_gone",
                "quantity_beyond_findable",
                "violations",
            )
            return
        self.movements += movements
        after = self.goods()
        for line in count.lines:
            place = count.place_of(line)
            assert after.at(place) == goods.at(place) + line.difference
        if twice:
            with pytest.raises(WrongState, match="count_not_open"):
                posted.post(LUCA, "Conta")
        self.count = Count(next(self.ids), PLACES[0])

    @precondition(lambda self: self.shipments)
    @rule(
        data=st.data(),
        step=st.sampled_from(["pick", "issue", "depart", "arrive", "refuse", "void", "reissue", "cancel"]),
    )
    def step(self, data: st.DataObject, step: str) -> None:
        shipment = data.draw(st.sampled_from(list(self.shipments.values())))
        try:
            match step:
                case "pick":
                    after = shipment.pick()
                case "issue":
                    self.issue(shipment)
                    return
                case "depart":
                    after = shipment.depart(NOW, now=NOW, issue_date=NOW.date(), zone=ROME)
                case "arrive":
                    more = Decimal(data.draw(st.sampled_from(["-0.001", "-1", "0", "2"])))
                    arrived = [
                        ArrivedQuantities(line.job_id, max(line.quantity + more, Decimal(0)))
                        for line in shipment.lines
                    ]
                    after = shipment.deliver("Neri", NOW, now=NOW, arrived=arrived)
                    self.movements += after.goods_arrive(lambda: next(self.ids), arrived, "Contati")
                case "refuse":
                    after = shipment.refuse("Rotto")
                    self.movements += after.goods_come_back(lambda: next(self.ids), "Rotto")
                case "void" | "reissue":
                    again = shipment.reissue(next(self.ids)) if step == "reissue" else None
                    after = shipment.void("Errore", again.shipment_id if again else None)
                    self.movements += after.goods_come_back(lambda: next(self.ids), "Errore")
                    if again:
                        self.shipments[again.shipment_id] = again
                case _:
                    after = shipment.cancel("Rinviata")
        except Refusal:
            self.refused += 1
            return
        self.shipments[shipment.shipment_id] = after

    @rule(
        data=st.data(),
        job=st.sampled_from(JOBS),
        place=st.sampled_from(PLACES),
        share=st.sampled_from([Decimal(1), Decimal("0.5"), Decimal("0.1")]),
        kind=st.sampled_from(sorted(KINDS)),
    )
    def ship(self, data: st.DataObject, job: UUID, place: str, share: Decimal, kind: str) -> None:
        """Some or all of what is free, from the draft to the document in one step."""
        goods = self.goods()
        quantity = round(goods.free(place, job) * share, 3)
        ends = PLACES if KINDS[kind].direction == "internal" else sorted(DESTINATIONS)
        if quantity <= 0:
            return
        try:
            drafted = draft(
                self.order,
                goods,
                shipment_id=next(self.ids),
                document_type=KINDS[kind],
                warehouse=place,
                destination=data.draw(st.sampled_from(ends)),
                lines=[Line(job, quantity)],
                transport=Transport(),
            )
        except Refusal:
            return
        self.shipments[drafted.shipment_id] = picked = drafted.pick()
        self.issue(picked)

    def issue(self, shipment: Shipment) -> None:
        """Unless not all of it lies there: the document's own check, tested there."""
        goods = self.goods()
        picks = shipment.picks_to_make(goods, NOW.date())
        self.what_is_proposed_expires_first(shipment, goods, picks)
        after = shipment.issue(picks)
        for pick in picks:
            out_of = pick.place(shipment.warehouse)
            if pick.quantity > goods.at(out_of) - goods.held_at(out_of):
                return
        if sum(pick.quantity for pick in picks) < sum(line.quantity for line in shipment.lines):
            return
        self.movements += after.goods_leave(lambda: next(self.ids))
        self.shipments[shipment.shipment_id] = after

    def usable(self, place: Place) -> Decimal:
        """By the entries and picks alone."""
        goods = self.goods()
        taken = goods.held.get(place, Decimal(0)) + goods.picked.get(place, Decimal(0))
        return goods.on_hand.get(place, Decimal(0)) - taken

    @invariant()
    def what_came_back_lies_where_it_had_lain(self) -> None:
        for shipment in self.shipments.values():
            if shipment.state not in (State.REFUSED, State.VOIDED):
                continue
            sums: dict[Place, Decimal] = {}
            for movement in self.movements:
                if movement.shipment_id == shipment.shipment_id:
                    sums[movement.place] = sums.get(movement.place, Decimal(0)) + movement.quantity
            assert not any(sums.values()), sums

    def what_is_proposed_expires_first(self, shipment: Shipment, goods: Goods, picks: Sequence[Pick]) -> None:
        """Nothing that has expired, and nothing while something is left that expires sooner."""
        for pick in picks:
            if pick in shipment.picks:
                continue
            until = self.expiry.get((pick.job_id, pick.lot), date.max)
            assert until >= NOW.date()
            taken: dict[Place, Decimal] = {}
            for each in picks:
                if each not in shipment.picks:
                    place = each.place(shipment.warehouse)
                    taken[place] = taken.get(place, Decimal(0)) + each.quantity
            for place in goods.places_of(shipment.warehouse, pick.job_id):
                sooner = self.expiry.get((place.job_id, place.lot), date.max)
                if NOW.date() <= sooner < until:
                    assert taken.get(place, Decimal(0)) >= self.usable(place)

    @invariant()
    def stock_is_never_negative(self) -> None:
        assert all(quantity >= 0 for quantity in self.goods().on_hand.values())

    @invariant()
    def no_more_is_held_no_longer_than_was_held(self) -> None:
        assert all(quantity >= 0 for quantity in self.goods().held.values())

    @invariant()
    def no_more_is_received_than_was_produced(self) -> None:
        assert all(quantity <= self.came(job) for job, quantity in self.goods().received.items())

    @invariant()
    def no_more_is_received_and_found_than_a_tenth_above_what_came(self) -> None:
        goods = self.goods()
        for job in JOBS:
            known = goods.received_of(job) + goods.counted.get(job, Decimal(0))
            assert known <= self.came(job) * (1 + FINDABLE)

    @invariant()
    def no_destination_gets_more_than_was_ordered_for_it(self) -> None:
        for (_, destination), quantity in self.goods().committed.items():
            assert quantity <= DESTINATIONS[destination]

    @invariant()
    def goods_over_all_warehouses_on_their_way_and_with_others_are_what_came(self) -> None:
        goods = self.goods()
        for job in JOBS:
            out = sum(
                (
                    line.left
                    for shipment in self.shipments.values()
                    if shipment.state in GOODS_OUT
                    and (shipment.state, shipment.goods_go_to) != (State.DELIVERED, GoodsGoTo.WAREHOUSE)
                    for line in shipment.lines
                    if line.job_id == job
                ),
                Decimal(0),
            )
            here = sum((goods.in_stock(place, job) for place in PLACES), Decimal(0))
            adjusted = sum(
                (m.quantity for m in self.movements if m.kind in DIFFERENCES and m.job_id == job),
                Decimal(0),
            )
            assert here + out == goods.received_of(job) + adjusted


class Account(Depot):
    """Articles that nobody ordered or makes: they come by purchases, by lots."""

    lots = ("L1", "L2", "L3")
    expiry: Mapping[tuple[UUID, str], date] = {
        (job, lot): day
        for job in JOBS
        for lot, day in (("L1", date(2026, 12, 31)), ("L2", date(2027, 6, 30)), ("L3", date(2026, 11, 1)))
    }

    def __init__(self) -> None:
        super().__init__()
        lines = {job: OrderLine(job, "Locandina", Decimal(0), "pz", {}, tracked=True) for job in JOBS}
        self.order = Order(UUID(int=98), "", None, lines, kept_for="")

    def came(self, job: UUID) -> Decimal:
        return self.goods().received_of(job)

    @rule(data=st.data(), job=st.sampled_from(JOBS), place=st.sampled_from(PLACES), quantity=quantities)
    def receive(self, data: st.DataObject, job: UUID, place: str, quantity: Decimal) -> None:
        movement_id, receipt_id = next(self.ids), next(self.ids)
        self.movements.append(
            purchase(
                movement_id=movement_id,
                place=self.where(data, job, place),
                quantity=quantity,
                receipt_id=receipt_id,
            )
        )


def shipping_closes(order: Order, kind: str) -> bool:
    return KINDS[kind].closes_order_line and not order.is_account


TestDepot = Depot.TestCase
TestDepot.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestAccount = Account.TestCase
TestAccount.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_goods_of_an_unfinished_job_do_not_enter(order: Order) -> None:
    job = next(iter(order.lines))
    unfinished = replace(order, lines={job: replace(order.lines[job], produced=None)})
    with pytest.raises(WrongState, match="job_not_completed"):
        receive(unfinished, Goods(), movement_id=JOBS[0], place=Place("BO1", job), quantity=Decimal(1))


def test_what_is_finished_of_an_unfinished_job_enters(order: Order) -> None:
    job = next(iter(order.lines))
    line = replace(order.lines[job], produced=None, finished=Decimal(40))
    unfinished, named = (
        replace(order, lines={job: line}),
        {"movement_id": JOBS[0], "place": Place("BO1", job)},
    )
    assert receive(unfinished, Goods(), **named, quantity=Decimal(40)).quantity == Decimal(40)
    for made, quantity in ((line, 41), (replace(line, produced=Decimal(30)), 31)):
        with pytest.raises(WrongState, match="quantity_beyond_produced"):
            receive(replace(order, lines={job: made}), Goods(), **named, quantity=Decimal(quantity))


@pytest.mark.parametrize(("found", "receivable"), [("-30", "40"), ("0", "40"), ("10", "40"), ("50", "0")])
def test_what_was_found_before_is_not_received_once_more(order: Order, found: str, receivable: str) -> None:
    """Of a hundred that were made, sixty were received."""
    job = next(iter(order.lines))
    goods = Goods(received={job: Decimal(60)}, counted={job: Decimal(found)})
    assert goods.receivable(order, order.lines[job]) == Decimal(receivable)


def test_an_adjustment_of_nothing_is_refused(order: Order) -> None:
    with pytest.raises(Invalid, match="difference_zero"):
        adjust(
            order,
            Goods(),
            movement_id=JOBS[0],
            place=Place("BO1", JOBS[0]),
            kind="found",
            quantity=Decimal("0.000"),
            reason="x",
        )
