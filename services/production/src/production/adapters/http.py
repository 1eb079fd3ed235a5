"""Production's endpoints. Each parses the request, calls its use case, and answers with what the reader may
see."""

from __future__ import annotations

from uuid import UUID

from optima_kit.fields import FiguresView
from optima_kit.file_names import BEGINNINGS
from optima_kit.http import Call, Content, Page, PageQuery, Reply, Routes

from ..application.accept_phase import accept_phase
from ..application.assign_phase import assign_phase
from ..application.assign_phases import assign_phases
from ..application.cancel_order import cancel_order
from ..application.change_order import change_deadline, change_line
from ..application.close_short import close_job, close_order
from ..application.complete_phase import complete_phase
from ..application.correct_kind import correct_kind
from ..application.define_kind import define_kind
from ..application.give_back_phase import give_back_phase
from ..application.join_shares import join_shares
from ..application.outsource_phase import outsource_phase
from ..application.ports import LockedPhase, MessageFile, Ports
from ..application.read import board, figures, lookups, messages, orders, tasks
from ..application.read.views import (
    AmendmentView,
    AssigneeView,
    BoardPhaseView,
    CustomerView,
    EconomicsEntryView,
    EconomicsView,
    GivenBackPhaseView,
    JobView,
    KindView,
    LoadFigureView,
    MessageView,
    OrderFigureView,
    OrderSummaryView,
    OrderView,
    PhaseView,
    PricePolicyView,
    TaskView,
    WorkFigureView,
)
from ..application.reject_phase import reject_phase
from ..application.report_part import report_part
from ..application.request_amendment import request_amendment
from ..application.set_economics import set_economics
from ..application.set_price_policy import set_price_policy
from ..application.skip_phase import skip_phase
from ..application.split_phase import split_phase
from ..application.start_phase import start_phase
from ..application.write_message import (
    MAX_FILE_BYTES,
    write_as_assignee,
    write_to_assignee,
)
from ..application.write_order import write_order
from .requests import (
    AssignPhase,
    AssignPhases,
    BoardQuery,
    CancelOrder,
    ChangeDeadline,
    ChangeLine,
    CloseShort,
    CompletePhase,
    CorrectKind,
    DefineKind,
    FileQuery,
    GiveBackPhase,
    JoinShares,
    LoadQuery,
    OrderFiguresQuery,
    OrderQuery,
    OutsourcePhase,
    RejectPhase,
    ReportMessage,
    ReportPart,
    RequestAmendment,
    SetEconomics,
    SetPricePolicy,
    SplitPhase,
    TaskQuery,
    WorkFiguresQuery,
    WriteMessage,
    WriteOrder,
)
from .results import AssignmentResultsView, assignment_results

routes = Routes()


@routes.put("/v1/kinds/{key}", privilege="kind.write", if_match="optional")
async def put_kind(call: Call[Ports], key: str, body: DefineKind) -> Reply[KindView]:
    """Define a kind of item and the phases of its work

    Jobs that exist keep the phases that they began with. Replacing a kind needs `If-Match`.
    """
    kind = await define_kind(
        call.ports,
        key,
        call.expected_version,
        name=body.name,
        phases=body.definitions(),
        tolerance_percent=body.tolerance_percent,
        sheet=tuple(each.field() for each in body.sheet),
    )
    return Reply(lookups.show_kind(call.actor, kind), version=kind.version)


@routes.get("/v1/kinds", privilege="lookup.read")
async def get_kinds(call: Call[Ports], query: PageQuery) -> Page[KindView]:
    """List the kinds of item, by key"""
    return await lookups.list_kinds(call.ports, call.actor, query)


@routes.get("/v1/kinds/{key}", privilege="lookup.read")
async def get_kind(call: Call[Ports], key: str) -> Reply[KindView]:
    """Read a kind of item"""
    view = await lookups.read_kind(call.ports, call.actor, key)
    return Reply(view, version=view.version)


@routes.post("/v1/orders", privilege="order.write", status=201)
async def post_order(call: Call[Ports], body: WriteOrder) -> Reply[OrderView]:
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
async def get_orders(call: Call[Ports], query: OrderQuery) -> Page[OrderSummaryView]:
    """List orders, newest first"""
    return await orders.list_orders(call.ports, call.actor, query, query.wanted())


@routes.get("/v1/orders/{order_id}", privilege="order.read")
async def get_order(call: Call[Ports], order_id: UUID) -> Reply[OrderView]:
    """Read an order with its jobs

    Phases are shown only with `phase.read`, economics only with `job.economics.read`, the customer only with
    `customer.read`, shipments only with `shipment.read`.
    """
    return await _order(call, order_id)


