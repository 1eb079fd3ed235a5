"""The events that give hints to open pages, and those that give notices to people. A repeated hint does no
harm; a notice about an event is created only once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from uuid import UUID

from optima_contracts import approval, brief, production
from optima_contracts.catalogue import every_event_type
from optima_contracts.identity import PersonChanged
from optima_contracts.trail import PersonErased
from optima_kit.reactions import Reactions, Received

from ..application.ports import Addressee, FollowedBrief
from ..application.tell_people import tell_people
from ..domain.notices import Kind
from .live import CHANNEL, Change
from .notices import PortalPorts
from .postgres import QUERIES

_AREAS: Final = ("approval", "brief", "logistics", "production")

TOLD: Final[Mapping[type[Any], Kind]] = {
    approval.StepPending: "to_decide",
    approval.Forwarded: "to_decide",
    approval.HandedOver: "to_decide",
    approval.Reassigned: "to_decide",
    approval.ApproverAdded: "to_decide",
    approval.DecisionWithdrawn: "to_decide",
    approval.Commented: "question",
    approval.CommentAnswered: "question",
    approval.Escalated: "reminder",
    approval.Reminded: "reminder",
    approval.NoticeSent: "reminder",
    approval.StepEnded: "settled",
    approval.StepReopened: "settled",
    approval.PartWithdrawn: "settled",
    approval.ApprovalMigrated: "settled",
    approval.Decided: "in_your_name",
    approval.DelegationChanged: "delegation",
    approval.Approved: "outcome",
    approval.Rejected: "outcome",
    approval.ChangesRequested: "outcome",
    approval.ApprovalCancelled: "outcome",
    approval.ApprovalExpired: "outcome",
    approval.ApprovalNotOpened: "outcome",
    approval.ApprovalRevoked: "outcome",
}
"""Events that name their recipients."""
PROGRESS: Final = (
    brief.BriefProductionStarted,
    brief.BriefDeliveryStarted,
    brief.BriefDelivered,
    brief.BriefCancelled,
)
"""Events about which the brief's requester is told."""

OF_PHASES: Final = (production.PhaseGivenBack, production.PhaseMessageWritten)
"""Events whose recipients are the two sides of a phase, each of which has its own page."""

QUOTATIONS: Final = (
    brief.QuotationRequested,
    brief.QuotationAnswered,
    brief.QuotationFileChanged,
    brief.QuotationClosed,
)
"""Events that give hints only under their own id. A page about their brief does not change with them, and a
supplier must not notice that others are asked."""

reactions: Final = Reactions()
Tell = Callable[[PortalPorts, Received[Any]], Awaitable[None]]


def what_of(type_: str) -> str:
    return type_.split(".")[2]


async def _tell_recipients(ports: PortalPorts, event: Received[Any]) -> None:
    data = event.data
    kind = TOLD[type(data)]
    address = "/delegations" if kind == "delegation" else f"/approvals/{event.subject}"
    step_name = getattr(data, "step_name", None) or ""
    await tell_people(
        ports,
        data.recipients,
        kind,
        what_of(event.type),
        getattr(data, "title", None) or "",
        data.text if isinstance(data, approval.NoticeSent) else step_name,
        address,
    )


async def _tell_assignee(ports: PortalPorts, event: Received[production.PhaseAssigned]) -> None:
    if event.data.assignee_id != event.actor_id:
        people, address = [event.data.assignee_id], f"/tasks/{event.data.phase_id}"
        await tell_people(ports, people, "task", what_of(event.type), "", "", address)


async def _tell_of_split(ports: PortalPorts, event: Received[production.PhaseSplit]) -> None:
    """Tell the person who has the rest of the phase."""
    assignee_id = event.data.assignee_id
    if assignee_id is not None and assignee_id != event.actor_id:
        page = f"/tasks/{event.data.phase_id}"
        await tell_people(ports, [assignee_id], "task", what_of(event.type), "", "", page)


async def _tell_of_phase(ports: PortalPorts, event: Received[Any]) -> None:
    """Tell the phase's assignee, with a link to the task's page, or the people who assign work, with a link
    to the order's page."""
    data = event.data
    match data:
        case production.PhaseGivenBack():
            people, page = data.recipients, f"/orders/{data.order_id}"
            await tell_people(ports, people, "task", what_of(event.type), "", "", page)
        case production.PhaseMessageWritten():
            what = "phase_problem" if data.problem else what_of(event.type)
            for person_id in data.recipients:
                own = person_id == data.assignee_id
                page = f"/tasks/{data.phase_id}" if own else _messages_page(data.order_id, data.phase_id)
                await tell_people(ports, [person_id], "question", what, "", "", page)


def _messages_page(order_id: UUID, phase_id: UUID) -> str:
    return f"/orders/{order_id}/phases/{phase_id}/messages"


async def _tell_requester(ports: PortalPorts, event: Received[Any]) -> None:
    brief_id = event.data.brief_id
    followed = await ports.notices.find_brief(brief_id)
    if followed is not None and followed.requester_id != event.actor_id:
        people, what = [followed.requester_id], f"brief_{what_of(event.type)}"
        await tell_people(ports, people, "progress", what, followed.title, "", f"/briefs/{brief_id}")


