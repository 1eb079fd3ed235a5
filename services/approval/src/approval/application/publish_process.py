"""Publishes a draft as the version that new approvals follow."""

from __future__ import annotations

from dataclasses import replace

from optima_contracts.approval import ProcessPublished
from optima_kit.actor import Actor
from optima_kit.refusals import Absent, Invalid, Refusal, Stale, Violations

from ..domain.authorship import author_sees_what_the_process_reads
from ..domain.process import RULES
from ..domain.publication import checking
from .in_turns import in_turns
from .ports import Draft, Ports


async def publish_process(ports: Ports, actor: Actor, key: str, expected_version: int | None) -> Draft:
    """Publish the draft of a process as its next version. An unchanged draft is not published again, unless
    the process was retired or the engine's rules have changed since. Raises Violations with every flaw."""
    draft = await ports.processes.lock(key)
    if draft is None:
        raise Absent("process_absent")
    if expected_version is not None and draft.version != expected_version:
        raise Stale("stale_version", field="If-Match")
    newest = await ports.processes.published(key, draft.published) if draft.published else None
    same = newest is not None and newest.definition == draft.definition and newest.rules == RULES
    if same and draft.retired_at is None:
        return draft
    subject = await ports.processes.subject_type(draft.definition.subject)
    if subject is None:
        raise Invalid("subject_type_unknown", field="subject", subject=draft.definition.subject)
    author_sees_what_the_process_reads(draft.definition, subject, actor.privileges)
    directory = await ports.directories.read()
    check = checking(draft.definition, subject, ports.conditions, directory)
    flaws = await in_turns(ports.tenant_id, check)
    if flaws:
        raise Violations(list[Refusal](flaws))
    number = (draft.published or 0) + 1
    await ports.processes.publish(draft.definition, subject, number, ports.now, actor.person_id)
    draft = replace(draft, published=number, version=draft.version + 1, retired_at=None, changed_at=ports.now)
    await ports.processes.save(draft, actor.person_id)
    published = ProcessPublished(
        process_id=draft.process_id, key=key, version=number, subject_type=subject.key
    )
    ports.outbox.add(published, subject=draft.process_id, correlation=draft.process_id)
    return draft
