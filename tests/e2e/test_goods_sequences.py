"""Production and logistics together, on real databases: whatever people do, and however late and often events
arrive, goods are conserved, prices stay as approved, what has ended stays as it is, and every order ends.

OPTIMA_TEST_PROFILE=nightly tries two thousand sequences instead of a hundred; a run of everything by day,
twenty of them.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import ROUND_FLOOR, Decimal
from typing import Any, TypeVar
from uuid import UUID, uuid4

import asyncpg
import pytest

import logistics.adapters.messages
import logistics.adapters.postgres
import production.adapters.messages
import production.bootstrap
from logistics.adapters.postgres import QUERIES
from logistics.application import adjust_stock as adjusting
from logistics.application import allocate_goods as allocating
from logistics.application import cancel_shipment as giving_up
from logistics.application import draft_shipment as drafting
from logistics.application import hold_goods as holding
from logistics.application import issue_ddt as issuing
from logistics.application import pick_shipment as picking
from logistics.application import receive_from_supplier as supplying
from logistics.application import receive_goods as receiving
from logistics.application import record_delivery as delivering
from logistics.application import record_departure as departing
from logistics.application import record_refusal as refusing
from logistics.application import relocate_goods as relocating
from logistics.application import take_back as taking
from logistics.application import void_ddt as voiding
from logistics.application.keep_article import keep_article
from logistics.application.keep_locations import add_locations
from logistics.application.keep_lookup import keep_lookup
from logistics.domain.articles import Article, ArticleQuantity
from logistics.domain.lookups import Destination, Warehouse
from logistics.domain.parties import Party
from logistics.domain.shipments import (
    POSSIBLE_IN,
    ArrivedQuantities,
    Line,
    ReturnedLine,
    ShipmentAction,
    Transport,
)
from optima_contracts.approval import ApprovalRevoked, Approved, Rejected
from optima_contracts.brief import (
    BriefApproved,
    BriefCancellationRevoked,
    BriefCancelled,
    BriefContent,
    BriefItem,
    ItemDelivery,
)
from optima_contracts.economics import BriefPricesApproved, PricedItem
from optima_contracts.envelope import Envelope, EventData
from optima_contracts.identity import LegalIdentity, PersonChanged, TenantChanged
from optima_kit.actor import Actor
from optima_kit.cause import Cause
from optima_kit.clock import FixedClock
from optima_kit.db import Database
from optima_kit.ids import new_id
from optima_kit.refusals import NotYet, Refusal
from optima_kit.testing import temporary_database
from optima_kit.testing.nights import AT_NIGHT, SAMPLING
from production.application import accept_phase as accepting
from production.application import assign_phase as assigning
from production.application import cancel_order as cancelling
from production.application import change_order as changing
from production.application import close_short as closing
from production.application import complete_phase as completing
from production.application import define_kind as defining
from production.application import give_back_phase as giving_back
from production.application import join_shares as joining
from production.application import outsource_phase as outsourcing
from production.application import reject_phase as rejecting
from production.application import report_part as reporting
from production.application import request_amendment as amending
from production.application import set_economics as valuing
from production.application import skip_phase as skipping
from production.application import split_phase as splitting
from production.application import start_phase as starting
from production.application import write_order as writing
from production.domain.deliveries import Delivery
from production.domain.job import Phase
from production.domain.kinds import PhaseDefinition
from production.domain.machine import Action, Refused, outcome

pytestmark = [pytest.mark.servers, pytest.mark.timeout(3000)]

BATCHES, SEQUENCES = (20, 100) if AT_NIGHT else (1, 20) if SAMPLING else (5, 20)
LENGTH = 45
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
PLACES = ("BO1", "BO2")
LOCATIONS = ("", "A-01", "B-02")
PRICE = Decimal("0.0345")
SHOPS = {"MI-01": Decimal(60), "RM-01": Decimal(40)}
PARTY = Party("Caffè Aurora S.p.A.", "Via Roma 1", "40124", "Bologna", "BO", "IT", "01234560371")
TRANSPORT = Transport(by="mittente")
FINISHER = "FIN-01"
ARTICLE = "ESP-1"
PHASES = (
    PhaseDefinition("stampa", "Stampa"),
    PhaseDefinition("plastifica", "Plastificazione", ("stampa",), skippable=True, starts_on_parts=True),
    PhaseDefinition("taglio", "Taglio", ("plastifica",), quality_check=True),
)
IN_SHEETS = (
    PHASES[0],
    replace(PHASES[1], unit="fg", factor=Decimal(3)),
    replace(PHASES[2], quality_check=False),
)
"""One counts in sheets, of which no number makes what is ordered. What the last hands in is finished before
the rest."""
ENDED = ("delivered", "cancelled")

Work = Callable[[Any], Awaitable[Any]]
T = TypeVar("T")


@dataclass
class Partner:
    """One service: its database, its ports, its reactions, and how far its outbox was read."""

    database: Database
    own: asyncpg.Connection[asyncpg.Record]
    """As superuser, who sees every tenant."""
    ports: Callable[[Any], Any]
    reactions: Any
    read: int = 0


@dataclass
class Story:
    """One tenant with one order, from its brief on."""

    made: Partner
    moved: Partner
    chance: random.Random
    written: bool = False
    """Whether backoffice wrote the order, with a line from stock; otherwise it is a brief's."""
    tenant: UUID = field(default_factory=uuid4)
    brief_id: UUID = field(default_factory=uuid4)
    order_id: UUID | None = None
    on_the_way: list[tuple[Partner, bytes]] = field(default_factory=list)
    sequences: dict[UUID, int] = field(default_factory=dict)
    brief: str = "approved"
    ended: tuple[str, int, Any] | None = None
    """The state in which the order ended, how often it had been reinstated by then, and all of it."""
    reinstated: int = 0
    done: list[str] = field(default_factory=list)
    patience: int = 0
    """For how many steps nobody cancels or closes anything."""
    prices: set[str] = field(default_factory=lambda: {str(PRICE)})
    """That were approved at some time."""
    asked: list[tuple[str, Envelope, UUID]] = field(default_factory=list)
    """Amendments, with what approval has said of each by its approval."""
    succeeded: set[str] = field(default_factory=set)
    """The actions of which a command was carried out."""

    def __post_init__(self) -> None:
        self.worker, self.admin = (
            Actor(uuid4(), self.tenant, name, "internal", frozenset({"admin"}), frozenset({"phase.work"}))
            for name in ("Carla", "Ada")
        )

    # What happens in one of the services

    async def run(self, service: Partner, work: Work) -> Any:
        """A command: committed, or refused without a trace. What it publishes is on its way."""
        cause = Cause(NOW, actor_id=self.admin.person_id)
        try:
            async with service.database.transaction(self.tenant, cause) as unit:
                result = await work(service.ports(unit))
        except Refusal:
            return None
        else:
            self.succeeded.update(self.done[-1:])
            return result
        finally:
            await self.collect(service)

    async def collect(self, service: Partner) -> None:
        rows = await service.own.fetch(
            "SELECT position, envelope FROM outbox WHERE position > $1 ORDER BY position", service.read
        )
        for row in rows:
            service.read = row["position"]
            self.tell(row["envelope"].encode())

    def tell(self, body: bytes) -> None:
        envelope = Envelope.model_validate_json(body)
        kind = envelope.type.split(".")[2]
        if kind == "order_valued" and not self.written:
            assert {line["unit_price"] for line in envelope.data["lines"]} <= self.prices, "not as approved"
        if kind == "order_reinstated":
            self.reinstated += 1
        if kind == "amendment_requested":
            self.asked.append(("", envelope, uuid4()))
        if kind == "cancellation_refused" and self.brief == "cancelled":
            self.brief = "in_delivery"
            self.say(BriefCancellationRevoked(brief_id=self.brief_id, reason="DDT"), self.brief_id)
        elif (
            kind in ("ddt_issued", "shipment_departed")
            and envelope.data["closes_order_line"]
            and self.brief == "approved"
        ):
            self.brief = "in_delivery"
        elif kind == "order_cancelled" and (
            self.brief == "approved" or (self.brief == "in_delivery" and envelope.data["goods_came_back"])
        ):
            self.cancel_brief()
        for service in (self.made, self.moved):
            if envelope.type in service.reactions.bindings():
                self.on_the_way.append((service, body))

    def say(self, event: EventData, subject: UUID) -> None:
        """A neighbour's event."""
        self.sequences[subject] = self.sequences.get(subject, 0) + 1
        envelope = Envelope(
            id=new_id(),
            source="/optima/neighbour",
            type=event.type,
            subject=subject,
            time=NOW,
            tenantid=self.tenant,
            sequence=self.sequences[subject],
            correlationid=self.brief_id,
            data=event.model_dump(mode="json"),
        )
        self.tell(envelope.model_dump_json().encode())

    def cancel_brief(self) -> None:
        self.brief = "cancelled"
        self.say(
            BriefCancelled(brief_id=self.brief_id, reason="Sospesa", from_state="approved"), self.brief_id
        )

    async def arrive(self, at: int) -> None:
        """One event arrives, a third of them twice; its subject's earlier ones have arrived before it."""
        service, body = self.on_the_way[at]
        subject = Envelope.model_validate_json(body).subject
        for earlier in range(at):
            other, before = self.on_the_way[earlier]
            if other is service and Envelope.model_validate_json(before).subject == subject:
                at, body = earlier, before
                break
        del self.on_the_way[at]
        try:
            for _ in range(self.chance.choice((1, 1, 2))):
                reaction, received = service.reactions.read(body)
                async with service.database.transaction(self.tenant, received.cause(NOW)) as unit:
                    await reaction.handle(service.ports(unit), received)
        except NotYet:
            self.on_the_way.append((service, body))
        await self.collect(service)

    async def settle(self) -> None:
        left = 400
        while self.on_the_way:
            await self.arrive(self.chance.randrange(len(self.on_the_way)))
            left -= 1
            assert left, [Envelope.model_validate_json(body).type for _, body in self.on_the_way]

    # What people do

    async def begin(self) -> None:
        legal = LegalIdentity(**{name: getattr(PARTY, name) for name in LegalIdentity.model_fields})
        self.say(TenantChanged(tenant_id=self.tenant, slug="aurora", legal=legal), self.tenant)
        for person in (self.worker, self.admin):
            self.say(
                PersonChanged(
                    person_id=person.person_id,
                    name=person.name,
                    email="x@example.it",
                    kind="internal",
                    roles=["admin"],
                    active=True,
                ),
                person.person_id,
            )
        for lookup in (
            *(Warehouse(code, PARTY) for code in PLACES),
            *(Destination(code, PARTY, PARTY) for code in (*SHOPS, FINISHER)),
        ):
            await self.run(self.moved, lambda ports, kept=lookup: keep_lookup(ports, kept, None))
        for place in PLACES:
            await self.run(
                self.moved, lambda p, at=place: add_locations(p, warehouse=at, codes=LOCATIONS[1:])
            )
        phases = IN_SHEETS if self.written else PHASES
        kind = {"name": "Espositore", "phases": phases, "tolerance_percent": Decimal(10)}
        await self.run(self.made, lambda ports: defining.define_kind(ports, "k", None, **kind))
        await self.settle()
        await (self.write_order() if self.written else self.approve_brief())

    async def write_order(self) -> None:
        """Of something to be made, as a brief's, and of an article, of which half is in stock."""
        self.brief = "none"
        article = Article(UUID(int=0), ARTICLE, description="Espositore", unit="pz")
        await self.run(self.moved, lambda p: keep_article(p, article, None))
        await self.supply(PLACES[0], 50)
        await self.settle()
        deliveries = tuple(Delivery(code, quantity) for code, quantity in SHOPS.items())
        made = writing.AskedItem("k", None, "Espositore", Decimal(100), None, deliveries)
        asked = [made, replace(made, deliveries=()), replace(made, kind=None, article=ARTICLE)]
        about = {"title": "Ristampa", "customer": None, "deadline": date(2027, 1, 31)}
        order = await self.run(self.made, lambda p: writing.write_order(p, asked, **about))
        self.order_id = order.id

    async def supply(self, place: str, quantity: int) -> None:
        """Articles come in, under a document of their own."""
        document = {"supplier": FINISHER, "number": str(len(self.done)), "on": NOW.date(), "warehouse": place}
        lines = [ArticleQuantity(ARTICLE, Decimal(quantity))]
        await self.run(
            self.moved,
            lambda p: supplying.receive_from_supplier(p, self.admin, lines=lines, **document),
        )

    async def approve_brief(self) -> None:
        item = BriefItem(
            item_id=uuid4(),
            kind="k",
            description="Espositore",
            quantity="100",
            deliveries=[ItemDelivery(destination=code, quantity=str(q)) for code, q in SHOPS.items()],
        )
        content = BriefContent(
            title="Lancio",
            category="POP",
            budget="100.00",
            deadline=date(2027, 1, 31),
            items=[item, item.model_copy(update={"item_id": uuid4(), "deliveries": []})],
        )
        approved = BriefApproved(
            brief_id=self.brief_id,
            number="B-2026-0001",
            revision=1,
            content_hash="ab" * 32,
            approval_id=uuid4(),
            requester_id=uuid4(),
            content=content,
            valued=True,
        )
        prices = BriefPricesApproved(
            lines=[
                PricedItem(item_id=each.item_id, quantity="100", unit_price=str(PRICE), amount="3.45")
                for each in content.items
            ],
            total="6.90",
            **approved.model_dump(include={"brief_id", "revision", "approval_id", "content_hash"}),
        )
        self.say(prices, self.brief_id)
        self.say(approved, self.brief_id)

    async def stock(self, *, outside: bool) -> None:
        """The first job is made, a part of it outside if so, and most of its goods lie in the warehouses. The
        second has not begun or, where nothing is to be inspected, a part of it is received already."""
        await self.settle()
        self.patience = LENGTH * 2 // 3
        job, other, *_ = (await self.order()).jobs
        await self.make(job, outside=outside)
        await self.value(other)
        if self.written:
            await self.make(other, part=Decimal(40))
        await self.settle()
        for made, place, quantity in (
            (job, *PLACES[:1], 60),
            (job, *PLACES[1:], 30),
            (other, *PLACES[:1], 30),
        ):
            named = {"warehouse": place, "job_id": made.id, "quantity": Decimal(quantity)}
            await self.run(self.moved, lambda p, what=named: receiving.receive_goods(p, self.admin, **what))

    async def step(self) -> None:
        self.patience -= 1
        chance, made, moved = self.chance, self.made, self.moved
        action = chance.choice(ACTIONS)
        if action in ENDINGS and self.patience > 0:
            return
        if action == "ship":
            await self.ship_something()
            return
        self.done.append(action)
        if action == "arrive":
            if self.on_the_way:
                await self.arrive(chance.randrange(len(self.on_the_way)))
            return
        if action == "cancel brief":
            if chance.random() < 0.2 and self.brief == "approved":
                self.cancel_brief()
            return
        order = await self.order()
        if order is None:
            return
        job = self.mostly(order.jobs[:1], order.jobs)
        if action == "make":  # the next useful step, which a mistake seldom takes
            await self.make(job)
        elif action == "value":
            await self.value(job, chance.choice((PRICE, Decimal(2))))
        elif action == "change":
            await self.change(order, job)
        elif action == "amend":
            await self.amend(job)
        elif action == "send work":
            await self.send_work()
        elif action == "supply":
            if self.written:
                await self.supply(chance.choice(PLACES), chance.choice((10, 60)))
        elif action in ("allocate", "release"):
            each = chance.choice(order.jobs[-1:])
            named = {"warehouse": chance.choice(PLACES), "job_id": each.id, "quantity": Decimal(10)}
            moving = allocating.allocate_goods if action == "allocate" else allocating.release_goods
            await self.run(moved, lambda p: moving(p, self.admin, **named))
        elif action == "work":
            await self.work(order)
        elif action == "cancel order" and chance.random() < 0.2:
            await self.run(made, lambda p: cancelling.cancel_order(p, self.order_id, "Basta"))
        elif action == "close job" and chance.random() < 0.2:
            await self.run(made, lambda p: closing.close_job(p, job.id, "Basta"))
        elif action == "close order" and chance.random() < 0.2:
            await self.run(made, lambda p: closing.close_order(p, self.order_id, "Basta"))
        elif action == "receive":
            place, quantity = chance.choice(PLACES), Decimal(chance.choice((30, 50, 97)))
            named = {"warehouse": place, "job_id": job.id, "quantity": quantity}
            named["location"] = chance.choice(LOCATIONS)
            await self.run(moved, lambda p: receiving.receive_goods(p, self.admin, **named))
        elif action == "count":
            named = {"warehouse": chance.choice(PLACES), "job_id": job.id, "quantity": Decimal(3)}
            kind = chance.choice(("damaged", "missing", "found"))
            await self.run(
                moved, lambda p: adjusting.adjust_stock(p, self.admin, **named, kind=kind, reason="Conta")
            )
        elif action in ("relocate", "hold", "end hold"):
            await self.move(action, job)
        elif action in ENDS:
            document_type, ends = ENDS[action]
            named = {
                "order_id": self.order_id,
                "document_type": document_type,
                "warehouse": chance.choice(PLACES),
                "destination": chance.choice(ends),
                "lines": [Line(job.id, Decimal(chance.choice((10, 30, 40))))],
                "transport": TRANSPORT,
            }
            await self.run(moved, lambda p: drafting.draft_shipment(p, **named))

    async def move(self, action: str, job: Any) -> None:
        """Within a warehouse, or into quality hold and out of it."""
        chance = self.chance
        named = {"warehouse": chance.choice(PLACES), "job_id": job.id, "quantity": Decimal(7)}
        lies = chance.choice((None, None, *LOCATIONS))
        if action == "relocate":
            named |= {"from_location": lies, "lot": None, "to_location": chance.choice(LOCATIONS)}
            held = chance.random() < 0.3
            await self.run(self.moved, lambda p: relocating.relocate_goods(p, self.admin, **named, held=held))
            return
        named |= {"location": lies, "reason": "Colore"}
        if action == "hold":
            await self.run(self.moved, lambda p: holding.hold_goods(p, self.admin, **named))
        else:
            ending = chance.choice(("released", "released", "scrapped"))
            await self.run(self.moved, lambda p: holding.end_hold_of(p, self.admin, **named, ending=ending))

    async def work(self, order: Any) -> None:
        """One action on one phase."""
        tried = [(job, phase, action) for job in order.jobs for phase in job.phases for action in WORK]
        state = order.order.state
        fit = [
            (job, phase, action)
            for job, phase, action in tried
            if not isinstance(outcome(action, phase.state, job.state, state), Refused)
        ]
        job, phase, action = self.mostly(fit, tried)
        self.done.append(action.value)
        chance, id_ = self.chance, phase.id
        worker, quantity = self.worker, in_share(phase, chance.choice((90, 97, 100, 110)))
        person = chance.choice((worker, worker, self.admin))
        doing: dict[Action, Work] = {
            Action.ASSIGN: lambda p: assigning.assign_phase(p, id_, person.person_id),
            Action.REPLACE: lambda p: assigning.assign_phase(p, id_, person.person_id, "Urgente"),
            Action.GIVE_BACK: lambda p: giving_back.give_back_phase(p, worker, id_, "no"),
            Action.REPORT: lambda p: reporting.report_part(
                p, worker, id_, phase.in_own_unit(Decimal(chance.choice((10, 40, 97))))
            ),
            Action.START: lambda p: starting.start_phase(p, worker, id_),
            Action.COMPLETE: lambda p: completing.complete_phase(p, worker, id_, quantity, "", "Avviamento"),
            Action.ACCEPT: lambda p: accepting.accept_phase(p, self.admin, id_),
            Action.REJECT: lambda p: rejecting.reject_phase(p, self.admin, id_, "no"),
            Action.SKIP: lambda p: skipping.skip_phase(p, id_),
            Action.OUTSOURCE: lambda p: outsourcing.outsource_phase(
                p, self.admin, id_, chance.choice((FINISHER, FINISHER, None))
            ),
            Action.SPLIT: lambda p: splitting.split_phase(
                p,
                id_,
                phase.in_own_unit(Decimal(chance.choice((20, 45, 100)))),
                chance.choice((person.person_id, None)),
            ),
            Action.JOIN: lambda p: joining.join_shares(p, id_, chance.choice(job.phases).id),
        }
        await self.run(self.made, doing[action])

    async def change(self, order: Any, job: Any) -> None:
        """Another deadline, quantity or destinations."""
        chance, version = self.chance, job.version
        days = date(2027, 2, chance.randrange(1, 29))
        quantity = Decimal(chance.choice((60, 90, 100)))
        parts = (Delivery("MI-01", quantity - 20), Delivery("RM-01", Decimal(20)))
        await self.run(
            self.made,
            chance.choice(
                (
                    lambda p: changing.change_deadline(
                        p, self.admin, self.order_id, order.order.version, days, "Rinvio"
                    ),
                    lambda p: changing.change_line(p, self.admin, job.id, version, quantity, (), "Meno"),
                    lambda p: changing.change_line(p, self.admin, job.id, version, quantity, parts, "Meno"),
                )
            ),
        )

    async def amend(self, job: Any) -> None:
        """Another price or quantity is asked for, or approval says what has come of one that was."""
        chance = self.chance
        open_ = [at for at, (said, _, _) in enumerate(self.asked) if said in ("", "approved")]
        if open_ and chance.random() < 0.6:
            at = chance.choice(open_)
            said, asked, approval_id = self.asked[at]
            kind = ApprovalRevoked if said else chance.choice((Approved, Approved, Rejected))
            self.asked[at] = ("approved" if kind is Approved else "over", asked, approval_id)
            if kind is Approved:
                self.prices.add(asked.data["unit_price"])
            facts = {
                **{name: asked.data[name] for name in ("content_hash", "requester_id", "title")},
                "approval_id": approval_id,
                "subject_type": "order_amendment",
                "subject_id": asked.subject,
                "subject_revision": 1,
                "process_key": "order-amendment",
                "process_version": 1,
                "reason": "Ripensato",
                "recipients": [],
            }
            known = {name: value for name, value in facts.items() if name in kind.model_fields}
            self.say(kind.model_validate(known), approval_id)
            return
        quantity = chance.choice((None, Decimal(80), Decimal(120)))
        sent = None
        if quantity is not None and job.item.deliveries:
            sent = (Delivery("MI-01", quantity - 20), Delivery("RM-01", Decimal(20)))
        asking = {"unit_price": chance.choice((None, Decimal("0.04"))), "quantity": quantity}
        await self.run(
            self.made,
            lambda p: amending.request_amendment(
                p, self.admin, job.id, **asking, deliveries=sent, reason="Carta"
            ),
        )

    async def send_work(self) -> None:
        """Of a phase that is done outside, if there is one."""
        rows = await self.moved.own.fetch(
            "SELECT job_id, unit FROM order_lines WHERE tenant_id = $1 AND finisher IS NOT NULL", self.tenant
        )
        if not rows:
            return
        chosen = self.chance.choice(rows)
        quantity = Decimal(self.chance.choice((40, 97)))
        if chosen["unit"] == "fg":
            quantity = (quantity / 3).quantize(Decimal("0.001"), ROUND_FLOOR)
        named = self.to_finisher(chosen["job_id"], quantity)
        await self.run(self.moved, lambda p: drafting.draft_shipment(p, **named))

    async def ship_something(self) -> None:
        """One action on one shipment."""
        if not (shipments := await self.shipments()):
            return
        tried = [(each, action) for each in shipments for action in ONWARD]
        fit = [(each, action) for each, action in tried if each["state"] in POSSIBLE_IN[STEPS[action]]]
        shipment, action = self.mostly(fit, tried)
        self.done.append(action)
        await self.ship(action, shipment["shipment_id"])

    def mostly(self, fit: list[T], any_: list[T]) -> T:
        """Mostly one that fits, so that sequences get somewhere; any at times, which is to be refused."""
        return self.chance.choice(fit if fit and self.chance.random() < 0.8 else any_)

    async def value(self, job: Any, price: Decimal | None = None) -> None:
        """At the approved price; another is refused."""
        if self.written:
            price = price or PRICE  # none was approved
        details = {
            "cost": Decimal(1),
            "supplier": None,
            "materials": "",
            "technical_sheet": "",
            "vat_code": "22",
            "sheet": {},
        }
        await self.run(
            self.made,
            lambda p: valuing.set_economics(
                p, self.admin, job.id, job.version, cost_lines=(), unit_price=price, **details
            ),
        )

    async def make(self, job: Any, *, outside: bool = False, part: Decimal | None = None) -> None:
        """`outside`: a company outside does the second phase. `part`: so much alone of the last."""
        await self.value(job)
        person = self.worker.person_id
        for index, phase in enumerate(job.phases):
            away = outside and index == 1
            if away:
                await self.run(
                    self.made,
                    lambda p, id_=phase.id: outsourcing.outsource_phase(p, self.admin, id_, FINISHER),
                )
            await self.run(self.made, lambda p, id_=phase.id: assigning.assign_phase(p, id_, person))
            await self.run(self.made, lambda p, id_=phase.id: starting.start_phase(p, self.worker, id_))
            if away:
                await self.work_outside(phase)
            if part is not None and index == len(job.phases) - 1:
                await self.run(
                    self.made, lambda p, id_=phase.id: reporting.report_part(p, self.worker, id_, part)
                )
                return
            quantity = in_share(phase, 97)
            await self.run(
                self.made,
                lambda p, id_=phase.id, quantity=quantity: completing.complete_phase(
                    p, self.worker, id_, quantity, "", "Scarti"
                ),
            )
            await self.run(self.made, lambda p, id_=phase.id: accepting.accept_phase(p, self.admin, id_))

    async def work_outside(self, phase: Phase) -> None:
        """Its goods go to the finisher, and are back."""
        await self.settle()
        quantity = phase.in_own_unit(Decimal(97))
        named = self.to_finisher(phase.id, quantity)
        row = await self.run(self.moved, lambda p: drafting.draft_shipment(p, **named))
        id_ = row.shipment.shipment_id
        for action in ("pick", "issue", "depart", "deliver"):
            await self.ship(action, id_, whole=True)
        back = {
            "document_type": "reso-da-conto-lavorazione",
            "warehouse": PLACES[0],
            "number": None,
            "on": None,
            "reason": "Lavorati",
            "lines": [ReturnedLine(phase.id, quantity, "stock")],
        }
        await self.run(self.moved, lambda p: taking.take_back(p, id_, None, **back))
        await self.settle()
        await self.check_work_outside()
        self.succeeded.add("work outside")

    def to_finisher(self, phase_id: UUID, quantity: Decimal) -> dict[str, Any]:
        return {
            "order_id": self.order_id,
            "document_type": "conto-lavorazione",
            "warehouse": PLACES[0],
            "destination": FINISHER,
            "lines": [Line(phase_id, quantity)],
            "transport": TRANSPORT,
        }

    async def ship(self, action: str, id_: UUID, *, whole: bool = False) -> None:
        """`whole`: all that was sent arrives."""
        arrived = await self.arrived(id_) if action == "deliver" and not whole else []
        rows = await self.moved.own.fetch(
            "SELECT job_id, quantity - came_back - returned AS away FROM shipment_lines"
            " WHERE shipment_id = $1",
            id_,
        )
        doing: dict[str, Work] = {
            "pick": lambda p: picking.pick_shipment(p, id_, None),
            "issue": lambda p: issuing.issue_ddt(p, id_, None, issue_date=None, series=""),
            "depart": lambda p: departing.record_departure(p, id_, None, None),
            "deliver": lambda p: delivering.record_delivery(
                p, id_, None, received_by="Neri", delivered_at=None, arrived=arrived, reason="Contati"
            ),
            "refuse": lambda p: refusing.record_refusal(p, id_, None, "Rotta"),
            "take back": lambda p: taking.take_back(
                p,
                id_,
                None,
                document_type=self.chance.choice(("reso-da-cliente", "reso-da-conto-lavorazione")),
                warehouse=self.chance.choice(PLACES),
                number=None,
                on=None,
                reason="Difettosi",
                lines=[
                    ReturnedLine(
                        row["job_id"],
                        self.chance.choice((Decimal(5), row["away"])),
                        self.chance.choice(("stock", "stock", "scrap")),
                    )
                    for row in rows
                ],
            ),
            "void": lambda p: voiding.void_ddt(
                p, id_, None, reason="Errore", reissue=self.chance.random() < 0.5
            ),
            "give up": lambda p: giving_up.cancel_shipment(p, id_, None, "Rinviata"),
        }
        await self.run(self.moved, doing[action])

    async def arrived(self, id_: UUID) -> list[ArrivedQuantities]:
        """Mostly what was sent."""
        lines = await self.moved.own.fetch(
            "SELECT job_id, quantity FROM shipment_lines WHERE shipment_id = $1", id_
        )
        if self.chance.random() < 0.6:
            return []
        more, damaged = self.chance.choice(((-4, 0), (-4, 2), (1, 0), (0, 0)))
        return [
            ArrivedQuantities(line["job_id"], line["quantity"] + more, Decimal(damaged)) for line in lines
        ]

    # What must hold

    async def order(self) -> Any:
        if self.order_id is None:
            rows = await self.made.own.fetch("SELECT id FROM orders WHERE brief_id = $1", self.brief_id)
            if not rows:
                return None
            self.order_id = rows[0]["id"]
        async with self.made.database.reading(self.tenant) as unit:
            found = await self.made.ports(unit).reading.find_order(self.order_id)
        return found.full

    async def shipments(self) -> list[Any]:
        return await self.moved.own.fetch(
            "SELECT shipment_id, state FROM shipments WHERE tenant_id = $1 ORDER BY shipment_id", self.tenant
        )

    async def check(self) -> None:
        await self.check_goods()
        order = await self.order()
        if order is None:
            return
        if self.ended is not None:
            state, reinstated, whole = self.ended
            if self.reinstated > reinstated:  # and perhaps ended again since
                assert state == "cancelled", "a delivered order went on"
            else:
                assert (order.order, order.jobs) == whole, "something changed in an ended order"
        ended = order.order.state.value in ENDED
        self.ended = (order.order.state.value, self.reinstated, (order.order, order.jobs)) if ended else None

    async def check_goods(self) -> None:
        wrong = await self.moved.own.fetch(_WRONG_GOODS, self.tenant)
        if {"change", "amend"} & self.succeeded:  # goods may have left before the warehouse heard of it
            wrong = [row for row in wrong if row[0] != "too much"]
        assert wrong == []
        # What is kept of the ledger is its sum, of every tenant.
        assert await self.moved.own.fetchval(QUERIES.count_stock_deviations.sql) == 0

    async def check_work_outside(self) -> None:
        """Once everything has arrived, both know the same of it; and no work has ended that is not back."""
        order = await self.order()
        received = {row["job_id"]: row for row in await self.moved.own.fetch(_RECEIVED, self.tenant)}
        for job in order.jobs if order else ():
            if job.id in received and job.produced is not None and job.item.article_id is None:
                assert received[job.id]["quantity"] <= job.produced, job
            elif job.id in received and job.item.article_id is None:
                self.succeeded.add("received early")
        moved = await self.moved.own.fetch(_WORK_OUTSIDE, self.tenant)
        known = {row["job_id"]: (row["sent"], row["back"]) for row in moved}
        for phase in [phase for job in (order.jobs if order else ()) for phase in job.phases]:
            outside = phase.outside
            assert known.get(phase.id, (0, 0)) == (outside.sent, outside.back.all), phase
            if outside.finisher and phase.quantity is not None:
                assert phase.quantity <= outside.made, phase

    async def end(self) -> None:
        """From wherever they have got to, the order and its brief come to an end."""
        await self.settle()
        await self.check()
        await self.check_work_outside()
        for shipment in await self.shipments():
            for action in ("give up", "depart", "deliver"):
                await self.ship(action, shipment["shipment_id"], whole=True)
        await self.settle()
        await self.check()
        await self.check_work_outside()
        order = await self.order()
        if order is not None and order.order.state.value not in ENDED:
            await self.run(self.made, lambda p: closing.close_order(p, self.order_id, "Fine"))
            await self.settle()
        await self.check()
        order = await self.order()
        if order is None:
            assert self.brief == "cancelled"
            return
        assert order.order.state.value in ENDED, order
        (known,) = await self.moved.own.fetch(
            "SELECT cancelled_because FROM orders WHERE tenant_id = $1 AND kept_for IS NULL", self.tenant
        )
        assert (order.order.state.value == "cancelled") == (known["cancelled_because"] is not None)
        out = await self.moved.own.fetch(_DELIVERED, self.tenant)
        assert {row["job_id"]: row["delivered"] for row in out} == {
            id_: line.delivered for id_, line in order.lines.items() if line.delivered
        }
        if order.order.state.value == "cancelled" and not self.written:
            assert self.brief == "cancelled"


