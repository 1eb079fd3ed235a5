"""Figures of production: how long work takes, how much of it is on time and accepted, what it earns, and what
is still to be done."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final, Literal

from optima_kit.actor import Actor
from optima_kit.fields import GROUPS, LONGEST, FiguresView, PersonView, percent, period
from optima_kit.refusals import Forbidden, Invalid

from ...domain.order import ORDERS_ZONE
from ..ports import FigureGroup, Load, OrderFigures, Ports, WorkFigures
from .access import sees_customers, sees_margins
from .views import FigureGroupView, LoadFigureView, MarginView, OrderFigureView, WorkFigureView

AHEAD: Final = timedelta(weeks=8)

WorkBy = Literal["kind", "phase", "assignee", "month"]
OrdersBy = Literal["kind", "customer", "month"]
LoadBy = Literal["week", "assignee", "kind"]


async def work_figures(
    ports: Ports, by: WorkBy, since: date | None, until: date | None
) -> FiguresView[WorkFigureView]:
    """Return figures of completed work. Both days belong to the period; without days it is the last 90."""
    first, last = _period(ports.now, since, until)
    found = await ports.reading.list_work_figures(by, _begin(first), _begin(last + _DAY), GROUPS)
    return FiguresView(since=first, until=last, rows=[_work(each) for each in found])


async def order_figures(
    ports: Ports, actor: Actor, by: OrdersBy, since: date | None, until: date | None
) -> FiguresView[OrderFigureView]:
    """Return figures of orders. Raises Forbidden for figures by customer if the actor may not see
    customers."""
    if by == "customer" and not sees_customers(actor):
        raise Forbidden("customers_hidden")
    first, last = _period(ports.now, since, until)
    found = await ports.reading.list_order_figures(by, _begin(first), _begin(last + _DAY), GROUPS)
    return FiguresView(since=first, until=last, rows=[_order(actor, each) for each in found])


async def load_ahead(ports: Ports, by: LoadBy, until: date | None) -> FiguresView[LoadFigureView]:
    """Return figures of what is planned to end by that day; without a day, within eight weeks."""
    today = ports.now.astimezone(ORDERS_ZONE).date()
    last = until or today + AHEAD
    if not today <= last <= today + LONGEST:
        raise Invalid("figures_period", field="until", first=today, last=today + LONGEST)
    found = await ports.reading.list_load(by, today, last + _DAY, GROUPS)
    return FiguresView(since=today, until=last, rows=[_load(each) for each in found])


_DAY: Final = timedelta(days=1)


def _period(now: datetime, since: date | None, until: date | None) -> tuple[date, date]:
    return period(now.astimezone(ORDERS_ZONE).date(), since, until)


def _begin(day: date) -> datetime:
    return datetime.combine(day, time.min, ORDERS_ZONE)


def _group(group: FigureGroup) -> FigureGroupView:
    assignee = None
    if group.assignee_id:
        assignee = PersonView(id=group.assignee_id, name=group.assignee_name)
    return FigureGroupView(
        kind=group.kind,
        phase=group.phase,
        assignee=assignee,
        customer=group.customer,
        month=group.month,
        week=group.week,
    )


def _work(figures: WorkFigures) -> WorkFigureView:
    return WorkFigureView(
        group=_group(figures.group),
        completed=figures.completed,
        days=figures.days,
        on_time_percent=percent(figures.on_time, figures.completed),
        rejected=figures.rejected,
        rejected_percent=percent(figures.rejected, figures.completed + figures.rejected),
    )


def _order(actor: Actor, figures: OrderFigures) -> OrderFigureView:
    margin = None
    if figures.valued and sees_margins(actor):
        gained = figures.price - figures.cost
        margin = MarginView(
            lines=figures.valued,
            cost=figures.cost,
            price=figures.price,
            margin=gained,
            margin_percent=gained * 100 / figures.price if figures.price else None,
        )
    return OrderFigureView(
        group=_group(figures.group),
        lines=figures.lines,
        days=figures.days,
        on_time_percent=percent(figures.on_time, figures.lines),
        economics=margin,
    )


def _load(load: Load) -> LoadFigureView:
    return LoadFigureView(group=_group(load.group), phases=load.phases, late=load.late)
