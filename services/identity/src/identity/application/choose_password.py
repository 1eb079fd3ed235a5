"""A person's password is set: with an invitation, with a reset, or by themselves."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from optima_contracts.identity import PasswordChanged

from ..domain.passwords import Attempts, normalised_password, password_is_hard_to_guess
from ..domain.people import Person
from .ports import Passwords, Ports


async def choose_password(
    ports: Ports,
    passwords: Passwords,
    person: Person,
    password: str,
    *,
    by: Literal["invitation", "reset", "self"],
) -> None:
    """Ends every session that was begun with the old one."""
    tenant = await ports.tenants.find()
    assert tenant is not None, "the person's tenant"
    chosen = normalised_password(password)
    about = (person.name, person.email, person.company or "", tenant.slug, tenant.legal.name)
    password_is_hard_to_guess(chosen, about=about)
    await ports.credentials.set_password(person.id, await passwords.hashed(chosen), ports.now)
    await ports.sessions.revoke_all(person.id, ports.now)
    fact = PasswordChanged(person_id=person.id, by=by)
    ports.outbox.add(fact, subject=person.id, correlation=person.id)


async def change_password(
    ports: Ports, passwords: Passwords, person_id: UUID, current: str, new: str
) -> bool:
    """False if `current` is wrong, which counts like a wrong sign-in: a stolen access token is no way to
    guess the password."""
    if not await _judged(ports, passwords, person_id, current):
        return False
    person = await ports.people.find(person_id)
    assert person is not None, "the credentials' foreign key"
    await choose_password(ports, passwords, person, new, by="self")
    return True


async def _judged(ports: Ports, passwords: Passwords, person_id: UUID, current: str) -> bool:
    known = await ports.credentials.lock(person_id)
    if known is None or known.attempts.locked(ports.now):
        return False
    if await passwords.matches(known.password_hash, normalised_password(current)):
        if known.attempts != Attempts():
            await ports.credentials.update_attempts(person_id, Attempts())
        return True
    await ports.credentials.update_attempts(person_id, known.attempts.after_failure(ports.now))
    return False
