"""Purchasing prices a submitted revision."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from optima_contracts.economics import BriefPriced, PricedItem
from optima_kit.actor import Actor
from optima_kit.ids import new_id

from ..domain.brief import Brief
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
    """`revision` is the one that the actor read. The same prices once more change and publish nothing."""
    brief = await brief_to_change(ports, actor, brief_id, expected_version)
    pricing = brief.price(revision, prices, new_id(), ports.now, actor.person_id)
    if pricing is None:
        return brief
    await ports.briefs.insert_pricing(brief_id, pricing)
    await ports.briefs.update_brief(brief)
    fact = pricing.model_dump(mode="json", include={"revision", "content_hash", "total"})
    lines = [PricedItem.model_validate(line.model_dump(mode="json")) for line in pricing.lines]
    ports.outbox.add(
        BriefPriced(brief_id=brief_id, lines=lines, **fact), subject=brief_id, correlation=brief_id
    )
    return brief
