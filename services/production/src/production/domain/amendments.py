"""Amendments: a line of an order is to have another price or quantity than was approved with the brief. It is
approved anew."""

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
"""Key of the approval process that amendments enter, until the tenant names another."""


class AmendmentState(StrEnum):
    IN_APPROVAL = "in_approval"
    APPLIED = "applied"
    """Approved: its price and quantity bind."""
    REJECTED = "rejected"
    NOT_APPROVED = "not_approved"
    """Its approval ended without a verdict: nobody could be asked, it was recalled, or time ran out."""
    LAPSED = "lapsed"
    """The order or its line ended, has another quantity or price meanwhile, or was begun too far for another
    quantity."""
    REVOKED = "revoked"
    """It was applied, and its approval was revoked."""


def content_hash_of(
    job_id: UUID,
    quantity: Decimal,
    before: Decimal,
    unit_price: Decimal,
    other: OtherQuantity | None = None,
    *,
    nonce: str,
) -> str:
    """Of the line, its quantity, both prices and, where it is to have another quantity, that and where it
    goes. The nonce, which is told to nobody, keeps whoever sees the hash and no prices from trying all."""
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
    """How much a line is to be of instead, and where it goes."""

    quantity: Decimal
    deliveries: tuple[Delivery, ...]
    deliveries_before: tuple[Delivery, ...]
    confirmed_before: Decimal
    """What was approved of the line until then, which it may have less of."""

    def terms(self) -> dict[str, object]:
        sent = [[each.destination, quantity_text(each.quantity)] for each in self.deliveries]
        return {"quantity_after": quantity_text(self.quantity), "deliveries_after": sent}


@dataclass(frozen=True, slots=True)
class Amendment:
    id: UUID
    job_id: UUID
    quantity: Decimal
    """Of the line, as it was when it was asked for: the amounts that are approved follow from it."""
    unit_price_before: Decimal
    """As approved until then."""
    unit_price: Decimal
    """The same where the quantity alone changes."""
    content_hash: str
    """Of what is approved, as `content_hash_of` gives it."""
    reason: str
    process: str
    requested_at: datetime
    requested_by: UUID
    other: OtherQuantity | None = None
    """None: the quantity stays."""
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
        """Its approval began."""
        return replace(self, approval_id=self.approval_id or approval_id)

    def ended(
        self, state: AmendmentState, *, at: datetime, by: UUID | None, because: str | None = None
    ) -> Amendment:
        return replace(self, state=state, ended_at=at, ended_by=by, ended_because=because)
