"""Read briefs as one reader may see them: without what is hidden from them, with names and with their
actions.

Each function that takes a brief's id raises Absent if the reader may not see the brief. Those that take a
loaded brief leave this to their caller.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.fields import PersonView
from optima_kit.pages import Page, PageQuery, page_of
from optima_kit.refusals import Absent

from ...domain.brief import Brief, Revision
from ...domain.comments import MOST_UNREAD, Comment
from ...domain.content import Content, Item
from ...domain.lifecycle import State, Transition
from ...domain.pricing import PriceLine, Pricing
from ...domain.progress import ItemProgress, progress_of
from ...domain.rules import day_in_rome
from ..ports import Filters, Ports, PricedRevision, StoredFile, Summary, UnreadComments
from .access import (
    actions_on,
    actions_on_briefs,
    actions_on_comment,
    is_requester,
    sees_prices,
    shown_content,
    visible_brief,
)
from .views import (
    BriefCountsView,
    BriefSummaryView,
    BriefView,
    CommentVersionView,
    CommentView,
    ItemProgressView,
    PriceLineView,
    PriceSourceView,
    PricingView,
    ProposedPriceView,
    ReadMarkerView,
    RevisionView,
    ShipmentOfItemView,
    StateCountView,
    TransitionView,
    UnitView,
)

Names = Mapping[UUID, str]

_BEFORE_ALL: Final = UUID(int=0)

MOST_COUNTED: Final = 1000


async def read_brief(ports: Ports, actor: Actor, brief_id: UUID) -> BriefView:
    """Read one brief. Its requester sees the draft; others see the revision that was last submitted."""
    return await show_brief(ports, actor, await visible_brief(ports, actor, brief_id))


async def show_brief(ports: Ports, actor: Actor, brief: Brief) -> BriefView:
    """Build the view of a loaded brief for this actor."""
    revision, content = shown_content(actor, brief)
    frozen = brief.submitted if brief.submitted and revision == brief.submitted.revision else None
    pricing = brief.pricing if frozen and sees_prices(actor) else None
    names = await ports.directory.names([brief.unit_id, *_people_in(pricing)])
    return BriefView(
        id=brief.brief_id,
        number=brief.number,
        version=brief.version,
        state=brief.state,
        cause=brief.cause,
        reason=brief.reason,
        revision=revision,
        requester=PersonView(id=brief.requester_id, name=brief.requester_name),
        unit=UnitView(id=brief.unit_id, name=names.get(brief.unit_id)) if brief.unit_id else None,
        drafted_at=brief.drafted_at,
        changed_at=brief.changed_at,
        approval_id=brief.approval_id,
        order_id=brief.order_id,
        actions=actions_on(actor, brief),
        **(_frozen(actor, frozen, brief.pricing, names) if frozen else {}),
        **_content(content),
    )


async def list_briefs(
    ports: Ports, actor: Actor, query: PageQuery, *, by_deadline: bool, **wanted: Any
) -> Page[BriefSummaryView]:
    """List briefs newest first, or by rising deadline. `wanted` holds the filters. Raises Forbidden if a
    filter asks about prices and the reader may not see them."""
    filters = _filters(ports, actor, wanted)
    after = _after(query, by_deadline=by_deadline)
    found = await ports.briefs.list_briefs(filters, after, query.rows, by_deadline=by_deadline)
    names = await ports.directory.names(summary.unit_id for summary in found)
    ids = [summary.brief_id for summary in found]
    unread = await ports.briefs.list_unread_comments(actor.person_id, ids, MOST_UNREAD)
    return page_of(
        query,
        found,
        lambda summary: _summary(actor, summary, names, unread[summary.brief_id]),
        lambda last: (last.sorted_deadline, last.brief_id) if by_deadline else last.brief_id,
        actions=actions_on_briefs(actor),
    )


async def count_briefs(ports: Ports, actor: Actor, **wanted: Any) -> BriefCountsView:
    """Count the briefs in each state. `changes_requested` is left out, because no brief stays in it."""
    states = [state for state in State if state is not State.CHANGES_REQUESTED]
    filters = _filters(ports, actor, wanted)
    found = await ports.briefs.count_briefs(filters, states, MOST_COUNTED + 1)
    return BriefCountsView(
        states=[
            StateCountView(state=state, briefs=min(count, MOST_COUNTED), more=count > MOST_COUNTED)
            for state, count in found
        ]
    )


def _filters(ports: Ports, actor: Actor, wanted: dict[str, Any]) -> Filters:
    if wanted.get("priced") is not None:
        actor.require("brief.price.read")
    own_only = wanted.get("requester_id") == actor.person_id
    reads_all = actor.may("brief.read_all") and not own_only
    return Filters(actor.person_id, reads_all, day_in_rome(ports.now), **wanted)


def _after(query: PageQuery, *, by_deadline: bool) -> tuple[date | None, UUID] | None:
    if query.cursor is None:
        return None
    return query.after(date, UUID) if by_deadline else (None, query.after(UUID))


async def list_revisions(ports: Ports, actor: Actor, brief_id: UUID, query: PageQuery) -> Page[RevisionView]:
    """List the brief's frozen revisions, oldest first."""
    await visible_brief(ports, actor, brief_id)
    found = await ports.briefs.list_revisions(brief_id, query.after(int) or 0, query.rows)
    names = await _names_in(ports, found)
    return page_of(
        query, found, lambda each: _revision(actor, each, names), lambda each: each.revision.revision
    )