@routes.post("/v1/orders/{order_id}/cancellation", privilege="order.write")
async def post_cancellation(call: Call[Ports], order_id: UUID, body: CancelOrder) -> Reply[OrderView]:
    """Cancel an order, as long as no goods have left"""
    await cancel_order(call.ports, order_id, body.reason)
    return await _order(call, order_id)


@routes.post("/v1/orders/{order_id}/closure", privilege="order.write")
async def post_order_closure(call: Call[Ports], order_id: UUID, body: CloseShort) -> Reply[OrderView]:
    """Close an order short: nothing more of it is made or shipped

    Open work ends, and no more is due than was shipped. If nothing of the order was shipped, it is cancelled.
    """
    await close_order(call.ports, order_id, body.reason)
    return await _order(call, order_id)


@routes.post("/v1/jobs/{job_id}/closure", privilege="order.write")
async def post_job_closure(call: Call[Ports], job_id: UUID, body: CloseShort) -> Reply[JobView]:
    """Close one line of an order short: nothing more of it is made or shipped"""
    await close_job(call.ports, job_id, body.reason)
    return await _job(call, job_id)


@routes.put("/v1/orders/{order_id}/deadline", privilege="order.write", if_match="required")
async def put_deadline(call: Call[Ports], order_id: UUID, body: ChangeDeadline) -> Reply[OrderView]:
    """Change the deadline of an order that has not ended

    Work that is not over is planned again.
    """
    await change_deadline(call.ports, call.actor, order_id, call.required_version, body.deadline, body.reason)
    return await _order(call, order_id)


@routes.put("/v1/jobs/{job_id}/line", privilege="order.write", if_match="required")
async def put_line(call: Call[Ports], job_id: UUID, body: ChangeLine) -> Reply[JobView]:
    """Change how much is ordered of a line, or where it goes

    `If-Match` carries the job's ETag. The quantity may change until work on the line is handed in. It may
    exceed the quantity approved with a brief by the tenant's tolerance (`/v1/price-policy`). Destinations may
    change until goods have left.
    """
    await change_line(
        call.ports,
        call.actor,
        job_id,
        call.required_version,
        body.quantity,
        body.destinations(),
        body.reason,
    )
    return await _job(call, job_id)


@routes.get("/v1/jobs/{job_id}", privilege="order.read")
async def get_job(call: Call[Ports], job_id: UUID) -> Reply[JobView]:
    """Read a job"""
    return await _job(call, job_id)


@routes.put("/v1/jobs/{job_id}/kind", privilege="order.write")
async def put_kind_of_job(call: Call[Ports], job_id: UUID, body: CorrectKind) -> Reply[JobView]:
    """Correct the kind of item of a job that is blocked because nobody has defined its kind"""
    await correct_kind(call.ports, job_id, body.kind)
    return await _job(call, job_id)


@routes.put("/v1/jobs/{job_id}/economics", privilege="job.economics.write", if_match="required")
async def put_economics(call: Call[Ports], job_id: UUID, body: SetEconomics) -> Reply[EconomicsView]:
    """Set a job's technical-economic details

    `If-Match` carries the job's ETag. Phases can be assigned once this is done. The price that was approved
    with the brief binds: another price is refused, unless it lies within the tenant's tolerance
    (`/v1/price-policy`) and has a reason.
    """
    job = await set_economics(call.ports, call.actor, job_id, call.required_version, **body.details())
    return Reply(await orders.show_economics(call.ports, job), version=job.version)


@routes.get("/v1/jobs/{job_id}/economics-history", privilege="job.economics.read")
async def get_economics_history(
    call: Call[Ports], job_id: UUID, query: PageQuery
) -> Page[EconomicsEntryView]:
    """List what a job's economics were set to, newest first: when and by whom"""
    return await orders.list_economics(call.ports, job_id, query)


@routes.post("/v1/jobs/{job_id}/amendments", privilege="job.economics.write", status=201)
async def post_amendment(call: Call[Ports], job_id: UUID, body: RequestAmendment) -> AmendmentView:
    """Ask for another price or quantity than was approved with the brief

    The request enters the tenant's approval process for amendments (`/v1/price-policy`) and binds once it is
    approved. Until then, and if it is not approved, price and quantity stay. A job has one open request at a
    time. It lapses if the order or its line ends, if the line's quantity changes otherwise or, if it asks for
    another quantity, when work is handed in.
    """
    amendment = await request_amendment(
        call.ports,
        call.actor,
        job_id,
        unit_price=body.unit_price,
        quantity=body.quantity,
        deliveries=body.destinations(),
        reason=body.reason,
    )
    return await orders.show_amendment(call.ports, call.actor, amendment)


