"""Look up the phases of all orders at once, and the people to give them to."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from optima_contracts.privileges import BUILT_IN_ROLES, privileges_of
from optima_kit.actor import Actor
from optima_kit.fields import PersonView
from optima_kit.pages import Page, PageQuery, page_of

from ...domain.order import ORDERS_ZONE
from ..ports import AssigneeLoad, BoardFilter, BoardRow, Ports
from .access import actions_on_board_row
from .views import AssigneeView, BoardPhaseView


async def list_phases(
    ports: Ports, actor: Actor, query: PageQuery, wanted: BoardFilter
) -> Page[BoardPhaseView]:
    """List the phases, the soonest due first."""
    found = await ports.reading.list_board(wanted, _today(ports.now), query.after(date, UUID), query.rows)
    return page_of(query, found, lambda row: _phase(actor, row), lambda row: (row.due, row.phase.id))


async def list_assignees(ports: Ports, query: PageQuery) -> Page[AssigneeView]:
    """List people by name, each with how much work they have already."""
    roles = sorted(role for role in BUILT_IN_ROLES if "phase.work" in privileges_of(role))
    found = await ports.reading.list_assignees(roles, _today(ports.now), query.after(str, UUID), query.rows)
    return page_of(query, found, _assignee, lambda row: (row.name, row.id))


def _today(now: datetime) -> date:
    return now.astimezone(ORDERS_ZONE).date()


def _assignee(row: AssigneeLoad) -> AssigneeView:
    return AssigneeView(id=row.id, name=row.name, open=row.open, late=row.late)


def _phase(actor: Actor, row: BoardRow) -> BoardPhaseView:
    phase = row.phase
    assignee = None
    if phase.assignee_id:
        assignee = PersonView(id=phase.assignee_id, name=row.assignee.name if row.assignee else None)
    return BoardPhaseView(
        id=phase.id,
        name=phase.name,
        state=phase.state,
        job_id=row.job_id,
        order_id=row.order_id,
        order_number=row.order_number,
        title=row.title,
        description=row.description,
        quantity=phase.in_own_unit(phase.share_of(row.quantity)),
        unit=phase.unit or row.unit,
        share_number=None if phase.share is None else phase.share_number,
        assignee=assignee,
        planned_start=phase.planned.start if phase.planned else None,
        due=row.due,
        lateness=row.lateness,
        actions=actions_on_board_row(actor, row),
    )
