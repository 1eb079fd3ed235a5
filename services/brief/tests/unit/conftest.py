"""Briefs in every state, reached by the domain's own transitions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest

from brief.domain.brief import Brief
from brief.domain.content import Content, Delivery, Item
from brief.domain.lifecycle import AuditContext, State

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
ANNA = UUID("0199aaaa-0000-7000-8000-000000000001")
APPROVAL = UUID("0199aaaa-0000-7000-8000-000000000002")
ORDER = UUID("0199aaaa-0000-7000-8000-000000000003")
HAPPENING = AuditContext(NOW, ANNA)


def item(
    quantity: str = "500", *deliveries: tuple[str, str], description: str = "Espositore da banco"
) -> Item:
    return Item(
        item_id=uuid4(),
        kind="espositore",
        description=description,
        quantity=Decimal(quantity),
        unit="pz",
        deliveries=tuple(Delivery(destination=to, quantity=Decimal(n)) for to, n in deliveries),
    )


def content(*items: Item, **changes: object) -> Content:
    whole = Content(
        title="Lancio primavera",
        category="POP",
        budget=Decimal("8000"),
        deadline=date(2027, 2, 15),
        items=items or (item(),),
    )
    return whole.model_copy(update=changes)


def draft(what: Content | None = None) -> Brief:
    brief = Brief.drafted(uuid4(), "B-2026-0001", ANNA, "Anna Bianchi", None, what or content(), HAPPENING)
    brief.transitions.clear()
    return brief


def brief_in(state: State, what: Content | None = None) -> Brief:
    brief = draft(what)
    ways: dict[State, Callable[[], object]] = {
        State.REJECTED: lambda: brief.rejected(APPROVAL, 1, "Fuori budget", HAPPENING),
        State.CANCELLED: lambda: brief.cancel("Campagna sospesa", HAPPENING),
        State.OVER_BUDGET: lambda: brief.approved_over_budget(
            APPROVAL, 1, brief.content_hash or "", HAPPENING
        ),
    }
    steps: dict[State, Callable[[], object]] = {
        State.SUBMITTED: lambda: brief.submit("standard", HAPPENING),
        State.IN_APPROVAL: lambda: brief.approval_opened(APPROVAL, 1, HAPPENING),
        State.APPROVED: lambda: brief.approved(APPROVAL, 1, brief.content_hash or "", HAPPENING),
        State.IN_PRODUCTION: lambda: brief.production_started(ORDER, HAPPENING),
        State.IN_DELIVERY: lambda: brief.goods_left(ORDER, HAPPENING),
        State.CLOSED: lambda: brief.order_delivered(ORDER, HAPPENING),
    }
    last = {
        State.REJECTED: State.IN_APPROVAL,
        State.OVER_BUDGET: State.IN_APPROVAL,
        State.CANCELLED: State.IN_PRODUCTION,
    }.get(state, state)
    for reached, step in steps.items():
        if brief.state is not last:
            step()
            assert brief.state is reached
    ways.get(state, lambda: None)()
    assert brief.state is state
    brief.transitions.clear()
    return brief


@pytest.fixture
def made() -> SimpleNamespace:
    """What tests make briefs with."""
    return SimpleNamespace(
        now=NOW,
        anna=ANNA,
        approval=APPROVAL,
        order=ORDER,
        context=HAPPENING,
        item=item,
        content=content,
        draft=draft,
        brief_in=brief_in,
    )