@routes.get("/v1/price-policy", privilege="job.economics.read")
async def get_price_policy(call: Call[Ports]) -> Reply[PricePolicyView]:
    """Read how far prices may differ from the approved ones"""
    policy = await call.ports.prices.find_policy()
    return Reply(lookups.show_price_policy(call.actor, policy), version=policy.version)


@routes.put("/v1/price-policy", privilege="job.economics.write", if_match="required")
async def put_price_policy(call: Call[Ports], body: SetPricePolicy) -> Reply[PricePolicyView]:
    """Set how far prices may differ from the approved ones, given a reason

    Until this is set, they may not differ at all.
    """
    policy = await set_price_policy(call.ports, call.required_version, body.tolerance_percent, body.process)
    return Reply(lookups.show_price_policy(call.actor, policy), version=policy.version)


@routes.post("/v1/phases/{phase_id}/assignment", privilege="phase.assign")
async def post_assignment(call: Call[Ports], phase_id: UUID, body: AssignPhase) -> Reply[PhaseView]:
    """Assign a phase to a person

    Possible until the phase starts. Afterwards it needs a `reason`, unless the assignee has left.
    """
    return await _phase(call, await assign_phase(call.ports, phase_id, body.assignee_id, body.reason))


@routes.post("/v1/phases/{phase_id}/outsourcing", privilege="phase.assign")
async def post_outsourcing(call: Call[Ports], phase_id: UUID, body: OutsourcePhase) -> Reply[PhaseView]:
    """Give a phase to a company outside, or take it back

    Possible until the phase starts, and while the company has no goods of it. Its assignee starts it, the
    warehouse sends the goods out (conto lavorazione), and it ends with what came back. With a `price`, which
    also needs `job.economics.write`, the work becomes a line of the job's cost.
    """
    found = await outsource_phase(call.ports, call.actor, phase_id, body.finisher, body.agreed())
    return await _phase(call, found)


@routes.post("/v1/phases/{phase_id}/shares", privilege="phase.assign")
async def post_share(call: Call[Ports], phase_id: UUID, body: SplitPhase) -> Reply[JobView]:
    """Split a share off a phase, for somebody else

    Possible until the phase is completed, for work that is not handed in yet. The share is a separate phase
    with the same key; the phases after it wait for all shares. Answers with the job.
    """
    found = await split_phase(call.ports, phase_id, body.quantity, body.assignee_id)
    return await _job(call, found.job.id)


@routes.post("/v1/phases/{phase_id}/joining", privilege="phase.assign")
async def post_joining(call: Call[Ports], phase_id: UUID, body: JoinShares) -> Reply[JobView]:
    """Join two shares of the same work into one phase

    Possible if neither has begun and both have the same assignee, or one has none. Answers with the job.
    """
    found = await join_shares(call.ports, phase_id, body.with_id)
    return await _job(call, found.job.id)


@routes.post("/v1/phases/{phase_id}/start", privilege="phase.work")
async def post_start(call: Call[Ports], phase_id: UUID) -> TaskView:
    """Start a phase that is assigned to the caller"""
    return await _task(call, await start_phase(call.ports, call.actor, phase_id))


@routes.post("/v1/phases/{phase_id}/parts", privilege="phase.work")
async def post_part(call: Call[Ports], phase_id: UUID, body: ReportPart) -> TaskView:
    """Hand in a part of a phase that is assigned to the caller, and go on with the rest

    The next phase may begin on this part if its kind of item allows it.
    """
    return await _task(call, await report_part(call.ports, call.actor, phase_id, body.quantity))


@routes.post("/v1/phases/{phase_id}/return", privilege="phase.work")
async def post_return(call: Call[Ports], phase_id: UUID, body: GiveBackPhase) -> GivenBackPhaseView:
    """Give back a phase that the caller can't do

    It then has no assignee and is no longer among the caller's tasks. What was handed in stays.
    """
    found = await give_back_phase(call.ports, call.actor, phase_id, body.reason)
    return GivenBackPhaseView(id=phase_id, state=found.phase.state)


