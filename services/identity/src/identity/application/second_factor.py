"""Set up, confirm, use and remove a person's second factor."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from urllib.parse import quote
from uuid import UUID

from optima_contracts.identity import SecondFactorChanged
from optima_kit.actor import Actor
from optima_kit.refusals import Absent, Invalid, WrongState

from ..domain.second_factor import DIGITS, RECOVERY_CODES, STEP_SECONDS, SecondFactor, step_that_shows
from .access import person_to_manage, person_who_acts
from .attempts import attempt_in_session, attempt_succeeded
from .opaque_tokens import hashed_secret
from .ports import Ports
from .sessions import end_sessions

_SECRET_BYTES = 20
_RECOVERY_BYTES = 15


@dataclass(frozen=True, slots=True)
class Setup:
    secret: str
    uri: str
    """The URI that a phone reads from a QR code."""


async def set_up_second_factor(ports: Ports, me: Actor) -> Setup:
    """Set up a second factor with a new secret. It is not asked for until it is confirmed; until then it can
    be set up again."""
    person = await person_who_acts(ports, me)
    known = await ports.second_factors.lock(person.id)
    if known is not None and known.confirmed:
        raise WrongState("second_factor_active")
    tenant = await ports.tenants.find()
    assert tenant is not None, "the person's tenant"
    secret = secrets.token_bytes(_SECRET_BYTES)
    await ports.second_factors.save(SecondFactor(person.id, ports.sealing.sealed(secret, str(person.id))))
    text = base64.b32encode(secret).decode()
    label = quote(f"Linea OPTIMA {tenant.slug}:{person.email}", safe="")
    issuer = quote(f"Linea OPTIMA {tenant.slug}")
    uri = f"otpauth://totp/{label}?secret={text}&issuer={issuer}&digits={DIGITS}&period={STEP_SECONDS}"
    return Setup(text, uri)


async def confirm_second_factor(ports: Ports, me: Actor, code: str) -> list[str]:
    """Confirm the second factor, which is asked for from now on, and end the person's other sessions. Return
    the recovery codes, each of which works for one sign-in."""
    person_id = me.person_id
    factor = await ports.second_factors.lock(person_id)
    if factor is None or factor.confirmed:
        raise WrongState("second_factor_not_set_up" if factor is None else "second_factor_active")
    used = _used(ports, factor, code)
    if used is None:
        raise Invalid("code_not_valid", field="code")
    codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
    await ports.second_factors.save(used.confirmed_with(tuple(hashed_secret(each) for each in codes)))
    if me.session_id is not None:
        await ports.sessions.prove(me.session_id, ports.now, factor_shown=True)
    await end_sessions(ports, person_id, "signed_out", but=me.session_id)
    _tell(ports, person_id, active=True)
    return codes


async def code_opens(ports: Ports, factor: SecondFactor, code: str) -> bool:
    """Tell whether this is a present code or a recovery code that was not used before, and use it up."""
    used = _used(ports, factor, code)
    if used is None:
        return False
    await ports.second_factors.save(used)
    return True


async def give_up_with_code(ports: Ports, me: Actor, code: str) -> bool:
    """Remove the person's own second factor and end their other sessions. Return False if the code is wrong,
    which counts like a wrong password. Raises TooMany after too many failures."""
    person = await person_who_acts(ports, me)
    factor = await ports.second_factors.lock(person.id)
    if factor is None:
        raise Absent("second_factor_not_set_up")
    attempt = await attempt_in_session(ports, person.email, str(me.session_id))
    if not await code_opens(ports, factor, code):
        return False
    await attempt_succeeded(ports, attempt)
    await end_sessions(ports, person.id, "signed_out", but=me.session_id)
    await _remove(ports, person.id)
    return True


async def take_second_factor_away(ports: Ports, actor: Actor, person_id: UUID) -> None:
    """Remove the second factor of a person who has lost their phone and recovery codes. The admin who does so
    must have made sure who the person is."""
    await person_to_manage(ports, actor, person_id)
    await _remove(ports, person_id)


async def _remove(ports: Ports, person_id: UUID) -> None:
    if not await ports.second_factors.delete(person_id):
        raise Absent("second_factor_not_set_up")
    _tell(ports, person_id, active=False)


def _used(ports: Ports, factor: SecondFactor, code: str) -> SecondFactor | None:
    secret = ports.sealing.opened(factor.sealed_secret, str(factor.person_id))
    step = step_that_shows(code, secret, ports.now, after=factor.last_step)
    if step is not None:
        return factor.with_step(step)
    code_hash = hashed_secret(code.strip().lower())
    return factor.without_recovery(code_hash) if code_hash in factor.recovery_hashes else None


def _recovery_code() -> str:
    text = base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower()
    return "-".join(text[i : i + 4] for i in range(0, len(text), 4))


def _tell(ports: Ports, person_id: UUID, *, active: bool) -> None:
    fact = SecondFactorChanged(person_id=person_id, active=active)
    ports.outbox.add(fact, subject=person_id, correlation=person_id)
