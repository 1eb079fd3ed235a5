"""A signed-in person proves again who they are, before they do things that a stolen access token must not
allow."""

from __future__ import annotations

from optima_kit.actor import Actor

from ..domain.passwords import normalised_password
from .access import person_who_acts
from .attempts import attempt_in_session, attempt_succeeded
from .ports import Passwords, Ports
from .second_factor import code_opens


async def prove_oneself(
    ports: Ports, passwords: Passwords, me: Actor, *, password: str | None, code: str | None
) -> bool:
    """Check the password or a code of the second factor; if both are given, both must be right. Return False
    if they are wrong, which counts like a failed sign-in. Raises TooMany after too many failures."""
    person = await person_who_acts(ports, me)
    attempt = await attempt_in_session(ports, person.email, str(me.session_id))
    right = password is not None or code is not None
    if password is not None:
        known = await ports.credentials.lock(person.id)
        password_hash = known.password_hash if known else None
        right = await passwords.matches(password_hash, normalised_password(password))
    if right and code is not None:
        factor = await ports.second_factors.lock(person.id)
        right = factor is not None and factor.confirmed and await code_opens(ports, factor, code)
    if not right:
        return False
    await attempt_succeeded(ports, attempt)
    if me.session_id is not None:
        await ports.sessions.prove(me.session_id, ports.now, factor_shown=code is not None)
    return True
