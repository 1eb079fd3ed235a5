"""A subject's content as it is frozen: complete, well typed, with its people as they are now."""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import datetime
from typing import Any
from uuid import UUID

from optima_kit.refusals import Invalid, Refusal, Violations

from ..domain import engine
from ..domain.approval import Approval
from ..domain.directory import Directory
from ..domain.process import Process, judging
from ..domain.subjects import DatedContent, SubjectType
from ..domain.turns import finished
from .in_turns import in_turns, is_large
from .ports import Ports


async def complete_content(
    ports: Ports, subject: SubjectType, content: dict[str, Any], requester: UUID, directory: Directory
) -> dict[str, Any]:
    """Fills in people and units, which are given by id or by e-mail address and key, and checks every field
    against the declaration. A field `requester` is the requester and need not be given. Raises Violations
    naming each field that does not fit."""
    field = subject.fields.get("requester")
    names_requester = field is not None and field.type == "person"
    if names_requester and content.get("requester") is None:
        content = {**content, "requester": str(requester)}
    completing = subject.completing(content, directory)
    large = is_large(content)
    completed, flaws = await in_turns(ports.tenant_id, completing) if large else finished(completing)
    refusals: list[Refusal] = [
        Invalid(f"content_{flaw.code}", field=f"content.{flaw.path}".rstrip("."), **flaw.facts)
        for flaw in flaws
    ]
    named = completed.get("requester") if names_requester else None
    if isinstance(named, dict) and named["id"] != str(requester):
        refusals.append(Invalid("content_requester_differs", field="content.requester"))
    if refusals:
        raise Violations(refusals)
    return completed


async def judged_beforehand(ports: Ports, process: Process, dated: DatedContent) -> Process:
    """The process as it is about to judge the content; of a large one it knows all answers."""
    if not (process.conditions and is_large(dated.content)):
        return process
    return await in_turns(ports.tenant_id, judging(process, dated))


async def judged_again(ports: Ports, process: Process, approval: Approval, now: datetime) -> Process:
    """The process as it is about to judge what an approval says: again, or as another version. Of one that
    opened before conditions could read a day, it reads that of `now`."""
    dated = approval.dated
    if dated.today is None:
        dated = engine.dated(process, dated.content, now, await ports.directories.read())
    return await judged_beforehand(ports, process, dated)


def hash_of(content: dict[str, Any]) -> str:
    """Names this content, once: SHA-256, hexadecimal, of a random key and the content's canonical JSON. The
    key is kept nowhere, so that a hidden price can't be found by trying the likely ones."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(secrets.token_bytes(32) + canonical.encode()).hexdigest()