ACTIONS = (
    *["arrive"] * 12,
    *["work"] * 8,
    *["ship"] * 18,
    *["draft"] * 4,
    *["transfer"] * 3,
    "send out",
    *["send work"] * 3,
    *["receive"] * 3,
    *["make"] * 2,
    *["value"] * 2,
    *["change"] * 2,
    *["amend"] * 3,
    *("supply", "allocate", "allocate", "release"),
    *["relocate"] * 4,
    *["hold"] * 3,
    *["end hold"] * 2,
    *("count", "cancel order", "close job", "close order", "cancel brief"),
)
WORK = tuple(Action)


def in_share(phase: Phase, of_a_hundred: int) -> Decimal:
    """So much of the hundred that the job is for, in the phase's unit; of its share, if it has one."""
    return phase.in_own_unit(of_a_hundred * (phase.share or Decimal(100)) / 100)


ONWARD = (*["pick", "issue", "depart"] * 3, "deliver", *["refuse", "void"] * 2, "take back", "give up")
ENDINGS = ("cancel order", "close job", "close order", "cancel brief")
ENDS = {
    "draft": ("vendita", tuple(SHOPS)),
    "transfer": ("trasferimento-tra-depositi", PLACES),
    "send out": ("conto-lavorazione", (FINISHER,)),
}
"""The document type of what is drafted, and where it may go."""
STEPS: dict[str, ShipmentAction] = {
    "pick": "pick",
    "issue": "issue",
    "depart": "depart",
    "deliver": "deliver",
    "refuse": "refuse",
    "take back": "take_back",
    "void": "void",
    "give up": "cancel",
}

