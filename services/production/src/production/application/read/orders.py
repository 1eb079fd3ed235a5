"""Look up orders, jobs and phases, and show each reader only what they may see, with names and possible
actions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.fields import PersonView
from optima_kit.pages import Page, PageQuery, page_of
from optima_kit.refusals import Absent

from ...domain.amendments import Amendment
from ...domain.changes import OrderChange, may_have_been_amended
from ...domain.deliveries import Delivery
from ...domain.economics import CostLine, Economics, cost_in_question, margin, margin_percent, price
from ...domain.job import Job, Phase, RejectedAttempt, phases_given_up
from ...domain.order import FullOrder, Order
from ...domain.sheets import SheetEntry
from ...domain.shipments import Shipment
from ..ports import Assignees, Customer, LockedPhase, OrderFilter, Ports, ReadOrder
from .access import (
    actions_on_job,
    actions_on_order,
    actions_on_phase,
    sees_customers,
    sees_economics,
    sees_phases,
    sees_shipments,
)
from .views import (
    AmendmentView,
    CostLineView,
    DeliveryTermsView,
    DeliveryView,
    EconomicsEntryView,
    EconomicsView,
    JobView,
    OrderChangeView,
    OrderCustomerView,
    OrderSummaryView,
    OrderView,
    OutsideView,
    PhaseView,
    RejectedAttemptView,
    SheetEntryView,
    ShipmentView,
)

Rejected = Mapping[UUID, list[RejectedAttempt]]
Places = Mapping[str, str]
"""The names of destinations, by code."""


async def list_orders(
    ports: Ports, actor: Actor, query: PageQuery, wanted: OrderFilter
) -> Page[OrderSummaryView]:
    """List orders, newest first. Raises Forbidden if the reader filters by customer but may not see
    customers."""
    if wanted.customer is not None:
        actor.require("customer.read")
    found = await ports.reading.list_orders(wanted, query.after(UUID), query.rows)
    return page_of(
        query,
        found,
        lambda row: OrderSummaryView(**_summary(actor, row.order, row.customer)),
        lambda row: row.order.id,
    )


async def read_order(ports: Ports, actor: Actor, order_id: UUID) -> OrderView:
    found = await ports.reading.find_order(order_id)
    if found is None:
        raise Absent("order_absent")
    full, order = found.full, found.full.order
    rejected = await _rejected_of(ports, actor, full.jobs)
    amendments = await _amendments_of(ports, actor, full.jobs)
    names = await ports.directory.names(change.changed_by for change in found.changes)
    places = await _places_of(ports, full.jobs)
    return OrderView(
        started_at=order.started_at,
        ready_at=order.ready_at,
        delivered_at=order.delivered_at,
        cancelled_at=order.cancelled_at,
        cancellation_reason=order.cancellation_reason,
        jobs=[_job(actor, found, job, rejected, amendments, places) for job in full.jobs],
        shipments=[_shipment(each) for each in found.shipments] if sees_shipments(actor) else None,
        changes=[_change(each, names) for each in found.changes],
        actions=actions_on_order(actor, full),
        **_summary(actor, order, found.customer),
    )


async def read_job(ports: Ports, actor: Actor, job_id: UUID) -> JobView:
    found = await ports.reading.find_order_of_job(job_id)
    if found is None:
        raise Absent("job_absent")
    job = found.full.job(job_id)
    rejected = await _rejected_of(ports, actor, [job])
    amendments = await _amendments_of(ports, actor, [job])
    return _job(actor, found, job, rejected, amendments, await _places_of(ports, [job]))


async def show_amendment(ports: Ports, actor: Actor, amendment: Amendment) -> AmendmentView:
    """Show an amendment that the reader has just requested. A reader who may not see prices sees only the one
    they sent."""
    shown = _amendment(amendment, await ports.directory.names([amendment.requested_by]))
    if sees_economics(actor):
        return shown
    return shown.model_copy(update={"unit_price_before": None, "amount_before": None})


async def show_phase(ports: Ports, actor: Actor, found: LockedPhase) -> PhaseView:
    """Show the phase that this actor has just changed."""
    rejected = await _rejected_among(ports, [found.phase])
    places = await places_of_work(ports, [found.phase])
    return _phase(actor, found.order, found.job, found.phase, found.assignees, rejected, places)


async def show_economics(ports: Ports, job: Job) -> EconomicsView:
    """Show a job's economics to the person who has just set them."""
    assert job.economics is not None
    places = await ports.destinations.names(_paid_in(job.economics))
    return _economics(job.economics, job.item.quantity, places, given_up=phases_given_up(job))


