"""Which events say something of a person in words, and of whom: one rule a line.

A field may be added here at any time; from then on it is sealed. One that is taken away stays readable.
"""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from optima_contracts import approval, brief, identity, logistics, production
from optima_contracts.envelope import EventData

from ..domain.personal import PersonalField

Whose = Literal["subject", "actor"]

_FIELDS: dict[type[EventData], tuple[Whose, tuple[str, ...]]] = {
    identity.PersonChanged: ("subject", ("name", "email", "company")),
    # Whoever received the goods is in no directory: they are known by the shipment.
    logistics.ShipmentDelivered: ("subject", ("received_by",)),
    # What somebody wrote in their own words belongs to them.
    approval.Decided: ("actor", ("reason",)),
    approval.Forwarded: ("actor", ("reason",)),
    approval.Approved: ("actor", ("reason",)),
    approval.Rejected: ("actor", ("reason",)),
    approval.ChangesRequested: ("actor", ("reason",)),
    approval.ApprovalCancelled: ("actor", ("reason",)),
    brief.BriefChangesRequested: ("actor", ("reason",)),
    brief.BriefReturned: ("actor", ("reason",)),
    brief.BriefRejected: ("actor", ("reason",)),
    brief.BriefCancelled: ("actor", ("reason",)),
    brief.BriefCancellationRevoked: ("actor", ("reason",)),
    production.OrderCancelled: ("actor", ("reason",)),
    production.PhaseRejected: ("actor", ("reason",)),
    logistics.ShipmentRefused: ("actor", ("reason",)),
    logistics.ShipmentCancelled: ("actor", ("reason",)),
    logistics.DdtVoided: ("actor", ("reason",)),
}

_BY_TYPE = {model.type: rule for model, rule in _FIELDS.items()}


def personal_fields_of(
    event_type: str, subject: UUID, actor_id: UUID | None, data: dict[str, Any]
) -> list[PersonalField]:
    """The fields to be sealed, those that hold a text; most events have none."""
    if event_type not in _BY_TYPE:
        return []
    whose, fields = _BY_TYPE[event_type]
    person_id = subject if whose == "subject" else actor_id
    if person_id is None:  # the system's own words
        return []
    return [PersonalField(person_id, name) for name in fields if isinstance(data.get(name), str)]
