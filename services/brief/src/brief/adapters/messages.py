"""The events to which this service reacts. Each reaction's docstring says what a duplicate or a late event
does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from optima_contracts.approval import (
    ApprovalCancelled,
    ApprovalExpired,
    ApprovalNotOpened,
    ApprovalOpened,
    ApprovalRevoked,
    Approved,
    ChangesRequested,
    Rejected,
)
from optima_contracts.economics import OrderValued
from optima_contracts.envelope import EventData
from optima_contracts.identity import PersonDeparted
from optima_contracts.logistics import (
    CancellationRefused,
    DdtIssued,
    DdtVoided,
    ShipmentDelivered,
    ShipmentDeparted,
    ShipmentRefused,
)
from optima_contracts.production import (
    JobClosed,
    JobCompleted,
    OrderCancelled,
    OrderChanged,
    OrderConfirmed,
    OrderDelivered,
    OrderStarted,
)
from optima_kit.directory import directory_reactions
from optima_kit.reactions import Reactions, Received

from ..application.charge_budget import settle_charge
from ..application.on_approval import (
    on_approval_expired,
    on_approval_not_opened,
    on_approval_opened,
    on_approval_recalled,
    on_approval_revoked,
    on_approved,
    on_changes_requested,
    on_rejected,
)
from ..application.on_order import (
    on_cancellation_refused,
    on_goods_left,
    on_order_cancelled,
    on_order_confirmed,
    on_order_delivered,
    on_order_started,
)
from ..application.on_person_departed import on_person_departed
from ..application.on_progress import (
    on_job_closed,
    on_job_completed,
    on_lines_ordered,
    on_order_changed,
    on_order_valued,
    on_shipment_changed,
)
from ..application.on_proof_review import on_review_ended, on_review_opened, on_review_revoked
from ..application.ports import Ports
from ..domain.budgets import EntryCause
from ..domain.lifecycle import AuditContext
from ..domain.progress import ShipmentState

reactions: Final = Reactions()
reactions.include(directory_reactions(lambda ports: ports.directory))

E = TypeVar("E", bound=EventData)


def _answer(event_type: type[E], reaction: Callable[[Ports, E, AuditContext], Awaitable[None]]) -> None:
    """Register a reaction. What the reaction does is recorded as an act of the person who caused the
    event."""

    @reactions.on(event_type)
    async def handle(ports: Ports, event: Received[E]) -> None:
        await reaction(ports, event.data, AuditContext(ports.now, event.actor_id, event.on_behalf_of))


A = TypeVar(
    "A",
    ApprovalOpened,
    ApprovalNotOpened,
    Approved,
    Rejected,
    ChangesRequested,
    ApprovalCancelled,
    ApprovalExpired,
    ApprovalRevoked,
)


def _answer_approval(
    event_type: type[A],
    of_brief: Callable[[Ports, A, AuditContext], Awaitable[None]],
    of_proof: Callable[[Ports, A, AuditContext], Awaitable[None]],
) -> None:
    """Register reactions for approvals of briefs and of proofs. Approvals of other subjects are ignored."""

    async def reaction(ports: Ports, event: A, context: AuditContext) -> None:
        if event.subject_type == "brief":
            await of_brief(ports, event, context)
        elif event.subject_type == "proof":
            await of_proof(ports, event, context)

    _answer(event_type, reaction)


_CAUSES: Final = {
    ShipmentState.ISSUED: EntryCause.DELIVERED,
    ShipmentState.DEPARTED: EntryCause.DELIVERED,
    ShipmentState.DELIVERED: EntryCause.DELIVERED,
    ShipmentState.REFUSED: EntryCause.DELIVERY_UNDONE,
    ShipmentState.VOIDED: EntryCause.DELIVERY_UNDONE,
}

S = TypeVar("S", DdtIssued, ShipmentDeparted, ShipmentDelivered, ShipmentRefused, DdtVoided)


def _follow(event_type: type[S], state: ShipmentState) -> None:
    """Register a reaction that stores the shipment's state, puts the brief into delivery if goods have left,
    and updates the charge to its budget."""

    @reactions.on(event_type)
    async def handle(ports: Ports, event: Received[S]) -> None:
        context = AuditContext(ports.now, event.actor_id, event.on_behalf_of)
        await on_shipment_changed(ports, event.data, state, event.sequence)
        if isinstance(event.data, DdtIssued | ShipmentDeparted):
            await on_goods_left(ports, event.data, context)
        if event.data.brief_id is not None:
            await settle_charge(ports, event.data.brief_id, _CAUSES[state], context)


@reactions.on(OrderConfirmed)
async def _order_confirmed(ports: Ports, event: Received[OrderConfirmed]) -> None:
    context = AuditContext(ports.now, event.actor_id, event.on_behalf_of)
    await on_order_confirmed(ports, event.data, context)
    await on_lines_ordered(ports, event.data, context)


@reactions.on(JobCompleted)
async def _job_completed(ports: Ports, event: Received[JobCompleted]) -> None:
    await on_job_completed(ports, event.data)


@reactions.on(OrderValued, newest_only=True)
async def _order_valued(ports: Ports, event: Received[OrderValued]) -> None:
    await on_order_valued(ports, event.data, AuditContext(ports.now, event.actor_id, event.on_behalf_of))


_answer_approval(ApprovalOpened, on_approval_opened, on_review_opened)
_answer_approval(ApprovalNotOpened, on_approval_not_opened, on_review_ended)
_answer_approval(Approved, on_approved, on_review_ended)
_answer_approval(Rejected, on_rejected, on_review_ended)
_answer_approval(ChangesRequested, on_changes_requested, on_review_ended)
_answer_approval(ApprovalCancelled, on_approval_recalled, on_review_ended)
_answer_approval(ApprovalExpired, on_approval_expired, on_review_ended)
_answer_approval(ApprovalRevoked, on_approval_revoked, on_review_revoked)
_answer(OrderStarted, on_order_started)
_answer(JobClosed, on_job_closed)


@reactions.on(OrderChanged, newest_only=True)
async def _order_changed(ports: Ports, event: Received[OrderChanged]) -> None:
    await on_order_changed(ports, event.data, AuditContext(ports.now, event.actor_id, event.on_behalf_of))


_follow(DdtIssued, ShipmentState.ISSUED)
_follow(ShipmentDeparted, ShipmentState.DEPARTED)
_follow(ShipmentDelivered, ShipmentState.DELIVERED)
_follow(ShipmentRefused, ShipmentState.REFUSED)
_follow(DdtVoided, ShipmentState.VOIDED)
_answer(OrderDelivered, on_order_delivered)
_answer(OrderCancelled, on_order_cancelled)
_answer(CancellationRefused, on_cancellation_refused)
_answer(PersonDeparted, on_person_departed)
