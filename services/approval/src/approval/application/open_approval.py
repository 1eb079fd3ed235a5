"""Opens an approval for a subject."""

from __future__ import annotations

import logging
from functools import partial
from uuid import UUID

from optima_contracts.approval import ApprovalNotOpened
from optima_kit.ids import new_id
from optima_kit.refusals import Invalid

from ..domain import engine
from ..domain.approval import Approval
from ..domain.process import Process
from .facts import recipients
from .ports import Ports, StoredApproval
from .recording import record_opening
from .subject_content import judged_beforehand

log = logging.getLogger(__name__)


async def open_approval(
    ports: Ports,
    process_key: str,
    subject: engine.Subject,
    story: UUID | None,
    subject_sequence: int,
    judged: Process | None = None,
) -> StoredApproval:
    """Open an approval under the newest version of the process, or record and publish why none was opened.
    `story` is the correlation id of the story to which the subject belongs and never comes from a client. If
    it is None, the approval's own id begins a new story. `judged` is the newest version, if the caller has
    already let it judge the content."""
    approval_id = new_id()
    correlation = story or approval_id
    not_opened = partial(_not_opened, ports, approval_id, process_key, subject, correlation, subject_sequence)
    process = judged or await _newest_process(ports, process_key)
    if process is None or process.subject.key != subject.type:
        return await not_opened(f"no_process:{process_key}")
    directory = await ports.directories.read()
    if judged is None:
        dated = engine.dated(process, subject.content, ports.now, directory)
        process = await judged_beforehand(ports, process, dated)
    stuck = engine.step_without_approver(process, subject, ports.now, directory)
    if stuck is not None:
        return await not_opened(f"nobody_can_approve:{stuck}")
    try:
        result = engine.open_approval(approval_id, process, subject, ports.now, directory)
    except Invalid as refusal:
        return await not_opened(f"{refusal.code}:{refusal.facts['choice']}")
    return await record_opening(ports, process, result, correlation, subject_sequence)


async def _newest_process(ports: Ports, key: str) -> Process | None:
    draft = await ports.processes.find(key)
    if draft is None or draft.published is None or draft.retired_at is not None:
        return None
    return await ports.processes.version(key, draft.published)


async def _not_opened(
    ports: Ports,
    approval_id: UUID,
    process_key: str,
    subject: engine.Subject,
    correlation: UUID,
    subject_sequence: int,
    reason: str,
) -> StoredApproval:
    """Store an approval that was not opened and publish the reason. It is stored so that later events about
    this revision of the subject find it."""
    approval = Approval(
        id=approval_id,
        process_key=process_key,
        process_version=0,
        subject_type=subject.type,
        subject_id=subject.id,
        subject_revision=subject.revision,
        requester=subject.requester,
        content=subject.content,
        content_hash=subject.content_hash,
        opened_at=ports.now,
        steps={},
        state="not_opened",
        ended_at=ports.now,
        reason=reason,
    )
    stored = StoredApproval(
        approval, 1, str(subject.content.get("title") or ""), correlation, subject_sequence
    )
    directory = await ports.directories.read()
    requester = directory.in_place_of(subject.requester)
    await ports.approvals.add(stored, (), None, set())
    fact = ApprovalNotOpened(
        approval_id=approval.id,
        subject_type=subject.type,
        subject_id=subject.id,
        subject_revision=subject.revision,
        reason=reason,
        recipients=recipients([requester], directory, None),
        title=stored.title or None,
    )
    ports.outbox.add(fact, subject=approval.id, correlation=correlation)
    log.warning("approval of %s not opened: %s", subject.id, reason)
    return stored
