"""The events that logistics reacts to."""

from __future__ import annotations

from optima_contracts.brief import BriefCancellationRevoked, BriefCancelled
from optima_contracts.erp import DdtInvoicingChanged
from optima_contracts.identity import TenantChanged
from optima_contracts.production import (
    JobClosed,
    JobCompleted,
    JobPartCompleted,
    OrderCancelled,
    OrderChanged,
    OrderConfirmed,
    PhaseAssigned,
    PhaseOutsourced,
)
from optima_kit.directory import directory_reactions
from optima_kit.reactions import Reactions, Received

from ..application.on_brief_cancelled import on_brief_cancelled
from ..application.on_cancellation_revoked import on_cancellation_revoked
from ..application.on_ddt_invoicing_changed import on_ddt_invoicing_changed
from ..application.on_job_closed import on_job_closed
from ..application.on_job_completed import on_job_completed
from ..application.on_job_part_completed import on_job_part_completed
from ..application.on_order_cancelled import on_order_cancelled
from ..application.on_order_changed import on_order_changed
from ..application.on_order_confirmed import on_order_confirmed
from ..application.on_phase_assigned import on_phase_assigned
from ..application.on_phase_outsourced import on_phase_outsourced
from ..application.on_tenant_changed import on_tenant_changed
from ..application.ports import Ports

reactions = Reactions()
reactions.include(directory_reactions(lambda ports: ports.directory))


@reactions.on(OrderConfirmed)
async def order_confirmed(ports: Ports, event: Received[OrderConfirmed]) -> None:
    await on_order_confirmed(ports, event.data)


@reactions.on(OrderChanged, newest_only=True)
async def order_changed(ports: Ports, event: Received[OrderChanged]) -> None:
    await on_order_changed(ports, event.data)


@reactions.on(JobCompleted)
async def job_completed(ports: Ports, event: Received[JobCompleted]) -> None:
    await on_job_completed(ports, event.data)


@reactions.on(JobPartCompleted)
async def job_part_completed(ports: Ports, event: Received[JobPartCompleted]) -> None:
    await on_job_part_completed(ports, event.data)


@reactions.on(JobClosed)
async def job_closed(ports: Ports, event: Received[JobClosed]) -> None:
    await on_job_closed(ports, event.data)


@reactions.on(PhaseAssigned)
async def phase_assigned(ports: Ports, event: Received[PhaseAssigned]) -> None:
    """Record the assignee from the time of the event. A late event counts from then too; a duplicate changes
    nothing."""
    await on_phase_assigned(ports, event.data, event.time)


@reactions.on(PhaseOutsourced, newest_only=True)
async def phase_outsourced(ports: Ports, event: Received[PhaseOutsourced]) -> None:
    await on_phase_outsourced(ports, event.data)


@reactions.on(OrderCancelled)
async def order_cancelled(ports: Ports, event: Received[OrderCancelled]) -> None:
    await on_order_cancelled(ports, event.data)


@reactions.on(BriefCancelled)
async def brief_cancelled(ports: Ports, event: Received[BriefCancelled]) -> None:
    await on_brief_cancelled(ports, event.data)


@reactions.on(BriefCancellationRevoked)
async def cancellation_revoked(ports: Ports, event: Received[BriefCancellationRevoked]) -> None:
    await on_cancellation_revoked(ports, event.data)


@reactions.on(TenantChanged, newest_only=True)
async def tenant_changed(ports: Ports, event: Received[TenantChanged]) -> None:
    await on_tenant_changed(ports, event.data)


@reactions.on(DdtInvoicingChanged, newest_only=True)
async def ddt_invoicing_changed(ports: Ports, event: Received[DdtInvoicingChanged]) -> None:
    """Store the invoice of a document. Events older than the last one are dropped."""
    await on_ddt_invoicing_changed(ports, event.data)