async def _tell_of_changed_order(ports: PortalPorts, event: Received[production.OrderChanged]) -> None:
    """Tell the requester of the order's brief, if it has one, unless the requester made the change."""
    brief_id = event.data.brief_id
    followed = await ports.notices.find_brief(brief_id) if brief_id is not None else None
    if followed is not None and followed.requester_id != event.actor_id:
        people, page = [followed.requester_id], f"/briefs/{brief_id}"
        await tell_people(ports, people, "progress", what_of(event.type), followed.title, "", page)


async def _tell_who_plans_budgets(ports: PortalPorts, event: Received[brief.BriefOverBudget]) -> None:
    """Tell the people who plan budgets, with a link to the budget's page, where the brief waits."""
    data = event.data
    if data.budget_id is not None:
        page = f"/budgets/{data.budget_id}"
        await tell_people(ports, data.recipients, "task", what_of(event.type), data.title or "", "", page)


async def _tell_mentioned(ports: PortalPorts, event: Received[Any]) -> None:
    brief_id = event.data.brief_id
    people = [each for each in event.data.mentioned_ids if each != event.actor_id]
    followed = await ports.notices.find_brief(brief_id)
    title = followed.title if followed is not None else ""
    await tell_people(ports, people, "question", "brief_commented", title, "", f"/briefs/{brief_id}")


async def _end_mentions(ports: PortalPorts, event: Received[brief.BriefCommentsRead]) -> None:
    """Mark a person's notices about a brief's comments as read once they have read all comments."""
    if event.actor_id is not None and event.data.all_read:
        page = f"/briefs/{event.data.brief_id}"
        ports.notices.mark_read(event.actor_id, "brief_commented", page, ports.now)
        ports.notices.hint(event.actor_id)


async def _tell_of_quotation(ports: PortalPorts, event: Received[Any]) -> None:
    """Tell a supplier about a request for a quote and its end, and the person who asked about each answer."""
    data, page = event.data, f"/quotations/{event.data.quotation_id}"
    match data:
        case brief.QuotationRequested():
            await tell_people(ports, [data.supplier_id], "task", "quotation_requested", data.title, "", page)
        case brief.QuotationClosed():
            what = "quotation_awarded" if data.awarded_item_ids else "quotation_closed"
            await tell_people(ports, [data.supplier_id], "outcome", what, data.title, "", page)
        case brief.QuotationAnswered():
            what = "quotation_declined" if data.declined else "quotation_answered"
            page = f"/briefs/{data.brief_id}"
            await tell_people(ports, [data.asked_by], "progress", what, data.title, "", page)


async def _follow(ports: PortalPorts, event: Received[brief.BriefSubmitted]) -> None:
    data = event.data
    title, owner, page = data.content.title, data.purchasing_owner_id, f"/briefs/{data.brief_id}"
    ports.notices.save_brief(data.brief_id, FollowedBrief(data.requester_id, title))
    if owner is not None and owner != event.actor_id:
        await tell_people(ports, [owner], "task", "brief_submitted", title, "", page)


async def _follow_for_another(ports: PortalPorts, event: Received[brief.BriefHandedOver]) -> None:
    data = event.data
    known = await ports.notices.find_brief(data.brief_id)
    if known is not None:
        ports.notices.save_brief(data.brief_id, FollowedBrief(data.to_person_id, known.title))
    title, address = known.title if known else data.number, f"/briefs/{data.brief_id}"
    await tell_people(ports, [data.to_person_id], "progress", "brief_handed_over", title, "", address)


_TELL: Final[Mapping[type[Any], Tell]] = {
    **dict.fromkeys(TOLD, _tell_recipients),
    **dict.fromkeys(PROGRESS, _tell_requester),
    production.PhaseAssigned: _tell_assignee,
    production.OrderChanged: _tell_of_changed_order,
    brief.BriefOverBudget: _tell_who_plans_budgets,
    production.PhaseSplit: _tell_of_split,
    **dict.fromkeys(OF_PHASES, _tell_of_phase),
    brief.BriefCommented: _tell_mentioned,
    brief.BriefCommentEdited: _tell_mentioned,
    brief.BriefCommentsRead: _end_mentions,
    **dict.fromkeys(QUOTATIONS, _tell_of_quotation),
    brief.BriefSubmitted: _follow,
    brief.BriefHandedOver: _follow_for_another,
}


def _hint_and_tell(tell: Tell | None) -> Tell:
    async def handle(ports: PortalPorts, event: Received[Any]) -> None:
        """Send the hint with the commit, and tell people. NOTIFY serialises commits, but only the consumer's,
        which are few because one commit covers many events."""
        area = event.type.split(".")[1]
        story = event.subject if isinstance(event.data, QUOTATIONS) else event.correlation_id
        change = Change(str(event.tenant_id), area, str(event.subject), str(story))
        ports.work.write(QUERIES.notify_change, channel=CHANNEL, change=change.text)
        if tell is not None:
            await tell(ports, event)

    return handle


for _type, _model in every_event_type().items():
    if _type.split(".")[1] in _AREAS:
        reactions.on(_model)(_hint_and_tell(_TELL.get(_model)))


@reactions.on(PersonChanged, newest_only=True)
async def keep_addressee(ports: PortalPorts, event: Received[PersonChanged]) -> None:
    data = event.data
    addressee = Addressee(data.person_id, data.name, data.email, data.language)
    ports.notices.save_addressee(addressee, active=data.active)


@reactions.on(PersonErased)
async def erase_person(ports: PortalPorts, event: Received[PersonErased]) -> None:
    ports.notices.erase(event.data.person_id)
