"""Completes and checks a subject's content before it is frozen, with its people as they are now."""

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
    """Fill in people, who are given by id or e-mail address, and units, which are given by key, and check
    every field against the declaration. A field `requester` holds the requester and need not be given. Raises
    Violations that name each field that does not fit."""
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
    """Return the process, ready to judge the content. If the content is large, the returned process already
    knows the result of every condition."""
    if not (process.conditions and is_large(dated.content)):
        return process
    return await in_turns(ports.tenant_id, judging(process, dated))


async def judged_again(ports: Ports, process: Process, approval: Approval, now: datetime) -> Process:
    """Return the process, ready to judge the content of an existing approval again or under another version.
    If the approval opened before conditions could read the current day, `now` gives the day."""
    dated = approval.dated
    if dated.today is None:
        dated = engine.dated(process, dated.content, now, await ports.directories.read())
    return await judged_beforehand(ports, process, dated)


def hash_of(content: dict[str, Any]) -> str:
    """Return a new hash for this content: the hexadecimal SHA-256 of a random key and the content's canonical
    JSON. The key is not stored, so that nobody can find a hidden price by hashing the likely ones."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(secrets.token_bytes(32) + canonical.encode()).hexdigest()
