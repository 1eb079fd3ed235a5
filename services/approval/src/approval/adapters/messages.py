"""The events to which this service reacts. Each reaction's use case says what a duplicate or a late event
does."""

from __future__ import annotations

from typing import Final

from optima_contracts.brief import (
    BriefCancelled,
    BriefSubmitted,
    BriefTypeDefined,
    ProofReviewEnded,
    ProofSubmitted,
)
from optima_contracts.economics import AmendmentEnded, AmendmentRequested, BriefPriced, BudgetTold
from optima_contracts.identity import (
    PersonChanged,
    PersonDeparted,
    RoleChanged,
    TenantChanged,
    UnitChanged,
)
from optima_contracts.trail import PersonErased
from optima_kit.reactions import Reactions, Received

from ..application.erase_person import on_person_erased
from ..application.on_amendment import on_amendment_ended, on_amendment_requested
from ..application.on_brief import (
    on_brief_cancelled,
    on_brief_priced,
    on_brief_submitted,
    on_brief_type_defined,
    on_budget_told,
)
from ..application.on_directory import (
    on_person_changed,
    on_person_departed,
    on_role_changed,
    on_tenant_changed,
    on_unit_changed,
)
from ..application.on_proof import on_proof_review_ended, on_proof_submitted
from ..application.ports import Ports

reactions: Final = Reactions()


@reactions.on(BriefSubmitted)
async def brief_submitted(ports: Ports, event: Received[BriefSubmitted]) -> None:
    await on_brief_submitted(ports, event.data, event.sequence)


@reactions.on(BudgetTold)
async def budget_told(ports: Ports, event: Received[BudgetTold]) -> None:
    await on_budget_told(ports, event.data)


@reactions.on(BriefPriced)
async def brief_priced(ports: Ports, event: Received[BriefPriced]) -> None:
    await on_brief_priced(ports, event.data, event.sequence)


@reactions.on(BriefCancelled)
async def brief_cancelled(ports: Ports, event: Received[BriefCancelled]) -> None:
    await on_brief_cancelled(ports, event.data)


@reactions.on(BriefTypeDefined)
async def brief_type_defined(ports: Ports, event: Received[BriefTypeDefined]) -> None:
    await on_brief_type_defined(ports, event.data)


@reactions.on(ProofSubmitted)
async def proof_submitted(ports: Ports, event: Received[ProofSubmitted]) -> None:
    await on_proof_submitted(ports, event.data, event.sequence)


@reactions.on(ProofReviewEnded)
async def proof_review_ended(ports: Ports, event: Received[ProofReviewEnded]) -> None:
    await on_proof_review_ended(ports, event.data)


@reactions.on(AmendmentRequested)
async def amendment_requested(ports: Ports, event: Received[AmendmentRequested]) -> None:
    await on_amendment_requested(ports, event.data, event.correlation_id, event.sequence)


@reactions.on(AmendmentEnded)
async def amendment_ended(ports: Ports, event: Received[AmendmentEnded]) -> None:
    await on_amendment_ended(ports, event.data)


@reactions.on(TenantChanged, newest_only=True)
async def tenant_changed(ports: Ports, event: Received[TenantChanged]) -> None:
    await on_tenant_changed(ports, event.data)


@reactions.on(UnitChanged, newest_only=True)
async def unit_changed(ports: Ports, event: Received[UnitChanged]) -> None:
    await on_unit_changed(ports, event.data)


@reactions.on(RoleChanged, newest_only=True)
async def role_changed(ports: Ports, event: Received[RoleChanged]) -> None:
    await on_role_changed(ports, event.data)


@reactions.on(PersonChanged, newest_only=True)
async def person_changed(ports: Ports, event: Received[PersonChanged]) -> None:
    await on_person_changed(ports, event.data)


@reactions.on(PersonDeparted)
async def person_departed(ports: Ports, event: Received[PersonDeparted]) -> None:
    await on_person_departed(ports, event.data)


@reactions.on(PersonErased)
async def person_erased(ports: Ports, event: Received[PersonErased]) -> None:
    await on_person_erased(ports, event.data)