async def list_economics(ports: Ports, job_id: UUID, query: PageQuery) -> Page[EconomicsEntryView]:
    """List what a job's economics were set to, newest first."""
    found = await ports.reading.find_order_of_job(job_id)
    if found is None:
        raise Absent("job_absent")
    quantity = found.full.job(job_id).item.quantity
    entries = await ports.orders.list_economics_entries(job_id, query.after(int), query.rows)
    names = await ports.directory.names({each.set_by for _, each in entries if each.set_by})
    paid = {code for _, each in entries for code in _paid_in(each.economics)}
    places = await ports.destinations.names(paid)
    return page_of(
        query,
        entries,
        lambda row: EconomicsEntryView(
            set_at=row[1].set_at,
            set_by=PersonView.of(row[1].set_by, names),
            economics=_economics(row[1].economics, quantity, places),
        ),
        lambda row: row[0],
    )


def _economics(
    economics: Economics, quantity: Decimal, places: Places, *, given_up: int = 0
) -> EconomicsView:
    """Show economics. `given_up` is how many phases of the job were given up; 0 for entries of the
    history."""
    return EconomicsView(
        cost=economics.cost,
        planned_cost=economics.planned_cost,
        cost_in_question=cost_in_question(economics, given_up) or None,
        cost_lines=[_cost_line(line, places) for line in economics.cost_lines],
        unit_price=economics.unit_price,
        price_reason=economics.price_reason,
        price=price(economics, quantity),
        margin=margin(economics, quantity),
        margin_percent=margin_percent(economics, quantity),
        supplier=economics.supplier,
        materials=economics.materials,
        technical_sheet=economics.technical_sheet,
        sheet=show_sheet(economics.sheet),
        vat_code=economics.vat_code,
    )


def show_sheet(sheet: Iterable[SheetEntry]) -> list[SheetEntryView]:
    return [SheetEntryView(**asdict(each)) for each in sheet]


def _paid_in(economics: Economics) -> set[str]:
    """Return the destination codes of the companies that lines with terms of delivery are paid to. Other
    suppliers are free text."""
    return {line.supplier for line in economics.cost_lines if line.supplier and line.delivery}


def _cost_line(line: CostLine, places: Places) -> CostLineView:
    return CostLineView(
        what=line.what,
        description=line.description,
        quantity=line.quantity,
        unit_cost=line.unit_cost,
        planned=line.planned,
        actual=line.actual,
        supplier=line.supplier,
        supplier_name=places.get(line.supplier) if line.supplier and line.delivery else None,
        terms=line.terms,
        delivery=line.delivery and DeliveryTermsView(**asdict(line.delivery)),
        charged=line.charged,
        phase_id=line.phase_id,
        given_up=line.given_up or None,
    )


async def places_of_work(ports: Ports, phases: Iterable[Phase]) -> Places:
    """Return the names of the companies that do these phases outside."""
    return await ports.destinations.names(_finishers_of(phases))


async def _places_of(ports: Ports, jobs: Sequence[Job]) -> Places:
    """Return the names of the companies that do phases of these jobs outside, or are paid for such work."""
    paid = {code for job in jobs if job.economics for code in _paid_in(job.economics)}
    return await ports.destinations.names(paid | _finishers_of(phase for job in jobs for phase in job.phases))


