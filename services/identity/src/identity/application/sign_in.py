"""A person signs in with e-mail and password.

The password is judged between two transactions, since hashing takes long. The second one locks the
account and counts: however many guesses run at once, none counts for more than its place in that row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from optima_contracts.identity import SignInRefused
from optima_kit.refusals import Unauthenticated

from ..domain.passwords import Attempts, normalised_password
from ..domain.people import Person, normalised_email
from .access_tokens import Grant
from .begin_session import begin_session
from .ports import Credentials, Directory, Passwords, Ports
from .second_factor import code_opens
from .tenant_of_slug import tenant_of_slug

Fault = Literal["locked", "wrong_password", "wrong_code", "inactive", "code_needed"]


@dataclass(frozen=True, slots=True)
class PasswordGrant:
    tenant: str
    email: str
    password: str
    code: str | None
    """Of the second factor, for those who have one."""
    device: str


async def sign_in(directory: Directory, passwords: Passwords, grant: PasswordGrant) -> Grant:
    """Raises Unauthenticated, the same for an unknown tenant or e-mail, a wrong password or code, an account
    that is locked, and a person who has left: what is wrong would tell a stranger who is one of us. Only
    whoever knows the password is told that a code is needed too."""
    tenant_id = await tenant_of_slug(directory, grant.tenant)
    async with directory.reading(tenant_id) as ports:
        known = await ports.credentials.find_by_email(normalised_email(grant.email))
    password = normalised_password(grant.password)
    right = await passwords.matches(known.password_hash if known else None, password)
    if known is None:
        raise Unauthenticated("sign_in_refused")
    async with directory.work(tenant_id) as ports:
        outcome = await _judge(ports, known, right, grant)
    if outcome == "code_needed":
        raise Unauthenticated("second_factor_required")
    if not isinstance(outcome, Grant):
        raise Unauthenticated("sign_in_refused")
    return outcome


async def _judge(ports: Ports, judged: Credentials, right: bool, grant: PasswordGrant) -> Grant | Fault:
    credentials = await ports.credentials.lock(judged.person_id)
    person = await ports.people.find(judged.person_id)
    assert credentials is not None, "credentials are never removed"
    assert person is not None, "the credentials' foreign key"
    # While this password was being judged, another may have been chosen.
    right = right and credentials.password_hash == judged.password_hash
    fault = await _fault(ports, person, credentials.attempts, right, grant.code)
    if fault is None:
        if credentials.attempts != Attempts():
            await ports.credentials.update_attempts(person.id, Attempts())
        return await begin_session(ports, person, grant.device)
    if fault in ("wrong_password", "wrong_code"):
        await ports.credentials.update_attempts(person.id, credentials.attempts.after_failure(ports.now))
    if fault != "code_needed":
        fact = SignInRefused(person_id=person.id, reason=fault)
        ports.outbox.add(fact, subject=person.id, correlation=person.id)
    return fault


async def _fault(
    ports: Ports, person: Person, attempts: Attempts, right: bool, code: str | None
) -> Fault | None:
    """While an account is locked, not even the right password opens it."""
    if attempts.locked(ports.now):
        return "locked"
    if not right:
        return "wrong_password"
    if not person.active:
        return "inactive"
    factor = await ports.second_factors.lock(person.id)
    if factor is None or not factor.confirmed:
        return None
    if code is None:
        return "code_needed"
    return None if await code_opens(ports, factor, code) else "wrong_code"
