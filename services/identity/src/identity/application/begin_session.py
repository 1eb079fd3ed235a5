"""Begin a session for a person who has proved who they are."""

from __future__ import annotations

from optima_contracts.identity import SignedIn
from optima_kit.ids import new_id

from ..domain.people import Person
from ..domain.sessions import RefreshToken, begun
from .access_tokens import Grant, claims_of_person
from .opaque_tokens import new_token
from .ports import Ports
from .roles_in_force import roles_in_force


async def begin_session(ports: Ports, person: Person, device: str, *, factor_shown: bool) -> Grant:
    session = begun(new_id(), person.id, device, ports.now, factor_shown=factor_shown)
    token = new_token(ports.tenant_id)
    await ports.sessions.insert(
        session, RefreshToken(token.secret_hash, session.id, session.refresh_token_ends_at(ports.now))
    )
    fact = SignedIn(person_id=person.id, session_id=session.id)
    ports.outbox.add(fact, subject=person.id, correlation=person.id)
    roles = await roles_in_force(ports, person, factor_shown=factor_shown)
    claims = claims_of_person(ports.tenant_id, person, roles, session.id)
    return Grant(claims, token.text, factor_needed=len(roles) < len(person.roles))