async def read_revision(ports: Ports, actor: Actor, brief_id: UUID, revision: int) -> RevisionView:
    await visible_brief(ports, actor, brief_id)
    found = await ports.briefs.find_revision(brief_id, revision)
    if found is None:
        raise Absent("revision_absent")
    return _revision(actor, found, await _names_in(ports, [found]))


async def read_file(ports: Ports, actor: Actor, brief_id: UUID, attachment_id: UUID) -> StoredFile:
    """Read an attachment. A file that was never submitted is absent for everybody but the requester, like the
    draft that contains it."""
    brief = await visible_brief(ports, actor, brief_id)
    file = await ports.briefs.find_file(brief_id, attachment_id)
    if file is None or not (file.frozen or is_requester(actor, brief)):
        raise Absent("attachment_absent")
    return file


async def list_comments(ports: Ports, actor: Actor, brief_id: UUID, query: PageQuery) -> Page[CommentView]:
    """List the brief's comments, oldest first."""
    return await show_comments(ports, actor, await visible_brief(ports, actor, brief_id), query)


async def show_comments(ports: Ports, actor: Actor, brief: Brief, query: PageQuery) -> Page[CommentView]:
    """List the comments of a loaded brief."""
    brief_id = brief.brief_id
    found = await ports.briefs.list_comments(brief_id, query.after(UUID), query.rows)
    names = await ports.directory.names(each for comment in found for each in comment.mentioned_ids)
    until = (await ports.briefs.list_unread_comments(actor.person_id, [brief_id], 1))[brief_id].read_until
    return page_of(
        query,
        found,
        lambda comment: _comment(ports, actor, comment, names, read_until=until or _BEFORE_ALL),
        lambda comment: comment.comment_id,
    )


async def show_comment(ports: Ports, actor: Actor, comment: Comment) -> CommentView:
    """Build the view of a loaded comment. It counts as read."""
    names = await ports.directory.names(comment.mentioned_ids)
    return _comment(ports, actor, comment, names, read_until=comment.comment_id)


def show_unread(unread: UnreadComments, comment_id: UUID) -> ReadMarkerView:
    """Build the view of how far the reader has read, after they marked this comment as read."""
    return ReadMarkerView(comment_id=unread.read_until or comment_id, unread=unread.count)


def _comment(ports: Ports, actor: Actor, comment: Comment, names: Names, *, read_until: UUID) -> CommentView:
    return CommentView(
        id=comment.comment_id,
        author=PersonView(id=comment.author_id, name=comment.author_name),
        text=comment.text,
        at=comment.at,
        mentioned=[PersonView(id=each, name=names.get(each)) for each in comment.mentioned_ids],
        edited_at=comment.edited_at,
        earlier=[CommentVersionView(text=each.text, at=each.at) for each in comment.earlier],
        unread=comment.author_id != actor.person_id and comment.comment_id > read_until,
        actions=actions_on_comment(actor, comment, ports.now),
    )


async def list_progress(
    ports: Ports, actor: Actor, brief_id: UUID, query: PageQuery
) -> Page[ItemProgressView]:
    """List the progress of each item of the revision that the reader sees, in the revision's order."""
    return await show_progress(ports, actor, await visible_brief(ports, actor, brief_id), query)


async def show_progress(ports: Ports, actor: Actor, brief: Brief, query: PageQuery) -> Page[ItemProgressView]:
    """List the progress of a loaded brief's items."""
    _, content = shown_content(actor, brief)
    jobs = await ports.progress.list_jobs(brief.brief_id)
    shipments = await ports.progress.list_shipments(brief.brief_id)
    after = query.after(int) or 0
    found = list(enumerate(content.items, start=1))[after : after + query.rows]
    return page_of(
        query,
        found,
        lambda row: _item_progress(row[1], progress_of(row[1].item_id, jobs, shipments)),
        lambda row: row[0],
    )


