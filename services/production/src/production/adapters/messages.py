"""The events that production listens to."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

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
from optima_contracts.brief import (
    BriefApproved,
    BriefCancellationRevoked,
    BriefCancelled,
    ProofReviewEnded,
    ProofSubmitted,
)
from optima_contracts.economics import BriefPricesApproved
from optima_contracts.erp import CustomerChanged, OrderReceived
from optima_contracts.identity import PersonDeparted
from optima_contracts.logistics import (
    ArticleKept,
    CancellationRefused,
    DdtIssued,
    DdtVoided,
    DestinationKept,
    GoodsAllocated,
    GoodsReturned,
    ShipmentDelivered,
    ShipmentDeparted,
    ShipmentRefused,
)
from optima_kit.directory import directory_reactions
from optima_kit.reactions import Reactions, Received

from ..application.on_amendment_approval import (
    SUBJECT_TYPE,
    on_amendment_approval_opened,
    on_amendment_decided,
    on_amendment_revoked,
)
from ..application.on_article_kept import on_article_kept
from ..application.on_brief_approved import on_brief_approved
from ..application.on_brief_cancelled import on_brief_cancelled
from ..application.on_cancellation_refused import on_cancellation_refused
from ..application.on_cancellation_revoked import on_cancellation_revoked
from ..application.on_customer_changed import on_customer_changed
from ..application.on_destination_kept import on_destination_kept
from ..application.on_goods_allocated import on_goods_allocated
from ..application.on_order_received import on_order_received
from ..application.on_person_departed import on_person_departed
from ..application.on_prices_approved import on_prices_approved
from ..application.on_proof import on_proof_told
from ..application.on_shipment_changed import on_shipment_changed
from ..application.on_work_outside import on_goods_back, on_goods_sent
from ..application.ports import Ports
from ..domain.outside import CameBack
from ..domain.shipments import Shipment, ShipmentState

reactions = Reactions()
reactions.include(directory_reactions(lambda ports: ports.directory))


@reactions.on(BriefApproved)
async def brief_approved(ports: Ports, event: Received[BriefApproved]) -> None:
    await on_brief_approved(ports, event.data)


@reactions.on(BriefPricesApproved)
async def prices_approved(ports: Ports, event: Received[BriefPricesApproved]) -> None:
    await on_prices_approved(ports, event.data)


@reactions.on(BriefCancelled)
async def brief_cancelled(ports: Ports, event: Received[BriefCancelled]) -> None:
    await on_brief_cancelled(ports, event.data)


@reactions.on(BriefCancellationRevoked)
async def cancellation_revoked(ports: Ports, event: Received[BriefCancellationRevoked]) -> None:
    await on_cancellation_revoked(ports, event.data)


@reactions.on(ProofSubmitted)
async def proof_submitted(ports: Ports, event: Received[ProofSubmitted]) -> None:
    await on_proof_told(ports, event.data, event.sequence)


@reactions.on(ProofReviewEnded)
async def proof_review_ended(ports: Ports, event: Received[ProofReviewEnded]) -> None:
    await on_proof_told(ports, event.data, event.sequence)


@reactions.on(ApprovalOpened)
async def approval_opened(ports: Ports, event: Received[ApprovalOpened]) -> None:
    """Open the approval of an amendment. Approvals of briefs and other subjects are ignored, here and
    below."""
    if event.data.subject_type == SUBJECT_TYPE:
        await on_amendment_approval_opened(ports, event.data)


A = TypeVar("A", ApprovalNotOpened, Approved, Rejected, ChangesRequested, ApprovalCancelled, ApprovalExpired)


def _decides(event_type: type[A]) -> None:
    @reactions.on(event_type)
    async def handle(ports: Ports, event: Received[A]) -> None:
        if event.data.subject_type == SUBJECT_TYPE:
            await on_amendment_decided(ports, event.data, event.actor_id)


_decides(ApprovalNotOpened)
_decides(Approved)
_decides(Rejected)
_decides(ChangesRequested)
_decides(ApprovalCancelled)
_decides(ApprovalExpired)


@reactions.on(ApprovalRevoked)
async def approval_revoked(ports: Ports, event: Received[ApprovalRevoked]) -> None:
    if event.data.subject_type == SUBJECT_TYPE:
        await on_amendment_revoked(ports, event.data, event.actor_id)


@reactions.on(CancellationRefused)
async def cancellation_refused(ports: Ports, event: Received[CancellationRefused]) -> None:
    await on_cancellation_refused(ports, event.data)


@reactions.on(OrderReceived)
async def order_received(ports: Ports, event: Received[OrderReceived]) -> None:
    """Confirm an order under the event's `order_id`. The event is the first about that order."""
    await on_order_received(ports, event.data)


