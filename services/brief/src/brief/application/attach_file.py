"""The requester attaches a file to a draft or removes one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from uuid import UUID

from optima_contracts.brief import Attachment as AttachedFile
from optima_contracts.brief import AttachmentAdded, BriefRevised
from optima_kit.actor import Actor
from optima_kit.file_names import BEGINNINGS, is_of_type
from optima_kit.ids import new_id
from optima_kit.refusals import Invalid, TooLarge

from ..domain.brief import Brief
from ..domain.content import Attachment
from ..domain.rules import MAX_ATTACHMENT_BYTES
from .access import own_brief_to_change
from .ports import Ports


@dataclass(frozen=True, slots=True)
class SentFile:
    name: str
    media_type: str
    data: bytes


async def attach_file(
    ports: Ports, actor: Actor, brief_id: UUID, name: str, media_type: str, data: bytes
) -> tuple[Brief, Attachment]:
    file_is_what_it_says(data, media_type)
    brief = await own_brief_to_change(ports, actor, brief_id)
    attachment = Attachment(
        attachment_id=new_id(),
        name=name,
        media_type=media_type,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )
    brief.attach(attachment, ports.now)
    await ports.briefs.insert_file(brief_id, attachment, data)
    await ports.briefs.update_brief(brief)
    added = AttachmentAdded(brief_id=brief_id, attachment=AttachedFile(**attachment.model_dump()))
    ports.outbox.add(added, subject=brief_id, correlation=brief_id)
    return brief, attachment


async def detach_file(ports: Ports, actor: Actor, brief_id: UUID, attachment_id: UUID) -> Brief:
    """Remove a file from the draft. Earlier revisions keep it; a file that was never submitted is deleted."""
    brief = await own_brief_to_change(ports, actor, brief_id)
    brief.detach(attachment_id, ports.now)
    await ports.briefs.update_brief(brief)
    await ports.briefs.delete_unfrozen_file(attachment_id)
    revised = BriefRevised(brief_id=brief_id, revision=brief.revision, title=brief.open_draft().title)
    ports.outbox.add(revised, subject=brief_id, correlation=brief_id)
    return brief


def file_is_what_it_says(data: bytes, media_type: str) -> None:
    """Check a file's size, and that its first bytes fit its media type, so that a renamed program does not
    pass as a PDF."""
    if len(data) > MAX_ATTACHMENT_BYTES:
        raise TooLarge("attachment_too_large", megabytes=MAX_ATTACHMENT_BYTES // (1024 * 1024))
    if media_type not in BEGINNINGS:
        raise Invalid("media_type_not_taken", field="Content-Type", media_type=media_type)
    if not is_of_type(data, media_type):
        raise Invalid("file_is_not_its_media_type", field="body", media_type=media_type)
