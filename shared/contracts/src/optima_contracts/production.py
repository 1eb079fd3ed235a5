"""Facts of orders, jobs and phases. No price travels here; see `economics`."""

from __future__ import annotations

from datetime import date
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from .envelope import EventData, Fact, Quantity


class OrderDelivery(Fact):
    destination: str
    quantity: Quantity


class OrderLine(Fact):
    """What is to be made, or taken from stock, and where it goes; one job makes one line."""

    job_id: UUID
    item_id: UUID | None
    kind: str
    description: str
    quantity: Quantity
    unit: str
    deliveries: list[OrderDelivery]
    article_id: UUID | None = None
    """The article that it is taken from stock of: nothing of it is made, and `kind` is the article's code."""


class OrderConfirmed(EventData):
    """An order arose: what is to be made, for whom, and where it goes. Subject: the order."""

    type: ClassVar[str] = "optima.production.order_confirmed.v1"
    order_id: UUID
    number: str
    brief_id: UUID | None
    customer: str | None
    deadline: date
    lines: list[OrderLine]
    customer_id: UUID | None = None
    """The customer whose code that is, if one is known."""


class OrderChanged(EventData):
    """What was ordered is other than confirmed: its deadline, quantities or destinations. It says all lines
    as they are now; the newest counts. Subject: the order."""

    type: ClassVar[str] = "optima.production.order_changed.v1"
    order_id: UUID
    number: str
    brief_id: UUID | None
    deadline: date
    lines: list[OrderLine]
    reason: str
    changed_jobs: list[UUID] = Field(default_factory=list)
    """Whose quantity or destinations this change is about."""


class OrderStarted(EventData):
    """The first phase of the order began. Subject: the order."""

    type: ClassVar[str] = "optima.production.order_started.v1"
    order_id: UUID
    brief_id: UUID | None


class OrderReady(EventData):
    """All jobs of the order are done. Subject: the order."""

    type: ClassVar[str] = "optima.production.order_ready.v1"
    order_id: UUID
    brief_id: UUID | None


class OrderShipmentChanged(EventData):
    """The order became `partially_shipped` or `shipped`, or went back to an earlier `state` because a
    shipment was refused or its document voided. Subject: the order."""

    type: ClassVar[str] = "optima.production.order_shipment_changed.v1"
    order_id: UUID
    brief_id: UUID | None
    state: str


class OrderDelivered(EventData):
    """Everything ordered has been delivered. Subject: the order."""

    type: ClassVar[str] = "optima.production.order_delivered.v1"
    order_id: UUID
    brief_id: UUID | None


class OrderCancelled(EventData):
    """Subject: the order. Open phases have been stopped, their assignees lose access."""

    type: ClassVar[str] = "optima.production.order_cancelled.v1"
    order_id: UUID
    brief_id: UUID | None
    reason: str
    goods_came_back: bool | None = None
    """True: goods of it had left, and are back. Otherwise none had, as far as production knew."""


class OrderReinstated(EventData):
    """Goods had left before the cancellation arrived, so the order goes on. Subject: the order."""

    type: ClassVar[str] = "optima.production.order_reinstated.v1"
    order_id: UUID
    brief_id: UUID | None


class KindDefined(EventData):
    """A kind of item and its phases were defined or changed. Subject: the kind."""

    type: ClassVar[str] = "optima.production.kind_defined.v1"
    kind_id: UUID
    key: str
    name: str
    version: int
    phases: list[str]
    """Keys of the phases."""


class PhaseAssigned(EventData):
    """A phase was given to somebody, who from now on sees it: by an admin, or because its assignee has left
    and this is who took over from them. Subject: the job."""

    type: ClassVar[str] = "optima.production.phase_assigned.v1"
    job_id: UUID
    order_id: UUID
    phase_id: UUID
    phase: str
    assignee_id: UUID
    reason: str | None = None
    """Why somebody else had it before, and no longer has, though they had begun."""


class PhaseGivenBack(EventData):
    """The phase's assignee can't do it, and gave it back: an admin has to give it to somebody. Subject: the
    job."""

    type: ClassVar[str] = "optima.production.phase_given_back.v1"
    job_id: UUID
    order_id: UUID
    phase_id: UUID
    phase: str
    former_assignee_id: UUID
    reason: str
    recipients: list[UUID] = Field(default_factory=list)
    """Who gives out the work, and is told of it."""


class PhaseMessageWritten(EventData):
    """The assignee of a phase and those who give out the work write to each other; the text stays in
    production. Subject: the job."""

    type: ClassVar[str] = "optima.production.phase_message_written.v1"
    job_id: UUID
    order_id: UUID
    phase_id: UUID
    phase: str
    message_id: UUID
    assignee_id: UUID
    """Of the phase: one side of what is written."""
    problem: bool
    """Whether the assignee can't go on, or not as planned."""
    recipients: list[UUID]
    """The other side, who is told of it."""


class PhasePartReported(EventData):
    """A part of a phase's work was handed in, and the rest is still to be done; `quantity` is what came out
    of it, in the phase's unit. Subject: the job."""

    type: ClassVar[str] = "optima.production.phase_part_reported.v1"
    job_id: UUID
    order_id: UUID
    phase_id: UUID
    phase: str
    quantity: Quantity
    made_so_far: Quantity
    """With this part."""
    unit: str


