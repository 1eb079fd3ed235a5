"""Exchange a refresh token for the next one. If a token is used twice, somebody has stolen it."""

from __future__ import annotations

from dataclasses import replace

from optima_contracts.identity import SessionEnded
from optima_kit.refusals import Unauthenticated

from ..domain.sessions import RefreshToken
from .access_tokens import Grant, claims_of_person
from .opaque_tokens import OpaqueToken, new_token, read_token
from .ports import Directory, Ports
from .roles_in_force import roles_in_force


async def refresh_session(directory: Directory, refresh_token: str) -> Grant:
    """Return the claims with the person's present roles, and the next refresh token. Raises Unauthenticated
    if the token is not valid; if it had been used before, the whole session is ended first."""
    presented = read_token(refresh_token)
    async with directory.work(presented.tenant_id) as ports:
        granted = await _turned(ports, presented)
    if granted is None:
        raise Unauthenticated("session_ended")
    return granted


async def _turned(ports: Ports, presented: OpaqueToken) -> Grant | None:
    found = await ports.sessions.lock_token(presented.secret_hash)
    if found is None:
        return None
    session, token = found
    if not session.open(ports.now) or token.expires_at <= ports.now:
        return None
    person = await ports.people.find(session.person_id)
    assert person is not None, "the session's foreign key"
    if token.used_at is not None:
        await ports.sessions.revoke(session.person_id, session.id, ports.now)
        fact = SessionEnded(person_id=person.id, session_id=session.id, reason="refresh_token_reused")
        ports.outbox.add(fact, subject=person.id, correlation=person.id)
        return None
    if not person.active:
        return None
    following = new_token(ports.tenant_id)
    ends_at = session.refresh_token_ends_at(ports.now)
    await ports.sessions.turn(
        session,
        replace(token, used_at=ports.now),
        RefreshToken(following.secret_hash, session.id, ends_at),
        ports.now,
    )
    roles = await roles_in_force(ports, person, factor_shown=session.factor_shown)
    claims = claims_of_person(ports.tenant_id, person, roles, session.id)
    return Grant(claims, following.text, factor_needed=len(roles) < len(person.roles))
