"""An admin writes a process."""

from __future__ import annotations

from dataclasses import replace

from optima_kit.actor import Actor
from optima_kit.ids import new_id
from optima_kit.refusals import Absent, Invalid, PreconditionRequired, Stale, WrongState

from ..domain.authorship import author_sees_what_the_process_reads
from ..domain.process import Definition
from .ports import Draft, Ports


async def define_process(
    ports: Ports, actor: Actor, key: str, definition: Definition, expected_version: int | None
) -> Draft:
    """Store the draft of a process. Approvals are affected only once it is published. No version is expected
    when the process is new."""
    if definition.key != key:
        raise Invalid("key_differs", field="key", expected=key)
    subject = await ports.processes.subject_type(definition.subject)
    if subject is None:
        raise Invalid("subject_type_unknown", field="subject", subject=definition.subject)
    author_sees_what_the_process_reads(definition, subject, actor.privileges)
    if expected_version is None and await ports.processes.find(key) is None:
        if not await ports.processes.add(new_id(), definition, ports.now, actor.person_id):
            raise Stale("stale_version", field="If-Match")
        draft = await ports.processes.find(key)
        assert draft is not None
        return draft
    draft = await held_process(ports, key, expected_version)
    draft = replace(
        draft, definition=definition, version=draft.version + 1, changed_at=ports.now, retired_at=None
    )
    await ports.processes.save(draft, actor.person_id)
    return draft


async def retire_process(ports: Ports, actor: Actor, key: str, expected_version: int | None) -> Draft:
    """Retire a process: no new approval opens under it, and running approvals go on. Publishing it again
    brings it back into force."""
    draft = await ports.processes.lock(key)
    if draft is None:
        raise Absent("process_absent")
    if expected_version is not None and draft.version != expected_version:
        raise Stale("stale_version", field="If-Match")
    if not draft.in_force:
        raise WrongState("process_not_published", process=key)
    draft = replace(draft, retired_at=ports.now, version=draft.version + 1, changed_at=ports.now)
    await ports.processes.save(draft, actor.person_id)
    return draft


async def held_process(ports: Ports, key: str, expected_version: int | None) -> Draft:
    """Lock a process and return its draft. Raises Absent, PreconditionRequired if no version is expected, or
    Stale if another one is."""
    draft = await ports.processes.lock(key)
    if draft is None:
        raise Absent("process_absent")
    if expected_version is None:
        raise PreconditionRequired("if_match_missing", field="If-Match")
    if draft.version != expected_version:
        raise Stale("stale_version", field="If-Match")
    return draft
