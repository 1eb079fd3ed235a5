"""Set a person's password: with an invitation, with a reset, or by the person themselves."""

from __future__ import annotations

from typing import Literal

from optima_contracts.identity import PasswordChanged
from optima_kit.actor import Actor

from ..domain.passwords import normalised_password, password_is_hard_to_guess
from ..domain.people import Person
from .access import person_who_acts
from .attempts import attempt_in_session, attempt_succeeded, forget_failures
from .ports import Passwords, Ports
from .sessions import end_sessions


async def choose_password(
    ports: Ports,
    passwords: Passwords,
    person: Person,
    password: str,
    *,
    by: Literal["invitation", "reset", "self"],
) -> None:
    """Set the password, end every session, and delete unused reset links, with which somebody who reads the
    person's mail could replace the new password."""
    tenant = await ports.tenants.find()
    assert tenant is not None, "the person's tenant"
    chosen = normalised_password(password)
    about = (person.name, person.email, person.company or "", tenant.slug, tenant.legal.name)
    password_is_hard_to_guess(chosen, about=about, common=passwords.common)
    await ports.credentials.set_password(person.id, await passwords.hashed(chosen), ports.now)
    await ports.links.delete_unused(person.id, "password_reset")
    await forget_failures(ports, person.email)
    await end_sessions(ports, person.id, "password_changed")
    fact = PasswordChanged(person_id=person.id, by=by)
    ports.outbox.add(fact, subject=person.id, correlation=person.id)


async def change_password(ports: Ports, passwords: Passwords, me: Actor, current: str, new: str) -> bool:
    """Change the password. Return False if `current` is wrong, which counts like a failed sign-in. Raises
    TooMany after too many failures."""
    person = await person_who_acts(ports, me)
    attempt = await attempt_in_session(ports, person.email, str(me.session_id))
    known = await ports.credentials.lock(person.id)
    if known is None or not await passwords.matches(known.password_hash, normalised_password(current)):
        return False
    await attempt_succeeded(ports, attempt)
    await choose_password(ports, passwords, person, new, by="self")
    return True
