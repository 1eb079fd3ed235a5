"""Which events say something of a person in words, and of whom: one rule a line.

A field may be added here at any time; from then on it is sealed. One that is taken away stays readable.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from optima_contracts import approval, brief, economics, erp, identity, logistics, production
from optima_contracts.envelope import EventData

from ..domain.personal import PersonalField

_FIELDS: dict[type[EventData], tuple[str, tuple[str, ...]]] = {
    # The event's subject, its actor, or the field of its data that says who: then the texts.
    identity.PersonChanged: ("subject", ("name", "email", "company")),
    identity.PersonDeparted: ("successor_id", ("successor_name",)),
    # Whoever received the goods is in no directory: they are known by the shipment.
    logistics.ShipmentDelivered: ("subject", ("received_by",)),
    # What somebody wrote in their own words belongs to them.
    approval.Decided: ("actor", ("reason",)),
    approval.Forwarded: ("actor", ("reason",)),
    approval.Reassigned: ("actor", ("reason",)),
    approval.ApproverAdded: ("actor", ("reason",)),
    approval.Approved: ("actor", ("reason",)),
    approval.Rejected: ("actor", ("reason",)),
    approval.ChangesRequested: ("actor", ("reason",)),
    approval.ApprovalCancelled: ("actor", ("reason",)),
    approval.ApprovalRevoked: ("actor", ("reason",)),
    brief.BriefChangesRequested: ("actor", ("reason",)),
    brief.BriefReturned: ("actor", ("reason",)),
    brief.BriefRejected: ("actor", ("reason",)),
    brief.BriefCancelled: ("actor", ("reason",)),
    brief.BriefCancellationRevoked: ("actor", ("reason",)),
    production.OrderCancelled: ("actor", ("reason",)),
    economics.JobEconomicsSet: ("actor", ("price_reason",)),
    production.JobClosed: ("actor", ("reason",)),
    production.PhaseCompleted: ("actor", ("loss_reason",)),
    production.PhaseRejected: ("actor", ("reason",)),
    logistics.StockAdjusted: ("actor", ("reason",)),
    logistics.GoodsReturned: ("actor", ("reason",)),
    logistics.ShipmentRefused: ("actor", ("reason",)),
    logistics.ShipmentPartlyRefused: ("actor", ("reason",)),
    logistics.ShipmentCancelled: ("actor", ("reason",)),
    logistics.DdtVoided: ("actor", ("reason",)),
    erp.FailuresDismissed: ("actor", ("reason",)),
}

_BY_TYPE = {model.type: rule for model, rule in _FIELDS.items()}


def personal_fields_of(
    event_type: str, subject: UUID, actor_id: UUID | None, data: dict[str, Any]
) -> list[PersonalField]:
    """The fields to be sealed, those that hold a text; most events have none. Raises KeyError or ValueError
    where the data does not say whose they are, though the event's type promises it."""
    if event_type not in _BY_TYPE:
        return []
    whose, fields = _BY_TYPE[event_type]
    told = [name for name in fields if isinstance(data.get(name), str)]
    if not told:
        return []
    match whose:
        case "subject":
            person_id = subject
        case "actor" if actor_id is not None:
            person_id = actor_id
        case "actor":  # the system's own words
            return []
        case _:
            person_id = UUID(data[whose])
    return [PersonalField(person_id, name) for name in told]
