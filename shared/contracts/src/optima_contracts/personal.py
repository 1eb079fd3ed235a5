"""Which fields of events hold personal texts, and which person each text belongs to: one rule per line.

The trail seals these texts. Once a person is erased, every service empties that person's texts in the events
that it keeps.
A field may be added here at any time. If one is removed, what was recorded before stays readable.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from uuid import UUID

from . import approval, brief, economics, erp, identity, logistics, production
from .envelope import EventData

_FIELDS: Final[dict[type[EventData], tuple[str, tuple[str, ...]]]] = {
    # First who the person is: the event's subject, its actor, or a field of its data. Then the personal
    # texts.
    identity.PersonChanged: ("subject", ("name", "email", "company")),
    identity.PersonDeparted: ("successor_id", ("successor_name",)),
    # The person who received the goods is not in the directory, so the shipment's id stands for them.
    logistics.ShipmentDelivered: ("subject", ("received_by",)),
    # A text belongs to the person who wrote it.
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
"""The same rules by name of the event type."""


class PersonalText(NamedTuple):
    person_id: UUID
    field: str
    text: str


def personal_texts(
    type_: str, subject: UUID, actor_id: UUID | None, data: EventData | Mapping[str, Any]
) -> list[PersonalText]:
    """Return the personal texts that an event holds. Most events hold none, and texts that the system wrote
    belong to nobody. Raises KeyError or ValueError if the data lacks the person whom its type promises."""
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