@routes.post("/v1/phases/{phase_id}/completion", privilege="phase.work")
async def post_completion(call: Call[Ports], phase_id: UUID, body: CompletePhase) -> TaskView:
    """Complete a phase that is assigned to the caller

    The quantity is in the phase's unit. A reason is needed if it is less than there was to work on.
    """
    found = await complete_phase(call.ports, call.actor, phase_id, body.quantity, body.note, body.loss_reason)
    return await _task(call, found)


@routes.post("/v1/phases/{phase_id}/acceptance", privilege="phase.inspect")
async def post_acceptance(call: Call[Ports], phase_id: UUID) -> Reply[PhaseView]:
    """Accept the work of a phase that has a quality check"""
    return await _phase(call, await accept_phase(call.ports, call.actor, phase_id))


@routes.post("/v1/phases/{phase_id}/rejection", privilege="phase.inspect")
async def post_rejection(call: Call[Ports], phase_id: UUID, body: RejectPhase) -> Reply[PhaseView]:
    """Reject the work of a phase, which is then to be done again

    Possible until a later phase has started, goods of the job may have reached the warehouse, or the job is
    done.
    """
    return await _phase(call, await reject_phase(call.ports, call.actor, phase_id, body.reason))


@routes.post("/v1/phases/{phase_id}/skip", privilege="phase.assign")
async def post_skip(call: Call[Ports], phase_id: UUID) -> Reply[PhaseView]:
    """Skip a phase that its kind allows to be skipped"""
    return await _phase(call, await skip_phase(call.ports, phase_id))


@routes.get("/v1/phases", privilege="phase.read")
async def get_phases(call: Call[Ports], query: BoardQuery) -> Page[BoardPhaseView]:
    """List the phases of all orders that are not over, soonest due first"""
    return await board.list_phases(call.ports, call.actor, query, query.wanted())


@routes.get("/v1/assignees", privilege="phase.assign")
async def get_assignees(call: Call[Ports], query: PageQuery) -> Page[AssigneeView]:
    """List the people whom phases may be given to, with how much work they have already"""
    return await board.list_assignees(call.ports, query)


@routes.post("/v1/assignments", privilege="phase.assign")
async def post_assignments(call: Call[Ports], body: AssignPhases) -> AssignmentResultsView:
    """Assign up to 100 phases to a person; each assignment succeeds or is refused by itself"""
    results = await assign_phases(call.ports, body.phase_ids, body.assignee_id)
    return assignment_results(results, call.language)


@routes.get("/v1/figures/work", privilege="phase.read")
async def get_work_figures(call: Call[Ports], query: WorkFiguresQuery) -> FiguresView[WorkFigureView]:
    """Read how long phases take, and how many are on time and accepted

    The figures are about a period, by kind of item, phase, assignee or month.
    """
    return await figures.work_figures(call.ports, query.by, query.since, query.until)


@routes.get("/v1/figures/orders", privilege="order.read")
async def get_order_figures(call: Call[Ports], query: OrderFiguresQuery) -> FiguresView[OrderFigureView]:
    """Read how long orders take, and what their lines cost and earn

    The figures are about orders that became ready in a period, by kind of item, customer or month. Costs,
    prices and margins are shown only with `job.economics.write`.
    """
    return await figures.order_figures(call.ports, call.actor, query.by, query.since, query.until)


@routes.get("/v1/figures/load", privilege="phase.read")
async def get_load(call: Call[Ports], query: LoadQuery) -> FiguresView[LoadFigureView]:
    """Read how much is still to be done, by week, assignee or kind of item

    The figures are about phases that are planned to end by a given day; without a day, within eight weeks.
    """
    return await figures.load_ahead(call.ports, query.by, query.until)


@routes.get("/v1/tasks", privilege="phase.work")
async def get_tasks(call: Call[Ports], query: TaskQuery) -> Page[TaskView]:
    """List the phases that are assigned to the caller, nearest deadline first"""
    return await tasks.list_tasks(call.ports, call.actor, query, query.state)


@routes.get("/v1/tasks/{phase_id}", privilege="phase.work")
async def get_task(call: Call[Ports], phase_id: UUID) -> TaskView:
    """Read a phase that is assigned to the caller"""
    return await tasks.read_task(call.ports, call.actor, phase_id)


@routes.get("/v1/tasks/{phase_id}/messages", privilege="phase.work")
async def get_task_messages(call: Call[Ports], phase_id: UUID, query: PageQuery) -> Page[MessageView]:
    """List what was written about a phase that is assigned to the caller, newest first"""
    return await messages.list_of_task(call.ports, call.actor, phase_id, query)


