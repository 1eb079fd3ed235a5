"""Conditions read how a brief's budget stood at its submission; who may not see that writes none."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from optima_contracts.brief import BriefContent, BriefSubmitted
from optima_contracts.economics import BudgetTold
from optima_kit.refusals import NotYet

from ..conftest import Desk

OVER = "has(budget.available) && brief.budget > budget.available"


def rule(when: str, **step: Any) -> dict[str, Any]:
    steps = [
        {"key": "sempre", "approvers": [{"role": "purchasing"}]},
        {"key": "oltre", "when": when, "approvers": [{"role": "admin"}], **step},
    ]
    return {"key": "prova", "name": "Prova", "subject": "brief", "steps": steps}


async def flaws(desk: Desk, when: str, who: str = "ada") -> list[str]:
    _, found = await desk.as_(who).post("/v1/processes/prova/check", rule(when))
    return [flaw["code"] for flaw in found["flaws"]]


def submitted(desk: Desk, brief_id: UUID) -> BriefSubmitted:
    content = {
        "title": "Espositori",
        "category": "POP",
        "budget": "8000.00",
        "deadline": "2026-12-20",
        "items": [{"item_id": str(uuid4()), "kind": "e", "description": "E", "quantity": "1"}],
    }
    return BriefSubmitted(
        brief_id=brief_id,
        number="B-1/2026",
        revision=1,
        content_hash="hash-1",
        process="prova",
        requester_id=desk.people["marta"].person_id,
        budget_told=True,
        content=BriefContent.model_validate(content),
    )


def told(brief_id: UUID, planned: str) -> BudgetTold:
    return BudgetTold(
        brief_id=brief_id, revision=1, budget_id=uuid4(), planned=planned, committed="2000.00", spent="500.00"
    )


async def test_a_condition_on_the_budget_is_typed(desk: Desk):
    assert await flaws(desk, OVER) == []
    assert await flaws(desk, "brief.budget > budget.available") == ["condition_field_may_be_absent"]
    assert await flaws(desk, "has(budget.available) && budget.available == 'X'") == ["condition_types_differ"]
    assert await flaws(desk, "has(budget.left)") == ["condition_unknown_field"]
    assert await flaws(desk, "has(budget)") == ["condition_bad_operation"]
    assert await flaws(desk, "brief.items.exists(budget, budget.quantity > 1.0)") == []


@pytest.mark.parametrize(
    ("planned", "asked"), [("10499.99", "pending"), ("10500.00", "skipped"), ("1.00", "pending")]
)
async def test_the_budget_chooses_the_way(desk: Desk, planned: str, asked: str):
    """8,000.00 euro are asked of what remains beside 2,500.00."""
    await desk.publish(rule(OVER))
    brief_id = uuid4()
    with pytest.raises(NotYet):
        await desk.deliver(submitted(desk, brief_id), brief_id)
    await desk.deliver(told(brief_id, planned), brief_id)
    await desk.deliver(told(brief_id, planned), brief_id)
    await desk.deliver(submitted(desk, brief_id), brief_id)
    approval = await desk.approval("ada", brief_id)
    await desk.decide("paolo", approval["id"], "sempre")
    assert (await desk.steps("ada", brief_id))["oltre"] == asked


async def test_without_a_budget_nothing_is_exceeded(desk: Desk):
    await desk.publish(rule(OVER))
    brief_id = await desk.submit(process="prova")
    approval = await desk.approval("ada", brief_id)
    await desk.decide("paolo", approval["id"], "sempre")
    assert (await desk.steps("ada", brief_id))["oltre"] == "skipped"


async def test_the_figures_are_absent_for_who_may_not_see_budgets(desk: Desk):
    await desk.publish(rule(OVER))
    brief_id = uuid4()
    await desk.deliver(told(brief_id, "12345.67"), brief_id)
    await desk.deliver(submitted(desk, brief_id), brief_id)
    seen = await desk.approval("ada", brief_id)
    assert seen["content"]["budget_figures"]["available"] == "9845.67"
    hers = await desk.approval("marta", brief_id)
    assert "budget_figures" not in hers["content"]
    assert "9845.67" not in str(hers)
