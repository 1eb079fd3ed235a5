"""A person signs in with e-mail and password.

The password is judged between two transactions, since hashing takes long. The first one counts the attempt,
so that however many guesses run at once, each finds those before it; the second takes back what succeeded.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Literal

from optima_contracts.identity import SignInRefused
from optima_kit.refusals import TooMany, Unauthenticated

from ..domain.passwords import normalised_password
from ..domain.people import Person, normalised_email
from ..domain.second_factor import SecondFactor
from .access_tokens import Grant
from .attempts import (
    Attempt,
    attempt_at_known_device,
    attempt_from_address,
    attempt_succeeded,
    attempt_taken_back,
)
from .begin_session import begin_session
from .ports import Credentials, Directory, Passwords, Ports
from .second_factor import code_opens
from .tenant_of_slug import tenant_of_slug

Fault = Literal["wrong_password", "wrong_code", "inactive", "code_needed"]


@dataclass(frozen=True, slots=True)
class PasswordGrant:
    tenant: str
    email: str
    password: str
    code: str | None
    """Of the second factor, for those who have one."""
    device: str
    """What the browser says of itself."""
    address: str
    """Where it asks from."""
    device_token: str | None
    """From an earlier sign-in."""


async def sign_in(directory: Directory, passwords: Passwords, grant: PasswordGrant) -> Grant:
    """Raises Unauthenticated, the same for an unknown tenant or e-mail, a wrong password or code, and a
    person who has left: what is wrong would tell a stranger who is one of us. Only whoever knows the password
    is told that a code is needed too. Raises TooMany where attempts from there have to wait."""
    tenant_id = await tenant_of_slug(directory, grant.tenant)
    email = normalised_email(grant.email)
    async with directory.work(tenant_id) as ports:
        known = await ports.credentials.find_by_email(email)
        device = ports.devices.device(known, grant.device_token) if known and grant.device_token else None
        if device is not None:
            attempt = await attempt_at_known_device(ports, email, device)
        else:
            attempt = await attempt_from_address(ports, email, grant.address)
    if attempt.pause:
        await asyncio.sleep(attempt.pause.total_seconds())
    password = normalised_password(grant.password)
    password_hash = known.password_hash if known else None
    try:
        right = await passwords.matches(password_hash, password, first=device is not None)
    except TooMany:
        async with directory.work(tenant_id) as ports:
            await attempt_taken_back(ports, attempt)
        raise
    if known is None:
        raise Unauthenticated("sign_in_refused")
    async with directory.work(tenant_id) as ports:
        outcome = await _judge(ports, known, right, grant, attempt)
        if isinstance(outcome, Grant) and device is None:
            outcome = replace(outcome, device_token=ports.devices.new_token(known))
    if outcome == "code_needed":
        raise Unauthenticated("second_factor_required")
    if not isinstance(outcome, Grant):
        raise Unauthenticated("sign_in_refused")
    return outcome


async def _judge(
    ports: Ports, judged: Credentials, right: bool, grant: PasswordGrant, attempt: Attempt
) -> Grant | Fault:
    credentials = await ports.credentials.lock(judged.person_id)
    person = await ports.people.find(judged.person_id)
    assert credentials is not None, "credentials are never removed"
    assert person is not None, "the credentials' foreign key"
    # While this password was being judged, another may have been chosen.
    right = right and credentials.password_hash == judged.password_hash
    factor = await ports.second_factors.lock(person.id)
    if factor is not None and not factor.confirmed:
        factor = None
    fault = await _fault(ports, person, factor, right, grant.code)
    if fault is None:
        await attempt_succeeded(ports, attempt)
        return await begin_session(ports, person, grant.device, factor_shown=factor is not None)
    if fault == "code_needed":
        await attempt_taken_back(ports, attempt)
    elif attempt.worth_telling:
        fact = SignInRefused(person_id=person.id, reason=fault)
        ports.outbox.add(fact, subject=person.id, correlation=person.id)
    return fault


async def _fault(
    ports: Ports, person: Person, factor: SecondFactor | None, right: bool, code: str | None
) -> Fault | None:
    if not right:
        return "wrong_password"
    if not person.active:
        return "inactive"
    if factor is None:
        return None
    if code is None:
        return "code_needed"
    return None if await code_opens(ports, factor, code) else "wrong_code"
