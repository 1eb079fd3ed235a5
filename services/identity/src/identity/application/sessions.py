"""End sessions early, by their person or by somebody who manages the person."""

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
    """End all sessions of a person. They may sign in again; to prevent that, suspend them."""
    await person_to_manage(ports, actor, person_id)
    await end_sessions(ports, person_id, "signed_out")


async def end_own_session(ports: Ports, actor: Actor, session_id: UUID) -> None:
    """End one of the actor's own sessions. Ending the session of another device needs a recent proof, so that
    a thief of a token cannot sign its owner out. Signing out needs none."""
    if session_id != actor.session_id:
        present = await ports.sessions.find(actor.session_id) if actor.session_id is not None else None
        who_acts_was_proven_lately(present, ports.now)
    await end_session(ports, actor.person_id, session_id)


async def end_session(ports: Ports, person_id: UUID, session_id: UUID) -> None:
    """End a session. Its refresh token is refused from now on. Its access token is refused by this service at
    once, and by other services within seconds."""
    if not await ports.sessions.revoke(person_id, session_id, ports.now):
        raise Absent("session_absent")
    _tell(ports, person_id, session_id, "signed_out")


async def end_sessions(ports: Ports, person_id: UUID, reason: Reason, *, but: UUID | None = None) -> None:
    """End all sessions of a person, except `but` if it is given."""
    for session_id in await ports.sessions.revoke_all(person_id, ports.now, but=but):
        _tell(ports, person_id, session_id, reason)


def _tell(ports: Ports, person_id: UUID, session_id: UUID, reason: Reason) -> None:
    fact = SessionEnded(person_id=person_id, session_id=session_id, reason=reason)
    ports.outbox.add(fact, subject=person_id, correlation=person_id)
