"""Publish that a brief is approved: its prices are binding, and production makes an order from it."""

from __future__ import annotations

from optima_contracts.brief import BriefApproved, BriefContent
from optima_contracts.economics import BriefPricesApproved

from ..domain.brief import Brief
from ..domain.purchases import purchases_of
from .ports import Ports
from .price_brief import facts_of


def tell_approved(ports: Ports, brief: Brief) -> None:
    assert brief.submitted is not None
    assert brief.approval_id is not None
    assert brief.content_hash is not None
    if brief.pricing is not None:
        prices = BriefPricesApproved(
            brief_id=brief.brief_id,
            approval_id=brief.approval_id,
            **facts_of(brief.pricing),
        )
        ports.outbox.add(prices, subject=brief.brief_id, correlation=brief.brief_id)
        ports.purchases.insert_purchases(brief, list(purchases_of(brief)), ports.now)
    approved = BriefApproved(
        brief_id=brief.brief_id,
        number=brief.number,
        revision=brief.revision,
        content_hash=brief.content_hash,
        approval_id=brief.approval_id,
        requester_id=brief.requester_id,
        unit_id=brief.unit_id,
        content=BriefContent.model_validate(brief.submitted.content.as_json()),
        valued=brief.pricing is not None,
    )
    ports.outbox.add(approved, subject=brief.brief_id, correlation=brief.brief_id)