def _finishers_of(phases: Iterable[Phase]) -> set[str]:
    return {phase.outside.finisher for phase in phases if phase.outside.finisher}


def show_outside(phase: Phase, places: Places) -> OutsideView | None:
    outside = phase.outside
    if outside.finisher is None and not outside.sent:
        return None
    return OutsideView(
        finisher=outside.finisher,
        finisher_name=places.get(outside.finisher) if outside.finisher else None,
        sent=outside.sent,
        away=outside.away,
        made=outside.made,
        scrap=outside.back.scrap,
    )


def show_rejected(attempt: RejectedAttempt) -> RejectedAttemptView:
    return RejectedAttemptView(
        attempt=attempt.attempt,
        quantity=attempt.quantity,
        note=attempt.note,
        completed_at=attempt.completed_at,
        rejected_at=attempt.rejected_at,
        reason=attempt.reason,
    )


def _summary(actor: Actor, order: Order, customer: Customer | None) -> dict[str, Any]:
    return {
        "id": order.id,
        "number": order.number,
        "brief_id": order.brief_id,
        "title": order.title,
        "state": order.state,
        "deadline": order.deadline,
        "confirmed_at": order.confirmed_at,
        "version": order.version,
        "customer": _customer(order, customer) if sees_customers(actor) else None,
    }


def _customer(order: Order, told: Customer | None) -> OrderCustomerView | None:
    if order.customer is None:
        return None
    if told is None:
        return OrderCustomerView(code=order.customer)
    return OrderCustomerView(
        code=told.code,
        name=told.legal["name"],
        payment_method=told.payment_method,
        payment_terms=told.payment_terms,
    )


def _shipment(shipment: Shipment) -> ShipmentView:
    return ShipmentView(
        id=shipment.id,
        state=shipment.state,
        ddt_number=shipment.ddt_number,
        quantities=shipment.quantities,
    )


def _change(change: OrderChange, names: Mapping[UUID, str]) -> OrderChangeView:
    by = change.changed_by
    before = _deliveries(change.deliveries_before)
    return OrderChangeView(
        changed_at=change.changed_at,
        changed_by=PersonView(id=by, name=names.get(by)),
        reason=change.reason,
        deadline_before=change.deadline_before,
        job_id=change.job_id,
        quantity_before=change.quantity_before,
        deliveries_before=before if change.job_id else None,
    )


async def _rejected_of(ports: Ports, actor: Actor, jobs: Iterable[Job]) -> Rejected:
    if not sees_phases(actor):
        return {}
    return await _rejected_among(ports, [phase for job in jobs for phase in job.phases])


async def _rejected_among(ports: Ports, phases: Iterable[Phase]) -> Rejected:
    """Return by phase the attempts that quality refused."""
    again = [phase.id for phase in phases if phase.attempt > 1]
    found: dict[UUID, list[RejectedAttempt]] = {}
    for attempt in await ports.reading.list_rejected(again) if again else []:
        found.setdefault(attempt.phase_id, []).append(attempt)
    return found


async def _amendments_of(
    ports: Ports, actor: Actor, jobs: Iterable[Job]
) -> Mapping[UUID, list[AmendmentView]] | None:
    """Return the amendments of the jobs that can have any, by job. Return None for a reader who may not see
    prices."""
    if not sees_economics(actor):
        return None
    priced = [job.id for job in jobs if may_have_been_amended(job)]
    found = await ports.prices.list_amendments(priced) if priced else []
    people = {each.requested_by for each in found} | {each.ended_by for each in found if each.ended_by}
    names = await ports.directory.names(people) if people else {}
    shown: dict[UUID, list[AmendmentView]] = {}
    for each in found:
        shown.setdefault(each.job_id, []).append(_amendment(each, names))
    return shown