# Of goods in process: what went to their finisher, and what is back.
_WORK_OUTSIDE = """
SELECT job_id, sum(shipment_lines.quantity - came_back) AS sent, sum(returned) AS back
FROM shipment_lines JOIN shipments USING (tenant_id, shipment_id) JOIN order_lines USING (tenant_id, job_id)
WHERE tenant_id = $1 AND finisher IS NOT NULL AND state IN ('issued', 'in_transit', 'delivered')
GROUP BY job_id
"""

_RECEIVED = """
SELECT job_id, sum(quantity) AS quantity
FROM movements WHERE tenant_id = $1 AND kind = 'receipt' GROUP BY job_id
"""

# Stock below nothing in a place; goods relocated to nowhere; goods received beyond what was produced or is
# finished; goods that left and neither lie in another warehouse nor travel nor are at a third party's or
# their recipient's; more sent to a destination than was ordered for it; goods set aside from nowhere, or
# beyond what was ordered; more sent out to be worked on than there was, or movements of it.
_WRONG_GOODS = """
SELECT 'stock', job_id::text, sum(quantity) FROM movements WHERE tenant_id = $1
GROUP BY warehouse, job_id, location, lot HAVING sum(quantity) < 0
UNION ALL
SELECT 'relocated', job_id::text, sum(quantity) FROM movements WHERE tenant_id = $1 AND kind = 'relocation'
GROUP BY warehouse, job_id, lot HAVING sum(quantity) <> 0
UNION ALL
SELECT 'received', job_id::text, sum(movements.quantity)
FROM movements JOIN order_lines USING (tenant_id, job_id) WHERE tenant_id = $1 AND kind = 'receipt'
GROUP BY job_id, produced, finished HAVING sum(movements.quantity) > coalesce(produced, finished, 0)
UNION ALL
SELECT 'lost', job_id::text, moved.quantity + coalesce(sent.quantity, 0)
FROM (SELECT job_id, sum(quantity) AS quantity FROM movements
      WHERE tenant_id = $1 AND kind IN ('issue', 'return', 'arrival') GROUP BY job_id) AS moved
FULL JOIN (
    SELECT job_id, sum(quantity - came_back - returned) AS quantity
    FROM shipment_lines JOIN shipments USING (tenant_id, shipment_id)
    WHERE tenant_id = $1 AND job_id NOT IN (
            SELECT job_id FROM order_lines WHERE tenant_id = $1 AND finisher IS NOT NULL)
        AND (state IN ('issued', 'in_transit')
                              OR state = 'delivered' AND goods_go_to <> 'warehouse') GROUP BY job_id
) AS sent USING (job_id)
WHERE coalesce(moved.quantity, 0) + coalesce(sent.quantity, 0) <> 0
UNION ALL
SELECT 'too much', job_id::text, sum(shipment_lines.quantity)
FROM shipment_lines JOIN shipments USING (tenant_id, shipment_id)
JOIN order_deliveries USING (tenant_id, job_id, destination)
WHERE tenant_id = $1 AND closes_order_line AND state IN ('issued', 'in_transit', 'delivered')
GROUP BY job_id, destination, order_deliveries.quantity
HAVING sum(shipment_lines.quantity - came_back) > order_deliveries.quantity
UNION ALL
SELECT 'set aside', NULL, sum(quantity) FROM movements WHERE tenant_id = $1 AND kind = 'allocation'
HAVING sum(quantity) <> 0
UNION ALL
SELECT 'beyond ordered', job_id::text, sum(movements.quantity)
FROM movements JOIN order_lines USING (tenant_id, job_id)
WHERE tenant_id = $1 AND kind = 'allocation' AND article_id IS NOT NULL
GROUP BY job_id, order_lines.quantity HAVING sum(movements.quantity) > order_lines.quantity
UNION ALL
SELECT 'sent out', job_id::text, sum(shipment_lines.quantity - came_back)
FROM shipment_lines JOIN shipments USING (tenant_id, shipment_id) JOIN order_lines USING (tenant_id, job_id)
WHERE tenant_id = $1 AND finisher IS NOT NULL AND state IN ('issued', 'in_transit', 'delivered')
GROUP BY job_id, order_lines.quantity HAVING sum(shipment_lines.quantity - came_back) > order_lines.quantity
UNION ALL
SELECT 'in the ledger', job_id::text, movements.quantity
FROM movements JOIN order_lines USING (tenant_id, job_id) WHERE tenant_id = $1 AND finisher IS NOT NULL
"""
_DELIVERED = """
SELECT job_id, sum(quantity - came_back) AS delivered
FROM shipment_lines JOIN shipments USING (tenant_id, shipment_id)
WHERE tenant_id = $1 AND closes_order_line AND state = 'delivered' GROUP BY job_id
"""


