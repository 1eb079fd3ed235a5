"""A person's sessions end before their time: by themselves, or by whoever manages them."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from optima_contracts.identity import SessionEnded
from optima_kit.actor import Actor
from optima_kit.refusals import Absent

from ..domain.sessions import who_acts_was_proven_lately
from .access import person_to_manage
from .ports import Ports

Reason = Literal["signed_out", "refresh_token_reused", "password_changed"]


async def end_session_of_person(ports: Ports, actor: Actor, person_id: UUID, session_id: UUID) -> None:
    await person_to_manage(ports, actor, person_id)
    await end_session(ports, person_id, session_id)


async def end_sessions_of_person(ports: Ports, actor: Actor, person_id: UUID) -> None:
    """They may sign in again: who must not is suspended."""
    await person_to_manage(ports, actor, person_id)
    await end_sessions(ports, person_id, "signed_out")


async def end_own_session(ports: Ports, actor: Actor, session_id: UUID) -> None:
    """That of another device only after a fresh proof, so that a stolen token locks nobody out. Signing out
    needs none."""
    if session_id != actor.session_id:
        present = await ports.sessions.find(actor.session_id) if actor.session_id is not None else None
        who_acts_was_proven_lately(present, ports.now)
    await end_session(ports, actor.person_id, session_id)


async def end_session(ports: Ports, person_id: UUID, session_id: UUID) -> None:
    """Its refresh token is refused from now on, its access token here at once, elsewhere within seconds."""
    if not await ports.sessions.revoke(person_id, session_id, ports.now):
        raise Absent("session_absent")
    _tell(ports, person_id, session_id, "signed_out")


async def end_sessions(ports: Ports, person_id: UUID, reason: Reason, *, but: UUID | None = None) -> None:
    """All of the person's, or all `but` one."""
    for session_id in await ports.sessions.revoke_all(person_id, ports.now, but=but):
        _tell(ports, person_id, session_id, reason)


def _tell(ports: Ports, person_id: UUID, session_id: UUID, reason: Reason) -> None:
    fact = SessionEnded(person_id=person_id, session_id=session_id, reason=reason)
    ports.outbox.add(fact, subject=person_id, correlation=person_id)
