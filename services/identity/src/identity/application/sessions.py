"""Sign-ins of one person: which are open, and ending them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from optima_contracts.identity import SessionEnded
from optima_kit.actor import Actor
from optima_kit.refusals import Absent

from ..domain.roles import nobody_grants_more_than_they_hold, privileges_of
from ..domain.sessions import Session
from .ports import Ports


async def open_sessions(ports: Ports, person_id: UUID) -> Sequence[Session]:
    return await ports.sessions.list_open(person_id, ports.now)


async def end_session_of_person(ports: Ports, actor: Actor, person_id: UUID, session_id: UUID) -> None:
    person = await ports.people.find(person_id)
    if person is None:
        raise Absent("person_not_found")
    held = privileges_of(await ports.roles.list_by_keys(person.roles))
    nobody_grants_more_than_they_hold(held, actor.privileges)
    await end_session(ports, person_id, session_id)


async def end_session(ports: Ports, person_id: UUID, session_id: UUID) -> None:
    """Its refresh token is refused from now on, its access token when it expires."""
    if not await ports.sessions.revoke(person_id, session_id, ports.now):
        raise Absent("session_not_found")
    fact = SessionEnded(person_id=person_id, session_id=session_id, reason="signed_out")
    ports.outbox.add(fact, subject=person_id, correlation=person_id)