def _amendment(amendment: Amendment, names: Mapping[UUID, str]) -> AmendmentView:
    by, ended_by, other = amendment.requested_by, amendment.ended_by, amendment.other
    return AmendmentView(
        id=amendment.id,
        state=amendment.state,
        quantity=amendment.quantity,
        quantity_after=other.quantity if other else None,
        deliveries_after=_deliveries(other.deliveries) if other else None,
        unit_price_before=amendment.unit_price_before,
        unit_price=amendment.unit_price,
        amount_before=amendment.amount_before,
        amount=amendment.amount,
        reason=amendment.reason,
        requested_at=amendment.requested_at,
        requested_by=PersonView(id=by, name=names.get(by)),
        approval_id=amendment.approval_id,
        ended_at=amendment.ended_at,
        ended_by=PersonView(id=ended_by, name=names.get(ended_by)) if ended_by else None,
        ended_because=amendment.ended_because,
    )


def _deliveries(deliveries: Iterable[Delivery]) -> list[DeliveryView]:
    return [DeliveryView(destination=each.destination, quantity=each.quantity) for each in deliveries]


def _job(
    actor: Actor,
    found: ReadOrder,
    job: Job,
    rejected: Rejected,
    amendments: Mapping[UUID, list[AmendmentView]] | None,
    places: Places,
) -> JobView:
    economics, progress = job.economics, found.full.lines[job.id]
    phases = None
    if sees_phases(actor):
        phases = [
            _phase(actor, found.full, job, each, found.assignees, rejected, places) for each in job.phases
        ]
    valued = None
    if economics and sees_economics(actor):
        given_up = phases_given_up(job)
        valued = _economics(economics, job.item.quantity, places, given_up=given_up)
    return JobView(
        id=job.id,
        order_id=job.order_id,
        item_id=job.item.item_id,
        kind=job.item.kind,
        article_id=job.item.article_id,
        description=job.item.description,
        quantity=job.item.quantity,
        unit=job.item.unit,
        deliveries=_deliveries(job.item.deliveries),
        state=job.state,
        blocked_reason=job.blocked_reason,
        started_at=job.started_at,
        produced=job.produced,
        closed_because=job.closed_because,
        shipped=progress.shipped,
        delivered=progress.delivered,
        tolerance_percent=job.tolerance_percent,
        version=job.version,
        phases=phases,
        technical_sheet=economics.technical_sheet if economics and sees_phases(actor) else None,
        sheet=show_sheet(economics.sheet) if economics and sees_phases(actor) else None,
        approved_unit_price=job.item.approved_unit_price if sees_economics(actor) else None,
        amendments=None if amendments is None else amendments.get(job.id, []),
        economics=valued,
        actions=actions_on_job(actor, found.full, job),
    )


def _phase(
    actor: Actor,
    order: FullOrder,
    job: Job,
    phase: Phase,
    assignees: Assignees,
    rejected: Rejected,
    places: Places,
) -> PhaseView:
    assignee = None
    if phase.assignee_id:
        assignee = PersonView(id=phase.assignee_id, name=assignees.name_of(phase))
    return PhaseView(
        id=phase.id,
        key=phase.key,
        name=phase.name,
        after=phase.after,
        quality_check=phase.quality_check,
        skippable=phase.skippable,
        state=phase.state,
        assignee=assignee,
        attempt=phase.attempt,
        planned_start=phase.planned.start if phase.planned else None,
        planned_end=phase.planned.end if phase.planned else None,
        started_at=phase.started_at,
        completed_at=phase.completed_at,
        unit=phase.unit or job.item.unit,
        factor=phase.factor,
        share=None if phase.share is None else phase.in_own_unit(phase.share),
        share_number=None if phase.share is None else phase.share_number,
        made_so_far=phase.made_so_far,
        quantity=phase.quantity,
        lost=phase.lost or None,
        loss_reason=phase.loss_reason,
        note=phase.note,
        rejected_attempts=[show_rejected(each) for each in rejected.get(phase.id, ())],
        proof_missing=phase.proof_missing or None,
        outside=show_outside(phase, places),
        actions=actions_on_phase(
            actor, order.order.state, job, phase, assignee_has_left=assignees.has_left(phase)
        ),
    )
