"""A subject's content as it is frozen: complete, well typed, with its people as they are now."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from uuid import UUID

from optima_kit.refusals import Invalid, Refusal, Violations

from ..domain.directory import Directory
from ..domain.subjects import LONGEST_TITLE, SubjectType


def complete_content(
    subject: SubjectType, content: dict[str, Any], requester: UUID, directory: Directory
) -> dict[str, Any]:
    """Fills in people (given by id or e-mail address; the requester need not be given) and checks every
    field against the declaration. Raises Violations naming each that does not fit."""
    filled = {name: value for name, value in content.items() if value is not None}
    for name, field in subject.fields.items():
        if field.type != "person":
            continue
        given = filled.get(name, str(requester) if name == "requester" else None)
        if isinstance(given, str):
            filled[name] = person_content(given, directory, f"content.{name}")
    refusals: list[Refusal] = [
        Invalid(f"content_{flaw}", field=f"content.{path}", longest=LONGEST_TITLE)
        for path, flaw in subject.flaws(filled)
    ]
    if refusals:
        raise Violations(refusals)
    return filled


def person_content(name: str, directory: Directory, field: str) -> dict[str, Any]:
    """A person as a subject's content holds one."""
    person = directory.named(name)
    if person is None:
        raise Invalid("unknown_person", field=field, name=name)
    found: dict[str, Any] = {"id": str(person.id), "name": person.name, "roles": sorted(person.roles)}
    unit = directory.units.get(person.unit) if person.unit else None
    manager = directory.manager_of(person.id)
    if unit is not None:
        found["unit"] = unit.key
    if manager is not None:
        found["manager"] = str(manager)
    return found


def hash_of(content: dict[str, Any]) -> str:
    """SHA-256, hexadecimal, of the content's canonical JSON."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