@routes.post("/v1/tasks/{phase_id}/messages", privilege="phase.work", status=201)
async def post_task_message(call: Call[Ports], phase_id: UUID, body: ReportMessage) -> MessageView:
    """Write to those who give out the work, or report a problem

    The message is about a phase that is assigned to the caller.
    """
    made = await write_as_assignee(call.ports, call.actor, phase_id, body.text, problem=body.problem)
    return messages.show_message(call.actor, made)


@routes.post(
    "/v1/tasks/{phase_id}/files",
    privilege="phase.work",
    status=201,
    consumes=tuple(BEGINNINGS),
    max_bytes=MAX_FILE_BYTES,
)
async def post_task_file(call: Call[Ports], phase_id: UUID, query: FileQuery, body: bytes) -> MessageView:
    """Send a photo or a file to those who give out the work: PDF, PNG or JPEG, at most 10 MiB

    The file is about a phase that is assigned to the caller.
    """
    file = MessageFile(query.name, call.media_type, body)
    made = await write_as_assignee(call.ports, call.actor, phase_id, file=file)
    return messages.show_message(call.actor, made)


@routes.get("/v1/tasks/{phase_id}/messages/{message_id}/file", privilege="phase.work")
async def get_task_file(call: Call[Ports], phase_id: UUID, message_id: UUID) -> Content:
    """Download the file of a message about a phase that is assigned to the caller"""
    file = await messages.file_of_task(call.ports, call.actor, phase_id, message_id)
    return Content(file.data, file.media_type, file.name)


@routes.get("/v1/phases/{phase_id}/messages", privilege="phase.read")
async def get_phase_messages(call: Call[Ports], phase_id: UUID, query: PageQuery) -> Page[MessageView]:
    """List what was written about a phase by and to whoever had it, newest first"""
    return await messages.list_of_phase(call.ports, phase_id, query)


@routes.post(
    "/v1/phases/{phase_id}/messages",
    privilege="phase.inspect",
    status=201,
    acts_on={"/v1/phases/{phase_id}/messages": "write"},
)
async def post_phase_message(call: Call[Ports], phase_id: UUID, body: WriteMessage) -> MessageView:
    """Write to the assignee of a phase"""
    made = await write_to_assignee(call.ports, call.actor, phase_id, body.text)
    return messages.show_message(call.actor, made)


@routes.post(
    "/v1/phases/{phase_id}/files",
    privilege="phase.inspect",
    status=201,
    consumes=tuple(BEGINNINGS),
    max_bytes=MAX_FILE_BYTES,
)
async def post_phase_file(call: Call[Ports], phase_id: UUID, query: FileQuery, body: bytes) -> MessageView:
    """Send a file to the assignee of a phase, such as artwork: PDF, PNG or JPEG, at most 10 MiB"""
    file = MessageFile(query.name, call.media_type, body)
    made = await write_to_assignee(call.ports, call.actor, phase_id, file=file)
    return messages.show_message(call.actor, made)


@routes.get("/v1/phases/{phase_id}/messages/{message_id}/file", privilege="phase.read")
async def get_phase_file(call: Call[Ports], phase_id: UUID, message_id: UUID) -> Content:
    """Download the file of a message about a phase"""
    file = await messages.file_of_phase(call.ports, phase_id, message_id)
    return Content(file.data, file.media_type, file.name)


@routes.get("/v1/customers", privilege="customer.read")
async def get_customers(call: Call[Ports], query: PageQuery) -> Page[CustomerView]:
    """List customers, by code"""
    return await lookups.list_customers(call.ports, query)


@routes.get("/v1/customers/{code}", privilege="customer.read")
async def get_customer(call: Call[Ports], code: str) -> CustomerView:
    """Read a customer"""
    return await lookups.read_customer(call.ports, code)


async def _order(call: Call[Ports], order_id: UUID, *, location: str | None = None) -> Reply[OrderView]:
    view = await orders.read_order(call.ports, call.actor, order_id)
    return Reply(view, version=view.version, location=location)


async def _job(call: Call[Ports], job_id: UUID) -> Reply[JobView]:
    view = await orders.read_job(call.ports, call.actor, job_id)
    return Reply(view, version=view.version)


async def _phase(call: Call[Ports], found: LockedPhase) -> Reply[PhaseView]:
    view = await orders.show_phase(call.ports, call.actor, found)
    return Reply(view, version=found.job.version)


async def _task(call: Call[Ports], found: LockedPhase) -> TaskView:
    return await tasks.show_task(call.ports, call.actor, found.task)
