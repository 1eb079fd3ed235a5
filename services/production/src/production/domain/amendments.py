"""Amendments: requests to give an order line another price or quantity than was approved with the brief. Each
goes through an approval."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from optima_contracts.money import amount_of, money_text
from optima_contracts.quantities import quantity_text

from .deliveries import Delivery

DEFAULT_PROCESS: Final = "order-amendment"
"""The key of the approval process for amendments until the tenant names another."""


class AmendmentState(StrEnum):
    IN_APPROVAL = "in_approval"
    APPLIED = "applied"
    """It was approved: its price and quantity bind."""
    REJECTED = "rejected"
    NOT_APPROVED = "not_approved"
    """Its approval ended without a verdict: nobody could be asked, it was recalled, or time ran out."""
    LAPSED = "lapsed"
    """It no longer fits: the order or line ended, the line has another quantity or price by now, or work has
    gone too far for another quantity."""
    REVOKED = "revoked"
    """It was applied, and then its approval was revoked."""


def content_hash_of(
    job_id: UUID,
    quantity: Decimal,
    before: Decimal,
    unit_price: Decimal,
    other: OtherQuantity | None = None,
    *,
    nonce: str,
) -> str:
    """Hash the line, its quantity, both prices and, if the quantity changes, the new one and its
    destinations. The nonce stays secret, so that nobody who sees the hash can find the prices by trying them
    all."""
    terms = {
        "job_id": str(job_id),
        "quantity": quantity_text(quantity),
        "unit_price_before": money_text(before),
        "unit_price": money_text(unit_price),
        "nonce": nonce,
        **({} if other is None else other.terms()),
    }
    return hashlib.sha256(json.dumps(terms, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class OtherQuantity:
    """The new quantity of a line, and its destinations."""

    quantity: Decimal
    deliveries: tuple[Delivery, ...]
    deliveries_before: tuple[Delivery, ...]
    confirmed_before: Decimal
    """The quantity approved until then. The line itself may be for less."""

    def terms(self) -> dict[str, object]:
        sent = [[each.destination, quantity_text(each.quantity)] for each in self.deliveries]
        return {"quantity_after": quantity_text(self.quantity), "deliveries_after": sent}


@dataclass(frozen=True, slots=True)
class Amendment:
    id: UUID
    job_id: UUID
    quantity: Decimal
    """The line's quantity when the amendment was requested; the amounts to be approved follow from it."""
    unit_price_before: Decimal
    """The price that was approved until then."""
    unit_price: Decimal
    """Equal to `unit_price_before` if only the quantity changes."""
    content_hash: str
    """The hash of what is approved, from `content_hash_of`."""
    reason: str
    process: str
    requested_at: datetime
    requested_by: UUID
    other: OtherQuantity | None = None
    """None if the quantity stays."""
    state: AmendmentState = AmendmentState.IN_APPROVAL
    approval_id: UUID | None = None
    ended_at: datetime | None = None
    ended_by: UUID | None = None
    ended_because: str | None = None

    @property
    def amount_before(self) -> Decimal:
        return amount_of(self.quantity, self.unit_price_before)

    @property
    def amount(self) -> Decimal:
        return amount_of(self.other.quantity if self.other else self.quantity, self.unit_price)

    @property
    def changes_price(self) -> bool:
        return self.unit_price != self.unit_price_before

    def opened(self, approval_id: UUID) -> Amendment:
        """Return the amendment after its approval began."""
        return replace(self, approval_id=self.approval_id or approval_id)

    def ended(
        self, state: AmendmentState, *, at: datetime, by: UUID | None, because: str | None = None
    ) -> Amendment:
        return replace(self, state=state, ended_at=at, ended_by=by, ended_because=because)
