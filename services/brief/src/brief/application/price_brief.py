"""Purchasing prices a submitted revision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID

from optima_contracts.economics import BriefPriced
from optima_kit.actor import Actor
from optima_kit.ids import new_id

from ..domain.brief import Brief
from ..domain.pricing import Pricing, QuotedTerms
from .access import brief_to_change
from .ports import Ports


async def price_brief(
    ports: Ports,
    actor: Actor,
    brief_id: UUID,
    expected_version: int | None,
    revision: int,
    prices: Sequence[tuple[UUID, Decimal]],
) -> Brief:
    """Price the revision that the actor read. Unchanged prices change and publish nothing."""
    brief = await brief_to_change(ports, actor, brief_id, expected_version)
    await price_locked_brief(ports, actor, brief, revision, prices)
    return brief


async def price_locked_brief(
    ports: Ports,
    actor: Actor,
    brief: Brief,
    revision: int,
    prices: Sequence[tuple[UUID, Decimal]],
    quoted: Mapping[UUID, QuotedTerms] = MappingProxyType({}),
) -> None:
    pricing = brief.price(revision, prices, new_id(), ports.now, actor.person_id, quoted)
    if pricing is None:
        return
    await ports.briefs.insert_pricing(brief.brief_id, pricing)
    await ports.briefs.update_brief(brief)
    priced = BriefPriced(brief_id=brief.brief_id, **facts_of(pricing))
    ports.outbox.add(priced, subject=brief.brief_id, correlation=brief.brief_id)


def facts_of(pricing: Pricing) -> dict[str, Any]:
    """Return the fields that describe a revision's prices in events."""
    return pricing.model_dump(mode="json", include={"revision", "content_hash", "lines", "total"})
