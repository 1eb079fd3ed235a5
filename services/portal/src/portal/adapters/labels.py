"""What the services' codes are called on a page. `N_` marks a text for the catalogues."""

from __future__ import annotations

from typing import Final


def N_(text: str) -> str:  # noqa: N802 - gettext's own name
    return text


LABELS: Final[dict[str, dict[str, str]]] = {
    "brief": {
        "draft": N_("Draft"),
        "submitted": N_("Submitted"),
        "in_approval": N_("In approval"),
        "changes_requested": N_("Changes requested"),
        "rejected": N_("Rejected"),
        "approved": N_("Approved"),
        "in_production": N_("In production"),
        "in_delivery": N_("In delivery"),
        "delivered": N_("Delivered"),
        "closed": N_("Closed"),
        "cancelled": N_("Cancelled"),
    },
    "brief_cause": {
        "drafted": N_("Drafted"),
        "submitted": N_("Submitted for approval"),
        "approval_opened": N_("Approval begun"),
        "approval_not_opened": N_("Approval could not begin"),
        "approved": N_("Approved"),
        "rejected": N_("Rejected"),
        "changes_requested": N_("Changes requested"),
        "recalled": N_("Recalled"),
        "approval_expired": N_("Approval expired"),
        "production_started": N_("Production started"),
        "goods_left": N_("Goods left"),
        "delivered": N_("Delivered"),
        "closed": N_("Closed"),
        "cancelled_by_requester": N_("Cancelled by the requester"),
        "order_cancelled": N_("Order cancelled"),
        "cancellation_refused": N_("Cancellation came too late"),
        "handed_over": N_("Handed over"),
    },
    "approval": {
        "open": N_("In approval"),
        "approved": N_("Approved"),
        "rejected": N_("Rejected"),
        "changes_requested": N_("Changes requested"),
        "cancelled": N_("Recalled"),
        "expired": N_("Expired"),
        "not_opened": N_("Could not begin"),
    },
    "step": {
        "waiting": N_("Waiting"),
        "pending": N_("To be decided"),
        "approved": N_("Approved"),
        "rejected": N_("Rejected"),
        "changes_requested": N_("Changes requested"),
        "skipped": N_("Left out"),
        "not_required": N_("Not needed any more"),
    },
    "part": {
        "requested": N_("not decided yet"),
        "approved": N_("approved"),
        "rejected": N_("rejected"),
        "abstained": N_("abstained"),
        "not_required": N_("not needed any more"),
        "cancelled": N_("withdrawn"),
    },
    "outcome": {
        "approve": N_("Approve"),
        "reject": N_("Reject"),
        "request_changes": N_("Ask for changes"),
    },
    "order": {
        "confirmed": N_("Confirmed"),
        "in_production": N_("In production"),
        "ready": N_("Ready"),
        "partially_shipped": N_("Partly shipped"),
        "shipped": N_("Shipped"),
        "delivered": N_("Delivered"),
        "cancelled": N_("Cancelled"),
    },
    "job": {
        "planned": N_("Planned"),
        "ready": N_("Ready"),
        "blocked": N_("Blocked"),
        "running": N_("Running"),
        "done": N_("Done"),
        "cancelled": N_("Cancelled"),
    },
    "phase": {
        "waiting": N_("Waiting"),
        "ready": N_("Ready"),
        "assigned": N_("Assigned"),
        "in_progress": N_("In progress"),
        "to_inspect": N_("To be inspected"),
        "done": N_("Done"),
        "skipped": N_("Left out"),
        "cancelled": N_("Cancelled"),
    },
    "shipment": {
        "draft": N_("Draft"),
        "picked": N_("Picked"),
        "issued": N_("Issued"),
        "in_transit": N_("On the way"),
        "departed": N_("Departed"),
        "delivered": N_("Delivered"),
        "refused": N_("Refused"),
        "voided": N_("Voided"),
        "cancelled": N_("Cancelled"),
    },
}


def label(kind: str, code: str) -> str:
    """The English text. Raises KeyError for a code that nobody has named: a test walks all of them."""
    return LABELS[kind][code]