def _item_progress(item: Item, progress: ItemProgress) -> ItemProgressView:
    return ItemProgressView(
        item_id=item.item_id,
        description=item.description,
        unit=item.unit,
        requested=item.quantity,
        ordered=progress.ordered,
        produced=progress.produced,
        shipped=progress.shipped,
        delivered=progress.delivered,
        closed=progress.closed,
        shipments=[
            ShipmentOfItemView(
                ddt_number=shipment.ddt_number,
                issued_on=shipment.issued_on,
                state=shipment.state,
                delivered_at=shipment.delivered_at,
                quantity=quantity,
            )
            for shipment, quantity in progress.shipments
        ],
    )


async def list_history(ports: Ports, actor: Actor, brief_id: UUID, query: PageQuery) -> Page[TransitionView]:
    """List every change of the brief's state, oldest first."""
    return await show_history(ports, await visible_brief(ports, actor, brief_id), query)


async def show_history(ports: Ports, brief: Brief, query: PageQuery) -> Page[TransitionView]:
    """List every change of a loaded brief's state."""
    found = await ports.briefs.list_transitions(brief.brief_id, query.after(int) or 0, query.rows)
    people = (each for _, transition in found for each in (transition.actor_id, transition.on_behalf_of))
    names = await ports.directory.names(people)
    return page_of(query, found, lambda row: _transition(row[1], names), lambda row: row[0])


def _summary(actor: Actor, summary: Summary, names: Names, unread: UnreadComments) -> BriefSummaryView:
    return BriefSummaryView(
        id=summary.brief_id,
        number=summary.number,
        state=summary.state,
        cause=summary.cause,
        revision=summary.revision,
        title=summary.title,
        category=summary.category,
        budget=summary.budget,
        deadline=summary.deadline,
        requester=PersonView(id=summary.requester_id, name=summary.requester_name),
        unit=UnitView(id=summary.unit_id, name=names.get(summary.unit_id)) if summary.unit_id else None,
        type_key=summary.type_key,
        drafted_at=summary.drafted_at,
        changed_at=summary.changed_at,
        priced=summary.priced if sees_prices(actor) else None,
        unread_comments=unread.count,
    )


def _transition(transition: Transition, names: Names) -> TransitionView:
    return TransitionView(
        at=transition.at,
        from_state=transition.from_state,
        to_state=transition.to_state,
        revision=transition.revision,
        cause=transition.cause,
        reason=transition.reason,
        actor=PersonView.of(transition.actor_id, names),
        on_behalf_of=PersonView.of(transition.on_behalf_of, names),
    )


async def _names_in(ports: Ports, found: list[PricedRevision]) -> Names:
    people = [each.revision.submitted_by for each in found]
    for each in found:
        people += _people_in(each.pricing)
    return await ports.directory.names(people)


def _revision(actor: Actor, found: PricedRevision, names: Names) -> RevisionView:
    revision = found.revision
    return RevisionView(
        revision=revision.revision,
        submitted_by=PersonView(id=revision.submitted_by, name=names.get(revision.submitted_by)),
        **_frozen(actor, revision, found.pricing, names),
        **_content(revision.content),
    )


def _frozen(actor: Actor, revision: Revision, pricing: Pricing | None, names: Names) -> dict[str, Any]:
    """Return what the view of a submitted revision shows besides its content. Prices are included if the
    actor may see them."""
    shown: dict[str, Any] = {
        "content_hash": pricing.content_hash if pricing else revision.content_hash,
        "process": revision.process,
        "submitted_at": revision.submitted_at,
    }
    if sees_prices(actor):
        shown["prices"] = _pricing(pricing, names) if pricing else None
        shown["proposed_prices"] = [
            ProposedPriceView(item_id=item_id, unit_price=price)
            for item_id, price in revision.proposed_prices.items()
        ]
    return shown


def _people_in(pricing: Pricing | None) -> list[UUID]:
    if pricing is None:
        return []
    suppliers = [line.quotation.supplier_id for line in pricing.lines if line.quotation]
    return [pricing.priced_by, *suppliers]


def _pricing(pricing: Pricing, names: Names) -> PricingView:
    return PricingView(
        id=pricing.pricing_id,
        lines=[_price_line(line, names) for line in pricing.lines],
        total=pricing.total,
        priced_at=pricing.priced_at,
        priced_by=PersonView(id=pricing.priced_by, name=names.get(pricing.priced_by)),
    )


def _price_line(line: PriceLine, names: Names) -> PriceLineView:
    terms = line.quotation
    return PriceLineView(
        item_id=line.item_id,
        quantity=line.quantity,
        unit_price=line.unit_price,
        amount=line.amount,
        quotation=PriceSourceView(
            id=terms.quotation_id,
            supplier=PersonView(id=terms.supplier_id, name=names.get(terms.supplier_id)),
            lead_time_days=terms.lead_time_days,
            valid_until=terms.valid_until,
        )
        if terms
        else None,
    )


def _content(content: Content) -> dict[str, Any]:
    return {name: getattr(content, name) for name in Content.model_fields}
