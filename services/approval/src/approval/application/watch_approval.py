"""A person watches an approval, to be notified of its end without being its requester."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.refusals import Forbidden, WrongState

from .ports import Ports, StoredApproval
from .read.access import locked_visible_approval


async def watch_approval(ports: Ports, actor: Actor, approval_id: UUID) -> StoredApproval:
    stored = await locked_visible_approval(ports, actor, approval_id)
    if stored.approval.state != "open":
        raise WrongState("approval_ended", state=stored.approval.state)
    if actor.person_id in stored.watchers:
        raise WrongState("approval_watched_already")
    return await _save(ports, stored, stored.watchers | {actor.person_id})


async def stop_watching(ports: Ports, actor: Actor, approval_id: UUID) -> StoredApproval:
    stored = await locked_visible_approval(ports, actor, approval_id)
    if actor.person_id not in stored.watchers:
        raise Forbidden("approval_not_watched")
    return await _save(ports, stored, stored.watchers - {actor.person_id})


async def _save(ports: Ports, stored: StoredApproval, watchers: frozenset[UUID]) -> StoredApproval:
    await ports.approvals.save_watchers(stored.approval.id, watchers)
    return replace(stored, watchers=watchers)
