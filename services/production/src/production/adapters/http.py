"""Production's endpoints."""

from __future__ import annotations

from datetime import date
from typing import TypeAlias
from uuid import UUID

from optima_kit.http import Call, Page, PageQuery, Reply, Routes, page_of
from optima_kit.refusals import Absent

from ..application import queries
from ..application.accept_phase import accept_phase
from ..application.assign_phase import assign_phase
from ..application.cancel_order import cancel_order
from ..application.close_short import close_job, close_order
from ..application.complete_phase import complete_phase
from ..application.define_kind import define_kind
from ..application.ports import LockedPhase, OrderFilter, Ports, Task
from ..application.reject_phase import reject_phase
from ..application.set_economics import set_economics
from ..application.skip_phase import skip_phase
from ..application.start_phase import start_phase
from ..application.write_order import write_order
from .views import (
    AssignPhase,
    CancelOrder,
    CloseShort,
    CompletePhase,
    CustomerView,
    DefineKind,
    EconomicsView,
    JobView,
    KindView,
    OrderQuery,
    OrderSummary,
    OrderView,
    PhaseView,
    RejectPhase,
    SetEconomics,
    TaskQuery,
    TaskView,
    WriteOrder,
    customer_view,
    economics_view,
    job_view,
    kind_view,
    order_summary,
    order_view,
    phase_view,
    task_view,
)

Asked: TypeAlias = Call[Ports]

routes = Routes()


@routes.put("/v1/kinds/{key}", privilege="kind.write")
async def put_kind(call: Asked, key: str, body: DefineKind) -> Reply[KindView]:
    """Define a kind of item and its phases

    Jobs that exist keep the phases that they began with. Replacing a kind needs `If-Match`.
    """
    kind = await define_kind(
        call.ports,
        key,
        call.expected_version,
        name=body.name,
        phases=body.definitions(),
        tolerance_percent=body.tolerance_percent,
    )
    return Reply(kind_view(kind), version=kind.version)


@routes.get("/v1/kinds", privilege="lookup.read")
async def get_kinds(call: Asked, query: PageQuery) -> Page[KindView]:
    """List the kinds of item, by key"""
    found = await call.ports.kinds.page(query.after(str), query.rows)
    return page_of(query, found, kind_view, lambda kind: kind.key)


@routes.get("/v1/kinds/{key}", privilege="lookup.read")
async def get_kind(call: Asked, key: str) -> Reply[KindView]:
    """Show a kind of item"""
    kind = (await call.ports.kinds.named([key])).get(key)
    if kind is None:
        raise Absent("kind_absent")
    return Reply(kind_view(kind), version=kind.version)


@routes.post("/v1/orders", privilege="order.write", status=201)
async def post_order(call: Asked, body: WriteOrder) -> Reply[OrderView]:
    """Write an order that no brief asked for"""
    order = await write_order(
        call.ports,
        [item.item() for item in body.items],
        title=body.title,
        customer=body.customer,
        deadline=body.deadline,
    )
    return await _order(call, order.id, location=f"/v1/orders/{order.id}")


@routes.get("/v1/orders", privilege="order.read")
async def get_orders(call: Asked, query: OrderQuery) -> Page[OrderSummary]:
    """List orders, the newest first"""
    wanted = OrderFilter(query.state, query.customer, query.brief_id, query.number)
    found = await queries.list_orders(call.ports, call.actor, wanted, query.after(UUID), query.rows)
    with_customer = call.actor.may("customer.read")
    return page_of(
        query, found, lambda order: order_summary(order, with_customer=with_customer), lambda order: order.id
    )


@routes.get("/v1/orders/{order_id}", privilege="order.read")
async def get_order(call: Asked, order_id: UUID) -> Reply[OrderView]:
    """Show an order with its jobs"""
    return await _order(call, order_id)


@routes.post("/v1/orders/{order_id}/cancellation", privilege="order.write")
async def post_cancellation(call: Asked, order_id: UUID, body: CancelOrder) -> Reply[OrderView]:
    """Cancel an order of which nothing has left"""
    await cancel_order(call.ports, order_id, body.reason)
    return await _order(call, order_id)


@routes.post("/v1/orders/{order_id}/closure", privilege="order.write")
async def post_order_closure(call: Asked, order_id: UUID, body: CloseShort) -> Reply[OrderView]:
    """Close an order short

    What was shipped is all that is due of each line, and what is open of it ends. An order of which nothing
    was shipped is cancelled by it.
    """
    await close_order(call.ports, order_id, body.reason)
    return await _order(call, order_id)


@routes.post("/v1/jobs/{job_id}/closure", privilege="order.write")
async def post_job_closure(call: Asked, job_id: UUID, body: CloseShort) -> Reply[JobView]:
    """Close one line of an order short"""
    await close_job(call.ports, job_id, body.reason)
    seen = await queries.see_job(call.ports, call.actor, job_id)
    return Reply(job_view(seen), version=seen.job.version)


