"""A person signs in with e-mail and password.

The password is checked between two transactions, because hashing takes long. The first transaction counts the
attempt as failed, so that each of many simultaneous guesses counts those before it. The second one takes the
attempt back if it succeeded."""

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
    """Code of the second factor, for people who have one."""
    device: str
    """The browser's description of itself."""
    address: str
    """The browser's network address."""
    device_token: str | None
    """The device token from an earlier sign-in in this browser."""


async def sign_in(directory: Directory, passwords: Passwords, grant: PasswordGrant) -> Grant:
    """Sign a person in. Raises the same Unauthenticated for an unknown tenant or e-mail address, a wrong
    password or code, and an inactive person; otherwise strangers could find out who has an account. Only a
    person who knows the password learns that a code is needed too. Raises TooMany if attempts from this
    source have to wait."""
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
    # While the password was being checked, another one may have been set.
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
