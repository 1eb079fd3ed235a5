"""A subject's content as it is frozen: complete, well typed, with its people as they are now."""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import Any
from uuid import UUID

from optima_kit.refusals import Invalid, Refusal, Violations

from ..domain.directory import Directory
from ..domain.subjects import SubjectType


def complete_content(
    subject: SubjectType, content: dict[str, Any], requester: UUID, directory: Directory
) -> dict[str, Any]:
    """Fills in people and units, which are given by id or by e-mail address and key, and checks every field
    against the declaration. A field `requester` is the requester and need not be given. Raises Violations
    naming each field that does not fit."""
    field = subject.fields.get("requester")
    names_requester = field is not None and field.type == "person"
    if names_requester and content.get("requester") is None:
        content = {**content, "requester": str(requester)}
    completed, flaws = subject.complete(content, directory)
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


def hash_of(content: dict[str, Any]) -> str:
    """Names this content, once: SHA-256, hexadecimal, of a random key and the content's canonical JSON. The
    key is kept nowhere, so that a hidden price can't be found by trying the likely ones."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(secrets.token_bytes(32) + canonical.encode()).hexdigest()