@routes.get("/v1/jobs/{job_id}", privilege="order.read")
async def get_job(call: Asked, job_id: UUID) -> Reply[JobView]:
    """Show a job"""
    seen = await queries.see_job(call.ports, call.actor, job_id)
    return Reply(job_view(seen), version=seen.job.version)


@routes.put("/v1/jobs/{job_id}/economics", privilege="job.economics.write", if_match=True)
async def put_economics(call: Asked, job_id: UUID, body: SetEconomics) -> Reply[EconomicsView]:
    """Set a job's technical-economic details

    `If-Match` carries the job's ETag. Phases can be assigned once this is done.
    """
    economics = body.economics()
    job = await set_economics(call.ports, job_id, call.required_version, economics)
    return Reply(economics_view(economics, job.item.quantity), version=job.version)


@routes.post("/v1/phases/{phase_id}/assignment", privilege="phase.assign")
async def post_assignment(call: Asked, phase_id: UUID, body: AssignPhase) -> Reply[PhaseView]:
    """Give a phase to a person

    Possible until the phase starts, and afterwards if its assignee has left.
    """
    return await _phase(call, await assign_phase(call.ports, phase_id, body.assignee_id))


@routes.post("/v1/phases/{phase_id}/start", privilege="phase.work")
async def post_start(call: Asked, phase_id: UUID) -> Reply[TaskView]:
    """Begin a phase that is assigned to oneself"""
    return await _task(call, await start_phase(call.ports, call.actor, phase_id))


@routes.post("/v1/phases/{phase_id}/completion", privilege="phase.work")
async def post_completion(call: Asked, phase_id: UUID, body: CompletePhase) -> Reply[TaskView]:
    """End a phase that is assigned to oneself"""
    task = await complete_phase(call.ports, call.actor, phase_id, body.quantity, body.note)
    return await _task(call, task)


@routes.post("/v1/phases/{phase_id}/acceptance", privilege="phase.inspect")
async def post_acceptance(call: Asked, phase_id: UUID) -> Reply[PhaseView]:
    """Accept the work of a phase that has a quality check"""
    return await _phase(call, await accept_phase(call.ports, call.actor, phase_id))


@routes.post("/v1/phases/{phase_id}/rejection", privilege="phase.inspect")
async def post_rejection(call: Asked, phase_id: UUID, body: RejectPhase) -> Reply[PhaseView]:
    """Refuse the work of a phase, which is then to be done again

    Possible until a later phase has started or the job is done.
    """
    return await _phase(call, await reject_phase(call.ports, call.actor, phase_id, body.reason))


@routes.post("/v1/phases/{phase_id}/skip", privilege="phase.assign")
async def post_skip(call: Asked, phase_id: UUID) -> Reply[PhaseView]:
    """Leave out a skippable phase"""
    return await _phase(call, await skip_phase(call.ports, phase_id))


@routes.get("/v1/tasks", privilege="phase.work")
async def get_tasks(call: Asked, query: TaskQuery) -> Page[TaskView]:
    """List one's own tasks, those of the nearest deadline first"""
    after = query.after(date, UUID)
    found = await queries.list_tasks(call.ports, call.actor, query.state, after, query.rows)
    return page_of(query, found, task_view, lambda row: (row.task.deadline, row.task.phase_id))


@routes.get("/v1/tasks/{phase_id}", privilege="phase.work")
async def get_task(call: Asked, phase_id: UUID) -> Reply[TaskView]:
    """Show one of one's own tasks"""
    return Reply(task_view(await queries.see_task(call.ports, call.actor, phase_id)))


@routes.get("/v1/customers", privilege="customer.read")
async def get_customers(call: Asked, query: PageQuery) -> Page[CustomerView]:
    """List customers, by code"""
    found = await call.ports.customers.page(query.after(str), query.rows)
    return page_of(query, found, customer_view, lambda customer: customer.code)


@routes.get("/v1/customers/{code}", privilege="customer.read")
async def get_customer(call: Asked, code: str) -> CustomerView:
    """Show a customer"""
    customer = await call.ports.customers.get(code)
    if customer is None:
        raise Absent("customer_absent")
    return customer_view(customer)


async def _order(call: Asked, order_id: UUID, *, location: str | None = None) -> Reply[OrderView]:
    seen = await queries.see_order(call.ports, call.actor, order_id)
    view = order_view(seen, with_customer=call.actor.may("customer.read"))
    return Reply(view, version=seen.order.version, location=location)


async def _phase(call: Asked, found: LockedPhase) -> Reply[PhaseView]:
    return Reply(phase_view(await queries.see_phase(call.ports, found)), version=found.job.version)


async def _task(call: Asked, task: Task) -> Reply[TaskView]:
    (seen,) = await queries.see_tasks(call.ports, call.actor, [task])
    return Reply(task_view(seen))
