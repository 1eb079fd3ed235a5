"""A tenant declares a kind of thing that can be approved."""

from __future__ import annotations

from optima_kit.actor import Actor
from optima_kit.refusals import Absent, Invalid, PreconditionRequired, Refusal, Stale, Violations, WrongState

from ..domain.authorship import author_keeps_what_is_hidden
from ..domain.subjects import ENTER_BY_EVENT, SubjectType
from .ports import Ports


async def declare_subject_type(
    ports: Ports, actor: Actor, key: str, subject: SubjectType, expected_version: int | None
) -> int:
    """Store the declaration of a subject type and return its new version. Published processes keep the
    declaration with which they were published."""
    actor.require("process.write")
    if subject.key != key:
        raise Invalid("key_differs", field="key", expected=key)
    if key in ENTER_BY_EVENT:
        raise WrongState("subject_type_built_in", subject=key)
    known = await ports.processes.subject_type_version(key)
    if flaws := list(subject.declaration_flaws(declared_before=known is not None)):
        raise Violations(list[Refusal](flaws))
    if known is not None and expected_version is None:
        raise PreconditionRequired("if_match_missing", field="If-Match")
    if known != expected_version:
        raise Stale("stale_version", field="If-Match")
    before = await ports.processes.subject_type(key)
    if before is not None:
        author_keeps_what_is_hidden(before, subject, actor.privileges)
    version = await ports.processes.put_subject_type(subject, ports.now, known)
    if version is None:  # somebody was faster
        raise Stale("stale_version", field="If-Match")
    return version


async def read_subject_type(ports: Ports, key: str) -> tuple[SubjectType, int]:
    """Return a declaration and its version. A built-in type always has version 1."""
    subject = await ports.processes.subject_type(key)
    if subject is None:
        raise Absent("subject_type_absent")
    return subject, await ports.processes.subject_type_version(key) or 1
