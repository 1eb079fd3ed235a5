"""Opens an approval for each amendment of an order, and stops it if the amendment lapses because the order
changes in another way or ends."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from optima_contracts.economics import AmendmentEnded, AmendmentRequested
from optima_kit.refusals import NotYet

from ..domain import engine
from ..domain.directory import Directory
from ..domain.subjects import person_content
from .cancel_approval import cancel_approval
from .open_approval import open_approval
from .ports import Ports

SUBJECT_TYPE = "order_amendment"
REVISION = 1
"""The only revision of an amendment. It is decided once; other terms need another amendment."""


async def on_amendment_requested(ports: Ports, event: AmendmentRequested, story: UUID, sequence: int) -> None:
    """Open an approval for an amendment. A duplicate changes nothing. Raises NotYet if the requester is not
    known yet."""
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
    """Stop the running approval of an amendment that lapsed, since it can't be applied any more. Other ends,
    which follow from this service's own decision, and duplicates change nothing. Raises NotYet if the
    amendment's request has not arrived yet."""
    if event.outcome != "lapsed":
        return
    newest = await ports.approvals.lock_newest(SUBJECT_TYPE, event.amendment_id)
    if newest is None:
        raise NotYet(f"amendment {event.amendment_id} not requested yet")
    if newest.approval.state == "open":
        await cancel_approval(ports, newest, "withdrawn")


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
