"""People who are asked to decide attach documents. Their decision then names the documents that belong to
it."""

from __future__ import annotations

import hashlib
from typing import Any, Final
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.file_names import is_of_type
from optima_kit.ids import new_id
from optima_kit.refusals import Absent, Forbidden, Invalid, WrongState

from .ports import Document, Ports
from .read.access import locked_visible_approval, running_process, stands_in, visible_approval

MOST_BYTES: Final = 10 * 1024 * 1024
MOST_DOCUMENTS: Final = 50
"""The most documents that one person may attach to one approval."""


async def attach_evidence(
    ports: Ports, actor: Actor, approval_id: UUID, name: str, media_type: str, data: bytes
) -> Document:
    if not is_of_type(data, media_type):
        raise Invalid("evidence_is_not_its_media_type", field="body", media_type=media_type)
    stored = await locked_visible_approval(ports, actor, approval_id)
    approval = stored.approval
    if approval.state != "open":
        raise WrongState("approval_ended", state=approval.state)
    process = await running_process(ports, approval)
    asked = any(
        run.state == "pending" and process.steps[key].evidence is not None and actor.person_id in run.parts
        for key, run in approval.steps.items()
    )
    if not asked and not stands_in(await ports.directories.read(), process, approval, actor, ports):
        raise Forbidden("evidence_not_asked_for")
    if await ports.evidence.count(approval_id, actor.person_id) >= MOST_DOCUMENTS:
        raise Invalid("evidence_too_many", field="body", most=MOST_DOCUMENTS)
    document = Document(
        new_id(),
        approval_id,
        actor.person_id,
        name,
        media_type,
        len(data),
        hashlib.sha256(data).hexdigest(),
    )
    await ports.evidence.add(document, data, ports.now)
    return document


async def named_evidence(
    ports: Ports, actor: Actor, approval_id: UUID, ids: list[UUID]
) -> tuple[dict[str, Any], ...]:
    """Return what a decision records about the documents that it names. Raises Invalid if one of them was
    attached to another approval or by somebody else than the actor."""
    found = {document.id: document for document in await ports.evidence.named(approval_id, ids)}
    told = []
    for index, id_ in enumerate(ids):
        document = found.get(id_)
        if document is None or document.person_id != actor.person_id:
            raise Invalid("evidence_unknown", field=f"evidence[{index}]")
        told.append(
            {
                "evidence_id": str(document.id),
                "name": document.name,
                "media_type": document.media_type,
                "size": document.size,
                "sha256": document.sha256,
            }
        )
    return tuple(told)


async def read_evidence(
    ports: Ports, actor: Actor, approval_id: UUID, evidence_id: UUID
) -> tuple[Document, bytes]:
    """Return a document and its content. Raises Absent if it is unknown or the actor does not see the
    approval."""
    await visible_approval(ports, actor, approval_id)
    found = await ports.evidence.read(approval_id, evidence_id)
    if found is None:
        raise Absent("evidence_absent")
    return found