@pytest.fixture
async def services() -> AsyncIterator[tuple[Partner, Partner]]:
    async with AsyncExitStack() as stack:
        opened = []
        for name, ports, messages in (
            ("production", production.bootstrap.ports, production.adapters.messages),
            ("logistics", logistics.adapters.postgres.ports, logistics.adapters.messages),
        ):
            where = await stack.enter_async_context(temporary_database(name))
            own = await asyncpg.connect(where.superuser_url)
            stack.push_async_callback(own.close)
            database = await Database.open(
                where.rw_url, source=f"/optima/{name}", size=2, clock=FixedClock(NOW)
            )
            stack.push_async_callback(database.close)
            opened.append(Partner(database, own, ports, messages.reactions))
        yield opened[0], opened[1]


@pytest.mark.parametrize("batch", range(BATCHES))
async def test_goods_are_conserved_and_every_order_ends(
    services: tuple[Partner, Partner], batch: int
) -> None:
    made, moved = services
    succeeded: set[str] = set()
    for number in range(SEQUENCES):
        seed = batch * SEQUENCES + number
        story = Story(made, moved, random.Random(seed), written=number % 3 == 1)
        try:
            await story.begin()
            if number % 4:  # the others begin at the very beginning
                await story.stock(outside=number % 2 == 1)
            for step in range(LENGTH):
                await story.step()
                if not SAMPLING or step % 3 == 2:  # what a step breaks stays broken mostly
                    await story.check()
            await story.end()
        except AssertionError as error:
            raise AssertionError(f"seed {seed} after {story.done}: {error}") from error
        succeeded |= story.succeeded
    moved_on = {"draft", "transfer", "pick", "issue", "depart", "work outside", "received early"}
    assert moved_on <= succeeded, f"goods hardly moved: {sorted(succeeded)}"
    assert succeeded & {"refuse", "void", "take back"}, "nothing came back"
