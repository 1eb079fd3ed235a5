"""Which events say something of a person in words, and of whom: one rule a line.

The trail seals these texts. Once their person is erased, every service empties them in the events that it
keeps.
A field may be added here at any time. One that is taken away stays readable in what was recorded before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

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
    economics.JobEconomicsSet: ("actor", ("price_reason",)),
    production.JobClosed: ("actor", ("reason",)),
    production.PhaseAssigned: ("actor", ("reason",)),
    production.PhaseGivenBack: ("actor", ("reason",)),
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

PERSONAL_FIELDS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    model.type: rule for model, rule in _FIELDS.items()
}
"""By event type."""