@reactions.on(ArticleKept, newest_only=True)
async def article_kept(ports: Ports, event: Received[ArticleKept]) -> None:
    await on_article_kept(ports, event.data)


@reactions.on(DestinationKept, newest_only=True)
async def destination_kept(ports: Ports, event: Received[DestinationKept]) -> None:
    await on_destination_kept(ports, event.data)


@reactions.on(GoodsAllocated)
async def goods_allocated(ports: Ports, event: Received[GoodsAllocated]) -> None:
    await on_goods_allocated(ports, event.data)


@reactions.on(DdtIssued)
async def ddt_issued(ports: Ports, event: Received[DdtIssued]) -> None:
    await _shipment_changed(ports, event, ShipmentState.ISSUED, event.data.number)


@reactions.on(ShipmentDeparted)
async def shipment_departed(ports: Ports, event: Received[ShipmentDeparted]) -> None:
    await _shipment_changed(ports, event, ShipmentState.DEPARTED)


@reactions.on(ShipmentDelivered)
async def shipment_delivered(ports: Ports, event: Received[ShipmentDelivered]) -> None:
    await _shipment_changed(ports, event, ShipmentState.DELIVERED)


@reactions.on(ShipmentRefused)
async def shipment_refused(ports: Ports, event: Received[ShipmentRefused]) -> None:
    await _shipment_changed(ports, event, ShipmentState.REFUSED)


@reactions.on(DdtVoided)
async def ddt_voided(ports: Ports, event: Received[DdtVoided]) -> None:
    await _shipment_changed(ports, event, ShipmentState.VOIDED, event.data.number)


@reactions.on(GoodsReturned)
async def goods_returned(ports: Ports, event: Received[GoodsReturned]) -> None:
    """Record goods that came back from a company that works on them. Goods that a customer returns are
    ignored: they stay delivered."""
    if event.data.closes_order_line:
        return
    back: dict[UUID, CameBack] = defaultdict(CameBack)
    for line in event.data.lines:
        known, quantity = back[line.job_id], Decimal(line.quantity)
        good = quantity if line.disposition == "stock" else Decimal(0)
        back[line.job_id] = CameBack(known.good + good, known.scrap + quantity - good)
    await on_goods_back(ports, event.data.return_id, dict(back))


@reactions.on(PersonDeparted)
async def person_departed(ports: Ports, event: Received[PersonDeparted]) -> None:
    await on_person_departed(ports, event.data)


@reactions.on(CustomerChanged, newest_only=True)
async def customer_changed(ports: Ports, event: Received[CustomerChanged]) -> None:
    await on_customer_changed(ports, event.data)


async def _shipment_changed(
    ports: Ports,
    event: Received[DdtIssued]
    | Received[ShipmentDeparted]
    | Received[ShipmentDelivered]
    | Received[ShipmentRefused]
    | Received[DdtVoided],
    state: ShipmentState,
    ddt_number: str | None = None,
) -> None:
    """Record the shipment. Goods that only change their place, or are expected back, deliver nothing of an
    order. A job may have several lines in a shipment, because its goods lay in several places."""
    if event.data.from_stock:
        return
    quantities: dict[UUID, Decimal] = defaultdict(Decimal)
    for line in event.data.lines:
        quantities[line.job_id] += Decimal(line.quantity)
    shipment = Shipment(
        id=event.data.shipment_id,
        order_id=event.data.order_id,
        state=state,
        sequence=event.sequence,
        quantities=dict(quantities),
        ddt_number=ddt_number,
    )
    if event.data.closes_order_line:
        await on_shipment_changed(ports, shipment)
    else:
        await on_goods_sent(ports, shipment)
