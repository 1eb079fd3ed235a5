"""A person signs in at their tenant's provider, by an authorisation code with PKCE (RFC 7636) and a nonce.

Calls to the provider happen between transactions.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime

from optima_contracts.identity import SignInRefused
from optima_kit.refusals import Absent, Unauthenticated

from ..domain.people import Person, normalised_email
from ..domain.providers import (
    ATTEMPT_LIVES,
    Attempt,
    Introduction,
    Provider,
    attempt_is_good,
    introduction_names_a_person,
)
from .access_tokens import Grant
from .begin_session import begin_session
from .facts import tell_of_person
from .opaque_tokens import hashed_secret, new_secret, new_token, read_token
from .ports import Directory, Ports, ProviderClient
from .tenant_of_slug import tenant_of_slug


@dataclass(frozen=True, slots=True)
class Departure:
    """Where to send the browser. The browser keeps `browser_secret` and presents it when it comes back."""

    authorization_url: str
    state: str
    browser_secret: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Return:
    """What a browser brings back from the provider."""

    state: str
    browser_secret: str
    code: str
    issuer: str | None
    """The issuer that the answer names as its sender (RFC 9207)."""


async def begin_at_provider(
    directory: Directory, client: ProviderClient, slug: str, redirect_uri: str
) -> Departure:
    """Begin an attempt and return where to send the browser. Raises the same Absent if the tenant is unknown
    and if it has no provider."""
    tenant_id = await tenant_of_slug(directory, slug)
    async with directory.reading(tenant_id) as ports:
        provider = await ports.providers.find()
    if provider is None:
        raise Absent("provider_not_set_up")
    state, nonce, verifier, browser = new_token(tenant_id), new_secret(), new_secret(), new_secret()
    url = await client.authorization_url(
        provider, redirect_uri=redirect_uri, state=state.text, nonce=nonce, challenge=_challenge(verifier)
    )
    async with directory.work(tenant_id) as ports:
        attempt = Attempt(
            state.secret_hash,
            provider.issuer,
            redirect_uri,
            nonce,
            ports.sealing.sealed(verifier.encode(), state.secret_hash.hex()),
            hashed_secret(browser),
            ports.now + ATTEMPT_LIVES,
        )
        await ports.providers.insert_attempt(attempt)
    return Departure(url, state.text, browser, attempt.expires_at)


async def return_from_provider(
    directory: Directory, client: ProviderClient, back: Return, device: str
) -> Grant:
    """Complete an attempt. Its first return uses it up, whatever the outcome. Raises Unauthenticated if
    another browser returns, if the provider refuses the code, or if it names nobody in our directory."""
    presented = read_token(back.state)
    async with directory.work(presented.tenant_id) as ports:
        taken = await ports.providers.take_attempt(presented.secret_hash)
        provider = await ports.providers.find()
        now = ports.now
    attempt = attempt_is_good(
        taken, provider.issuer if provider else None, hashed_secret(back.browser_secret), now
    )
    assert provider is not None, "the attempt's issuer is the provider's"
    async with directory.reading(presented.tenant_id) as ports:
        verifier = ports.sealing.opened(attempt.sealed_verifier, attempt.state_hash.hex()).decode()
        secret = _secret(ports, provider)
    introduction = await client.introduction(
        provider,
        secret,
        code=back.code,
        answered_by=back.issuer,
        verifier=verifier,
        redirect_uri=attempt.redirect_uri,
        nonce=attempt.nonce,
    )
    async with directory.work(presented.tenant_id) as ports:
        granted = await _welcome(ports, provider.issuer, introduction, device)
    if granted is None:
        raise Unauthenticated("person_not_recognised")
    return granted


async def _welcome(ports: Ports, issuer: str, introduction: Introduction, device: str) -> Grant | None:
    """Begin a session for the person whom the provider named, or return None if they are not active. An
    invited person accepts their invitation by this."""
    await ports.tenants.lock()
    person = await _named(ports, issuer, introduction)
    if person.joined_at is None and not person.suspended:
        person = person.joined(ports.now)
        await ports.people.update(person)
        tell_of_person(ports, person)
    if not person.active:
        fact = SignInRefused(person_id=person.id, reason="inactive")
        ports.outbox.add(fact, subject=person.id, correlation=person.id)
        return None
    return await begin_session(ports, person, device, factor_shown=False)


async def _named(ports: Ports, issuer: str, introduction: Introduction) -> Person:
    by_subject = await ports.providers.find_person(issuer, introduction.subject)
    if by_subject is not None:
        known = await ports.people.find(by_subject)
        return introduction_names_a_person(introduction, known, None, email_is_linked=False)
    email = normalised_email(introduction.email or "")
    by_email = await ports.people.find_by_email(email)
    linked = by_email is not None and await ports.providers.is_linked(issuer, by_email.id)
    person = introduction_names_a_person(introduction, None, by_email, email_is_linked=linked)
    await ports.providers.insert_subject(issuer, introduction.subject, person.id)
    return person


def _secret(ports: Ports, provider: Provider) -> str | None:
    if provider.sealed_secret is None:
        return None
    return ports.sealing.opened(provider.sealed_secret, f"provider {ports.tenant_id}").decode()


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
