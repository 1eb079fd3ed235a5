"""Derives from events who may follow a story, and who works on a part of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from optima_contracts.approval import (
    ApproverAdded,
    Decided,
    Escalated,
    Forwarded,
    HandedOver,
    Reassigned,
    StepPending,
)
from optima_contracts.brief import BriefApproved, BriefDrafted, BriefHandedOver, BriefSubmitted
from optima_contracts.envelope import EventData
from optima_contracts.production import PhaseAssigned, PhaseGivenBack, PhaseUnassigned, SharesJoined

from ..domain.competence import Assignment, Grant


def _requester(event: BriefDrafted | BriefSubmitted | BriefApproved) -> list[UUID]:
    return [event.requester_id]


def _approvers(event: StepPending) -> list[UUID]:
    return event.approvers


def _principal(event: Decided) -> list[UUID]:
    # A delegate sees their own decision because they made it. What the delegation let them see ends with it.
    return [event.on_behalf_of or event.person_id]


def _next_approver(event: Forwarded | Reassigned | Escalated | HandedOver) -> list[UUID]:
    return [event.to_person_id]


def _added_approver(event: ApproverAdded) -> list[UUID]:
    return [event.person_id]


def _next_requester(event: BriefHandedOver) -> list[UUID]:
    return [event.to_person_id]


_STORY: dict[type[EventData], Callable[[Any], list[UUID]]] = {
    BriefDrafted: _requester,
    BriefSubmitted: _requester,
    BriefApproved: _requester,
    StepPending: _approvers,
    Decided: _principal,
    Forwarded: _next_approver,
    Reassigned: _next_approver,
    ApproverAdded: _added_approver,
    Escalated: _next_approver,
    HandedOver: _next_approver,
    BriefHandedOver: _next_requester,
}
"""The people who may follow the whole story from an event on, by type of event."""

_ASSIGNMENTS: dict[str, type[PhaseAssigned | PhaseGivenBack | PhaseUnassigned | SharesJoined]] = {
    model.type: model for model in (PhaseAssigned, PhaseGivenBack, PhaseUnassigned, SharesJoined)
}
_STORY_BY_TYPE = {model.type: (model, people) for model, people in _STORY.items()}


def grants_of(event_type: str, correlation_id: UUID, data: dict[str, Any]) -> Sequence[Grant]:
    """Return the grants that an event gives. Most events give none."""
    if event_type in _STORY_BY_TYPE:
        model, people = _STORY_BY_TYPE[event_type]
        return [Grant(person, correlation_id) for person in people(model.model_validate(data))]
    return ()


def assignment_of(event_type: str, correlation_id: UUID, data: dict[str, Any]) -> Assignment | None:
    """Return to whom an event gives a phase, or that it takes the phase away, or None if it does neither."""
    if event_type not in _ASSIGNMENTS:
        return None
    event = _ASSIGNMENTS[event_type].model_validate(data)
    if isinstance(event, SharesJoined):
        return Assignment(event.share_id, None, event.job_id, correlation_id)
    assignee_id = event.assignee_id if isinstance(event, PhaseAssigned) else None
    return Assignment(event.phase_id, assignee_id, event.job_id, correlation_id)
