"""The requester submits a draft for approval."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.brief import BriefContent, BriefSubmitted
from optima_kit.actor import Actor

from ..domain.brief import Brief
from ..domain.lifecycle import AuditContext
from .access import own_brief_to_change
from .ports import Ports


async def submit_brief(
    ports: Ports, actor: Actor, brief_id: UUID, expected_version: int | None, process: str
) -> Brief:
    """Freezes the revision. Whether the process exists is approval's to say: a brief that it can't open
    comes back as a draft, with the reason."""
    brief = await own_brief_to_change(ports, actor, brief_id, expected_version)
    revision = brief.submit(process, AuditContext(ports.now, actor.person_id))
    await ports.briefs.insert_revision(brief_id, revision)
    await ports.briefs.update_brief(brief)
    submitted = BriefSubmitted(
        brief_id=brief_id,
        number=brief.number,
        revision=revision.revision,
        content_hash=revision.content_hash,
        process=process,
        requester_id=brief.requester_id,
        unit_id=brief.unit_id,
        content=BriefContent.model_validate(revision.content.as_json()),
    )
    ports.outbox.add(submitted, subject=brief_id, correlation=brief_id)
    return brief