class PhaseSplit(EventData):
    """An admin took a share of a phase from whoever has it, as a phase of its own beside it; what comes after
    waits for both. To whom it is given, `phase_assigned` tells. Subject: the job."""

    type: ClassVar[str] = "optima.production.phase_split.v1"
    job_id: UUID
    order_id: UUID
    phase_id: UUID
    phase: str
    share_id: UUID
    """The phase that is for the share."""
    quantity: Quantity
    """Of the share, in `unit`."""
    unit: str
    assignee_id: UUID | None = None
    """Who has the rest; absent: nobody yet."""


class SharesJoined(EventData):
    """An admin made one phase of two shares of the same work, which were not begun. If it was nobody's,
    `phase_assigned` tells who has it now. Subject: the job."""

    type: ClassVar[str] = "optima.production.shares_joined.v1"
    job_id: UUID
    order_id: UUID
    phase_id: UUID
    """The phase that stays, for both."""
    phase: str
    share_id: UUID
    """The phase that is gone."""
    quantity: Quantity
    """Of the phase that stays, in `unit`."""
    unit: str
    assignee_id: UUID | None = None
    """Who has it; absent: nobody yet."""


class PhaseOutsourced(EventData):
    """What a company outside does of a phase (conto lavorazione) is other than told before: who it is, or
    what may be sent to it. The newest says it all. Subject: the phase."""

    type: ClassVar[str] = "optima.production.phase_outsourced.v1"
    job_id: UUID
    order_id: UUID
    brief_id: UUID | None
    phase_id: UUID
    """Also whose goods they are for the warehouse: documents and returns name it as their `job_id`."""
    phase: str
    description: str
    """Of the goods that are sent out."""
    unit: str
    finisher: str | None = None
    """Code of the destination of the company; absent once the work is done here again."""
    open: bool
    """Whether anything of it may be sent out now: while the phase is being worked on."""
    quantity: Quantity
    """How much of it may be sent out in all, with what was sent before; in `unit`."""


class PhaseUnassigned(EventData):
    """The phase's assignee has left, and who took over from them may not work on phases: an admin has to
    give it to somebody. Subject: the job."""

    type: ClassVar[str] = "optima.production.phase_unassigned.v1"
    job_id: UUID
    order_id: UUID
    phase_id: UUID
    phase: str
    former_assignee_id: UUID


class PhaseStarted(EventData):
    """Work on a phase began. Subject: the job."""

    type: ClassVar[str] = "optima.production.phase_started.v1"
    job_id: UUID
    order_id: UUID
    phase_id: UUID
    phase: str


class PhaseCompleted(EventData):
    """Work on a phase was finished; `quantity` is what came out of it, in the phase's unit. Subject: the
    job."""

    type: ClassVar[str] = "optima.production.phase_completed.v1"
    job_id: UUID
    order_id: UUID
    phase_id: UUID
    phase: str
    quantity: Quantity
    unit: str | None = None
    """None where it isn't said: the job's."""
    lost: Quantity | None = None
    """Of what there was to work on."""
    loss_reason: str | None = None


class JobKindCorrected(EventData):
    """The kind of item that the job was of had been mistyped: it is of another. Subject: the job."""

    type: ClassVar[str] = "optima.production.job_kind_corrected.v1"
    job_id: UUID
    order_id: UUID
    brief_id: UUID | None
    kind: str
    former_kind: str


class PhaseAccepted(EventData):
    """The phase's work passed its quality check. Subject: the job."""

    type: ClassVar[str] = "optima.production.phase_accepted.v1"
    job_id: UUID
    order_id: UUID
    phase_id: UUID
    phase: str


class PhaseSkipped(EventData):
    """An admin decided that the phase is not needed. Subject: the job."""

    type: ClassVar[str] = "optima.production.phase_skipped.v1"
    job_id: UUID
    order_id: UUID
    phase_id: UUID
    phase: str


class PhaseRejected(EventData):
    """Quality refused the work; the phase is to be done again. Subject: the job."""

    type: ClassVar[str] = "optima.production.phase_rejected.v1"
    job_id: UUID
    order_id: UUID
    phase_id: UUID
    phase: str
    reason: str


class JobClosed(EventData):
    """Nothing more of the job's line will be made or shipped, and what was shipped is all that is due: it was
    closed short, for a reason. Subject: the job."""

    type: ClassVar[str] = "optima.production.job_closed.v1"
    job_id: UUID
    order_id: UUID
    brief_id: UUID | None
    reason: str
    shipped: Quantity
    """Of the line, when it was closed."""
    unit: str


class JobPartCompleted(EventData):
    """A part of a job is finished while the rest is still being made, and may enter the warehouse already;
    `quantity` is all that is finished so far, which only grows. Subject: the job."""

    type: ClassVar[str] = "optima.production.job_part_completed.v1"
    job_id: UUID
    order_id: UUID
    brief_id: UUID | None
    quantity: Quantity
    unit: str


class JobCompleted(EventData):
    """All phases are done; the goods may enter the warehouse. Subject: the job."""

    type: ClassVar[str] = "optima.production.job_completed.v1"
    job_id: UUID
    order_id: UUID
    brief_id: UUID | None
    quantity: Quantity
    unit: str
