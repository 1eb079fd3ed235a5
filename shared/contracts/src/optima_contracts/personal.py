"""Which events say something of a person in words, and of whom: one rule a line.

The trail seals these texts. Once their person is erased, every service empties them in the events that it
keeps.
A field may be added here at any time. One that is taken away stays readable in what was recorded before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from uuid import UUID

from . import approval, brief, economics, erp, identity, logistics, production
from .envelope import EventData

_FIELDS: Final[dict[type[EventData], tuple[str, tuple[str, ...]]]] = {
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
    economics.BudgetPlanned: ("actor", ("reason",)),
    economics.AmendmentRequested: ("actor", ("reason",)),
    economics.JobEconomicsSet: ("actor", ("price_reason",)),
    production.OrderChanged: ("actor", ("reason",)),
    production.JobClosed: ("actor", ("reason",)),
    production.PhaseAssigned: ("actor", ("reason",)),
    production.PhaseGivenBack: ("actor", ("reason",)),
    production.PhaseCompleted: ("actor", ("loss_reason",)),
    production.PhaseRejected: ("actor", ("reason",)),
    logistics.StockAdjusted: ("actor", ("reason",)),
    logistics.GoodsReturned: ("actor", ("reason",)),
    logistics.GoodsHeld: ("actor", ("reason",)),
    logistics.HoldEnded: ("actor", ("reason",)),
    logistics.ShipmentRefused: ("actor", ("reason",)),
    logistics.ShipmentPartlyRefused: ("actor", ("reason",)),
    logistics.ShipmentCancelled: ("actor", ("reason",)),
    logistics.DdtVoided: ("actor", ("reason",)),
    erp.FailuresDismissed: ("actor", ("reason",)),
}

PERSONAL_FIELDS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    model.type: rule for model, rule in _FIELDS.items()
}
"""By event type."""


class PersonalText(NamedTuple):
    person_id: UUID
    field: str
    text: str


def personal_texts(
    type_: str, subject: UUID, actor_id: UUID | None, data: EventData | Mapping[str, Any]
) -> list[PersonalText]:
    """What an event says of people in words. Most say nothing, and the system's own words are nobody's.
    Raises KeyError or ValueError where the data does not say whose they are, though the type promises it."""
    if type_ not in PERSONAL_FIELDS:
        return []
    whose, fields = PERSONAL_FIELDS[type_]
    values = data if isinstance(data, Mapping) else dict(data)
    told = {name: values[name] for name in fields if isinstance(values.get(name), str)}
    if not told:
        return []
    named = {"subject": subject, "actor": actor_id}
    person_id = named[whose] if whose in named else UUID(str(values[whose]))
    if person_id is None:
        return []
    return [PersonalText(person_id, name, text) for name, text in told.items()]
