"""Events of orders, jobs and phases. They hold no prices; events with prices are in `economics`."""

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
    """A line says what is to be made, or taken from stock, and where it goes. One job makes one line."""

    job_id: UUID
    item_id: UUID | None
    kind: str
    description: str
    quantity: Quantity
    unit: str
    deliveries: list[OrderDelivery]
    article_id: UUID | None = None
    """The article from whose stock the line is served. Nothing is made then, and `kind` is the article's
    code."""


class OrderConfirmed(EventData):
    """An order was confirmed: the event says what is to be made, for whom, and where it goes. Subject: the
    order."""

    type: ClassVar[str] = "optima.production.order_confirmed.v1"
    order_id: UUID
    number: str
    brief_id: UUID | None
    customer: str | None
    deadline: date
    lines: list[OrderLine]
    customer_id: UUID | None = None
    """The customer to whom the code in `customer` belongs, if one is known."""


class OrderChanged(EventData):
    """The deadline, quantities or destinations of an order changed. The event holds all lines as they are
    now, so the newest one is enough. Subject: the order."""

    type: ClassVar[str] = "optima.production.order_changed.v1"
    order_id: UUID
    number: str
    brief_id: UUID | None
    deadline: date
    lines: list[OrderLine]
    reason: str
    changed_jobs: list[UUID] = Field(default_factory=list)
    """The jobs whose quantity or destinations this event changes."""


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
    shipment was refused or its document was voided. Subject: the order."""

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
    """The order was cancelled. Its open phases were stopped, and their assignees lose access. Subject: the
    order."""

    type: ClassVar[str] = "optima.production.order_cancelled.v1"
    order_id: UUID
    brief_id: UUID | None
    reason: str
    goods_came_back: bool | None = None
    """True if goods of the order had left and are back. Otherwise none had left, as far as production
    knew."""


class OrderReinstated(EventData):
    """The order goes on after a cancellation, because goods had left before the cancellation arrived.
    Subject: the order."""

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
    """A phase was assigned to a person, who can see it from now on: an admin assigned it, or the former
    assignee left the company and this person is their successor. Subject: the job."""

    type: ClassVar[str] = "optima.production.phase_assigned.v1"
    job_id: UUID
    order_id: UUID
    phase_id: UUID
    phase: str
    assignee_id: UUID
    reason: str | None = None
    """Why the phase was taken from its former assignee after they had begun the work."""


class PhaseGivenBack(EventData):
    """The assignee of a phase cannot do the work and gave the phase back. An admin has to assign it anew.
    Subject: the job."""

    type: ClassVar[str] = "optima.production.phase_given_back.v1"
    job_id: UUID
    order_id: UUID
    phase_id: UUID
    phase: str
    former_assignee_id: UUID
    reason: str
    recipients: list[UUID] = Field(default_factory=list)
    """The people who assign work and are to be notified."""


class PhaseMessageWritten(EventData):
    """The assignee of a phase wrote to the people who assign work, or one of them wrote to the assignee. The
    text stays in the production service. Subject: the job."""

    type: ClassVar[str] = "optima.production.phase_message_written.v1"
    job_id: UUID
    order_id: UUID
    phase_id: UUID
    phase: str
    message_id: UUID
    assignee_id: UUID
    """The phase's assignee, who is one side of the conversation."""
    problem: bool
    """Whether the message says that the assignee cannot go on, or not as planned."""
    recipients: list[UUID]
    """The people on the other side, who are to be notified."""


class PhasePartReported(EventData):
    """A part of a phase's work was handed in, and the rest is still to be done. `quantity` is what this part
    yielded, in the phase's unit. Subject: the job."""

    type: ClassVar[str] = "optima.production.phase_part_reported.v1"
    job_id: UUID
    order_id: UUID
    phase_id: UUID
    phase: str
    quantity: Quantity
    made_so_far: Quantity
    """The total yield of all parts so far, including this one."""
    unit: str


class PhaseSplit(EventData):
    """An admin split a share off a phase. The share becomes a phase of its own, and the following phases wait
    for both. `phase_assigned` says to whom the share is assigned. Subject: the job."""

    type: ClassVar[str] = "optima.production.phase_split.v1"
    job_id: UUID
    order_id: UUID
    phase_id: UUID
    phase: str
    share_id: UUID
    """The new phase for the share."""
    quantity: Quantity
    """Quantity of the share, in `unit`."""
    unit: str
    assignee_id: UUID | None = None
    """The assignee of the rest; absent if nobody has it yet."""


class SharesJoined(EventData):
    """An admin joined two shares of the same work, neither of them begun, into one phase. If the remaining
    phase had no assignee, `phase_assigned` says who has it now. Subject: the job."""

    type: ClassVar[str] = "optima.production.shares_joined.v1"
    job_id: UUID
    order_id: UUID
    phase_id: UUID
    """The phase that remains and now covers both shares."""
    phase: str
    share_id: UUID
    """The phase that was removed."""
    quantity: Quantity
    """Quantity of the remaining phase, in `unit`."""
    unit: str
    assignee_id: UUID | None = None
    """The assignee of the remaining phase; absent if nobody has it yet."""


class PhaseOutsourced(EventData):
    """The work that an external company does on a phase (conto lavorazione) changed: which company does it,
    or how much may be sent to it. The event holds the whole state, so the newest one is enough. Subject: the
    phase."""

    type: ClassVar[str] = "optima.production.phase_outsourced.v1"
    job_id: UUID
    order_id: UUID
    brief_id: UUID | None
    phase_id: UUID
    """The phase. The warehouse treats the goods as its goods: documents and returns name it as their
    `job_id`."""
    phase: str
    description: str
    """Description of the goods that are sent out."""
    unit: str
    finisher: str | None = None
    """Code of the company's destination; absent once the work is done here again."""
    open: bool
    """Whether goods may be sent out now, which is so while the phase is being worked on."""
    quantity: Quantity
    """How much may be sent out in all, including what was sent before; in `unit`."""


class PhaseUnassigned(EventData):
    """The phase's assignee has left the company, and their successor may not work on phases. An admin has to
    assign the phase anew. Subject: the job."""

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
    """Work on a phase was finished. `quantity` is what the phase yielded, in its unit. Subject: the job."""

    type: ClassVar[str] = "optima.production.phase_completed.v1"
    job_id: UUID
    order_id: UUID
    phase_id: UUID
    phase: str
    quantity: Quantity
    unit: str | None = None
    """Unit of `quantity`; if absent, it is the job's unit."""
    lost: Quantity | None = None
    """How much was lost of what there was to work on."""
    loss_reason: str | None = None


class JobKindCorrected(EventData):
    """A job's kind of item, which had been mistyped, was corrected. Subject: the job."""

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
    """The phase's work failed its quality check, and the phase is to be done again. Subject: the job."""

    type: ClassVar[str] = "optima.production.phase_rejected.v1"
    job_id: UUID
    order_id: UUID
    phase_id: UUID
    phase: str
    reason: str


class JobClosed(EventData):
    """The job's line was closed short, for a reason: nothing more of it will be made or shipped, and what was
    shipped is all that is due. Subject: the job."""

    type: ClassVar[str] = "optima.production.job_closed.v1"
    job_id: UUID
    order_id: UUID
    brief_id: UUID | None
    reason: str
    shipped: Quantity
    """How much of the line had been shipped when it was closed."""
    unit: str


class JobPartCompleted(EventData):
    """A part of a job is finished and may already enter the warehouse, while the rest is still being made.
    `quantity` is all that is finished so far; it only grows. Subject: the job."""

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
