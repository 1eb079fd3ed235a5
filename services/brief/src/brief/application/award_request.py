"""Purchasing awards a request for quotation: the chosen quotes become the brief's prices."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from optima_kit.actor import Actor

from ..domain.quotations import QuotationRequest
from .ports import Ports
from .price_brief import price_locked_brief
from .request_quotations import request_to_change, tell_suppliers


async def award_request(
    ports: Ports,
    actor: Actor,
    request_id: UUID,
    expected_version: int | None,
    choices: Sequence[tuple[UUID, UUID]],
    prices: Sequence[tuple[UUID, Decimal]],
) -> QuotationRequest:
    """Award items to quotations and price the brief. `choices` are pairs of an item and the quotation that
    gets it; `prices` are the unit prices of items that no quotation gets. The brief's prices keep the
    supplier and the terms of each choice, so that the order has them too."""
    brief, request = await request_to_change(ports, actor, request_id, expected_version)
    chosen = request.award(choices, ports.now)
    priced = [(item_id, price) for item_id, (price, _) in chosen.items()] + list(prices)
    quoted = {item_id: terms for item_id, (_, terms) in chosen.items()}
    await price_locked_brief(ports, actor, brief, request.revision, priced, quoted)
    await ports.quotations.update_request(request)
    tell_suppliers(ports, request)
    return request
