"""Erases a person's texts: their name and address, and what they wrote in their own words. The record of what
they decided, and when, stays under their id."""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from uuid import UUID

from pydantic import BaseModel

from optima_contracts.trail import PersonErased

from ..domain.approval import rebuild
from ..domain.erasure import Erasure, without_name
from .ports import Ports

ERASE_PERSON: Final = "approval.erase_person"
AT_A_TIME: Final = 50


class PersonErasure(BaseModel):
    """A job that erases a person from the approvals that name them. Those up to the id `after` are done."""

    person_id: UUID
    after: UUID | None = None


async def on_person_erased(ports: Ports, event: PersonErased) -> None:
    """Erase the person's texts, and schedule a job that erases them from approvals. A duplicate changes
    nothing more. Later events of the directory about the person do not bring the name back."""
    person_id = event.person_id
    known = (await ports.directories.read()).person(person_id)
    if known is not None and known.email:
        await ports.processes.erase_address(known.email, person_id)
    await ports.directories.erase_person(person_id)
    await ports.comments.erase_texts(person_id)
    await ports.delegations.erase_reasons(person_id)
    await ports.evidence.erase_names(person_id)
    ports.jobs.schedule(ERASE_PERSON, PersonErasure(person_id=person_id), key=str(person_id))


async def erase_from_approvals(ports: Ports, erasure: PersonErasure) -> None:
    """Erase the person from some approvals, and schedule another job for the rest."""
    found = await ports.approvals.naming(erasure.person_id, erasure.after, AT_A_TIME)
    for approval_id in found:
        await _erase_from(ports, approval_id, erasure.person_id)
    if len(found) == AT_A_TIME:
        rest = erasure.model_copy(update={"after": found[-1]})
        ports.jobs.schedule(ERASE_PERSON, rest, key=f"{erasure.person_id}:{found[-1]}")


async def _erase_from(ports: Ports, approval_id: UUID, person_id: UUID) -> None:
    stored = await ports.approvals.lock(approval_id)
    assert stored is not None, "approvals stay"
    history = await ports.approvals.whole_history(approval_id)
    erasure = Erasure(person_id)
    without = [replace(each, event=erasure.of(each.event, each.actor_id)) for each in history]
    if without:
        approval = rebuild(each.event for each in without)
    else:
        content = without_name(stored.approval.content, str(person_id))
        approval = replace(stored.approval, content=content)
    changed = [new for old, new in zip(history, without, strict=True) if old.event != new.event]
    await ports.approvals.save_erased(approval, changed, person_id)
