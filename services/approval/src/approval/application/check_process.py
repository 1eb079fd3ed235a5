"""Checks a process document before it is stored."""

from __future__ import annotations

from optima_kit.actor import Actor
from optima_kit.refusals import Invalid, Refusal

from ..domain.authorship import author_sees_what_the_process_reads
from ..domain.process import Definition
from ..domain.publication import checking
from .in_turns import in_turns
from .ports import Ports


async def check_process(ports: Ports, actor: Actor, key: str, definition: Definition) -> list[Refusal]:
    """List every reason for which the document would be refused, as a draft or at its publication. Nothing is
    stored. Raises Forbidden if the document reads a field that the actor may not see."""
    flaws: list[Refusal] = []
    if definition.key != key:
        flaws.append(Invalid("key_differs", field="key", expected=key))
    subject = await ports.processes.subject_type(definition.subject)
    if subject is None:
        return [*flaws, Invalid("subject_type_unknown", field="subject", subject=definition.subject)]
    author_sees_what_the_process_reads(definition, subject, actor.privileges)
    directory = await ports.directories.read()
    check = checking(definition, subject, ports.conditions, directory)
    return [*flaws, *await in_turns(ports.tenant_id, check)]
