"""A person's password is set: by an invitation, a reset, or themselves."""

from __future__ import annotations

from ..domain.passwords import normalised_password, password_is_hard_to_guess
from ..domain.people import Person
from .ports import Passwords, Ports


async def choose_password(ports: Ports, passwords: Passwords, person: Person, password: str) -> None:
    tenant = await ports.tenants.get()
    assert tenant is not None, "the person's tenant"
    chosen = normalised_password(password)
    about = (person.name, person.email, person.company or "", tenant.slug, tenant.legal.name)
    password_is_hard_to_guess(chosen, about=about)
    await ports.credentials.set_password(person.id, await passwords.hashed(chosen), ports.now)
