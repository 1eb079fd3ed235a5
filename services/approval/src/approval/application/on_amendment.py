"""An amendment of an order is a subject: asked for, and given up when the order changes otherwise or ends."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from optima_contracts.economics import AmendmentEnded, AmendmentRequested
from optima_kit.refusals import NotYet

from ..domain import engine
from ..domain.directory import Directory
from ..domain.subjects import person_content
from .open_approval import open_approval
from .ports import Ports
from .stop_run import stop_run

SUBJECT_TYPE = "order_amendment"
REVISION = 1
"""An amendment is decided once; whoever wants other terms asks for another one."""


async def on_amendment_requested(ports: Ports, event: AmendmentRequested, story: UUID, sequence: int) -> None:
    """Again: nothing."""
    if await ports.approvals.lock_newest(SUBJECT_TYPE, event.amendment_id) is not None:
        return
    directory = await ports.directories.read()
    if directory.person(event.requester_id) is None:
        raise NotYet(f"person {event.requester_id} not known yet")
    content = _judged_content(event, directory)
    subject = engine.Subject(
        SUBJECT_TYPE, event.amendment_id, REVISION, event.requester_id, content, event.content_hash
    )
    await open_approval(ports, event.process, subject, story, sequence)


async def on_amendment_ended(ports: Ports, event: AmendmentEnded) -> None:
    """What can't be applied any more is not decided: what runs is stopped. An end of this service's own, or a
    duplicate: nothing. Ahead of its request: it waits."""
    if event.outcome != "lapsed":
        return
    newest = await ports.approvals.lock_newest(SUBJECT_TYPE, event.amendment_id)
    if newest is None:
        raise NotYet(f"amendment {event.amendment_id} not requested yet")
    if newest.approval.state == "open":
        await stop_run(ports, newest, "withdrawn")


def _judged_content(event: AmendmentRequested, directory: Directory) -> dict[str, Any]:
    told = event.model_dump(
        mode="json",
        include={
            "number",
            "title",
            "description",
            "kind",
            "unit",
            "quantity",
            "unit_price_before",
            "unit_price",
            "amount_before",
            "amount",
            "reason",
        },
    )
    return {
        **told,
        "quantity_after": event.quantity_after or event.quantity,
        "increase": str(Decimal(event.amount) - Decimal(event.amount_before)),
        "requester": person_content(directory, str(event.requester_id)),
    }
