"""A person signs in with e-mail and password.

The password is judged between two transactions, since hashing takes long. The second one locks the
account and counts: however many guesses run at once, none counts for more than its place in that row.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from optima_contracts.identity import SignedIn, SignInRefused
from optima_kit.ids import new_id
from optima_kit.refusals import Unauthenticated

from ..domain.passwords import Attempts, normalised_password
from ..domain.people import Person, normalised_email
from ..domain.sessions import RefreshToken, begun
from .access_tokens import Grant, claims_of_person
from .opaque_tokens import new_token
from .ports import Directory, Passwords, Ports


@dataclass(frozen=True, slots=True)
class PasswordGrant:
    tenant: str
    email: str
    password: str
    device: str


async def sign_in(directory: Directory, passwords: Passwords, grant: PasswordGrant) -> Grant:
    """Raises Unauthenticated, the same for an unknown tenant or e-mail, a wrong password, an account that
    is locked, and a person who has left: what is wrong would tell a stranger who is one of us."""
    tenant_id = await _tenant(directory, grant.tenant)
    async with directory.reading(tenant_id) as ports:
        known = await ports.credentials.of_email(normalised_email(grant.email))
    password = normalised_password(grant.password)
    right = await passwords.matches(known.password_hash if known else None, password)
    if known is None:
        raise Unauthenticated("sign_in_refused")
    async with directory.work(tenant_id) as ports:
        granted = await _judge(ports, known.person_id, known.password_hash, right, grant.device)
    if granted is None:
        raise Unauthenticated("sign_in_refused")
    return granted


async def _tenant(directory: Directory, slug: str) -> UUID:
    nowhere = UUID(int=0)
    async with directory.reading(nowhere) as ports:
        tenant = await ports.tenants.by_slug(slug.strip().lower())
    return tenant.id if tenant else nowhere


async def _judge(ports: Ports, person_id: UUID, judged_hash: str, right: bool, device: str) -> Grant | None:
    credentials = await ports.credentials.lock(person_id)
    person = await ports.people.get(person_id)
    if credentials is None or person is None or credentials.password_hash != judged_hash:
        return None  # the password was changed while this one was being judged
    reason = _why_not(person, credentials.attempts, right, ports.now)
    if reason is None:
        if credentials.attempts != Attempts():
            await ports.credentials.save_attempts(person_id, Attempts())
        return await _begin_session(ports, person, device)
    if reason == "wrong_password":
        await ports.credentials.save_attempts(person_id, credentials.attempts.after_failure(ports.now))
    fact = SignInRefused(person_id=person.id, reason=reason)
    ports.outbox.add(fact, subject=person.id, correlation=person.id)
    return None


def _why_not(
    person: Person, attempts: Attempts, right: bool, now: datetime
) -> Literal["locked", "wrong_password", "inactive"] | None:
    """While an account is locked, not even the right password opens it."""
    if attempts.locked(now):
        return "locked"
    if not right:
        return "wrong_password"
    return None if person.active else "inactive"


async def _begin_session(ports: Ports, person: Person, device: str) -> Grant:
    session = begun(new_id(), person.id, device, ports.now)
    token = new_token(ports.tenant_id)
    await ports.sessions.add(
        session, RefreshToken(token.secret_hash, session.id, session.refresh_token_ends_at(ports.now))
    )
    fact = SignedIn(person_id=person.id, session_id=session.id)
    ports.outbox.add(fact, subject=person.id, correlation=person.id)
    roles = await ports.roles.by_keys(person.roles)
    return Grant(claims_of_person(ports.tenant_id, person, roles, session.id), token.text)
