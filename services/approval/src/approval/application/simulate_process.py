"""Answers who would approve a subject that does not exist yet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from optima_kit.ids import new_id
from optima_kit.refusals import Absent, Invalid, Refusal, Violations

from ..domain.engine import Subject, dated
from ..domain.process import Definition, Process, preparing, with_filled_fields
from ..domain.publication import checking
from ..domain.simulation import Simulation, simulating
from ..domain.subjects import SubjectType
from .in_turns import in_turns
from .ports import Ports
from .subject_content import complete_content, judged_beforehand


@dataclass(frozen=True, slots=True)
class SimulationInput:
    requester: UUID
    content: dict[str, Any]
    version: int | None
    """The number of a published version, or None for the draft."""


async def simulate_process(ports: Ports, key: str, given: SimulationInput) -> tuple[Process, Simulation]:
    """Simulate a process over a content. A draft that can't be published is refused with the same flaws as at
    its publication."""
    chosen = await process_to_try(ports, key, given.version)
    directory = await ports.directories.read()
    if directory.person(given.requester) is None:
        raise Invalid("person_unknown", field="requester_id", name=str(given.requester))
    content = await complete_content(ports, chosen.subject, given.content, given.requester, directory)
    chosen = await judged_beforehand(ports, chosen, dated(chosen, content, ports.now, directory))
    subject = Subject(chosen.subject.key, new_id(), 1, given.requester, content, "simulated")
    simulation = await in_turns(ports.tenant_id, simulating(chosen, subject, ports.now, directory))
    return chosen, simulation


async def process_to_try(ports: Ports, key: str, version: int | None) -> Process:
    """Return a published version, or the draft if it could be published. Raises Violations with the draft's
    flaws if it could not."""
    if version is not None:
        published = await ports.processes.version(key, version)
        if published is None:
            raise Absent("process_absent")
        return published
    draft = await ports.processes.find(key)
    if draft is None:
        raise Absent("process_absent")
    subject = await ports.processes.subject_type(draft.definition.subject)
    if subject is None:
        raise Invalid("subject_type_unknown", field="subject", subject=draft.definition.subject)
    check = checking(draft.definition, subject, ports.conditions, await ports.directories.read())
    flaws = await in_turns(ports.tenant_id, check)
    if flaws:
        raise Violations(list[Refusal](flaws))
    return await compiled(ports, draft.definition, subject)


async def compiled(ports: Ports, definition: Definition, subject: SubjectType) -> Process:
    subject = with_filled_fields(subject, definition)
    compile_ = partial(ports.conditions.compile, subject=subject)
    return await in_turns(ports.tenant_id, preparing(definition, 0, subject, compile_))
