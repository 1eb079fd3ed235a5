"""Read all that is known here of one brief in one answer, as a page shows it."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.fields import View
from optima_kit.pages import Page, PageQuery
from optima_kit.refusals import Absent

from ..ports import Ports
from . import briefs, budgets, catalogue, proofs, quotations, types
from .access import sees_budgets, sees_prices, sees_spend, visible_brief
from .budget_views import BriefBudgetView
from .catalogue_views import PriceSuggestionsView
from .proof_views import ProofView
from .quotation_views import QuotationRequestSummaryView
from .types import BriefTypeView
from .views import BriefView, CommentView, ItemProgressView, TransitionView

T = TypeVar("T")


class BriefStoryView(View):
    """A brief with what belongs to it. Each list has the first items of the endpoint that lists it alone, and
    goes on there by its `next_cursor`. Only that endpoint also says which actions the list itself offers."""

    brief: BriefView
    type: BriefTypeView | None
    """The version of the brief's type that was current when the brief was begun. Absent if it has no type."""
    progress: Page[ItemProgressView]
    history: Page[TransitionView]
    comments: Page[CommentView]
    proofs: Page[ProofView]
    budget: BriefBudgetView | None
    """Absent if there is no budget for the brief, or the reader may not see budgets."""
    quotation_requests: Page[QuotationRequestSummaryView] | None
    """Absent if the reader may not see prices."""
    price_suggestions: PriceSuggestionsView | None
    """Only for readers who may price the brief now and may see what is spent."""


async def read_story(ports: Ports, actor: Actor, brief_id: UUID, query: PageQuery) -> BriefStoryView:
    """Read a brief and everything that belongs to it. Each part follows the rules of its own endpoint, and a
    part that its endpoint would refuse to this reader is absent."""
    brief = await visible_brief(ports, actor, brief_id)
    shown = await briefs.show_brief(ports, actor, brief)
    priced_by_reader = "price" in shown.actions and sees_spend(actor)
    return BriefStoryView(
        brief=shown,
        type=await _type_of(ports, actor, shown),
        progress=await briefs.show_progress(ports, actor, brief, query),
        history=await briefs.show_history(ports, brief, query),
        comments=await briefs.show_comments(ports, actor, brief, query),
        proofs=await proofs.show_proofs(ports, actor, brief, query),
        budget=await _unless_absent(budgets.show_budget_of_brief(ports, actor, brief))
        if sees_budgets(actor)
        else None,
        quotation_requests=await quotations.list_requests(
            ports, actor, query, brief_id=brief_id, open_only=False
        )
        if sees_prices(actor)
        else None,
        price_suggestions=await catalogue.show_price_suggestions(ports, actor, brief)
        if priced_by_reader
        else None,
    )


async def _type_of(ports: Ports, actor: Actor, brief: BriefView) -> BriefTypeView | None:
    if brief.type_key is None:
        return None
    return await _unless_absent(types.read_type(ports, actor, brief.type_key, brief.type_version))


async def _unless_absent(read: Awaitable[T]) -> T | None:
    try:
        return await read
    except Absent:
        return None
