"""Sign-in through a provider of the tenant's own: an OpenID Connect issuer that says who somebody is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest

from optima_kit.refusals import Invalid, Unauthenticated

from .people import Person

ATTEMPT_LIVES = timedelta(minutes=10)
"""From the button to the provider and back."""


@dataclass(frozen=True, slots=True)
class Provider:
    issuer: str
    client_id: str
    sealed_secret: bytes | None
    """None for a public client, which PKCE alone protects."""
    version: int = 1


@dataclass(frozen=True, slots=True)
class Attempt:
    state_hash: bytes
    issuer: str
    redirect_uri: str
    nonce: str
    sealed_verifier: bytes
    browser_hash: bytes | None
    """Of the secret that the browser keeps: nobody else's return counts. None for an attempt that the release
    before began."""
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Introduction:
    """What the provider says of whoever signed in there."""

    subject: str
    email: str | None
    email_verified: bool


@dataclass(frozen=True, slots=True)
class AllowedIssuer:
    issuer: str
    """One that ends in "/" stands for all below it."""
    origins: tuple[str, ...] = ()
    """Addresses whose origins its configuration may name beside its own."""

    def covers(self, issuer: str) -> bool:
        return issuer == self.issuer or (self.issuer.endswith("/") and issuer.startswith(self.issuer))


def addresses_of(issuer: str, allowed: Sequence[AllowedIssuer]) -> Sequence[str]:
    """The addresses whose origins are the issuer's. We fetch from whatever a tenant names as its issuer, and
    from what that names in turn: the operator says which ones that may be."""
    covering = [entry for entry in allowed if entry.covers(issuer)]
    if not covering:
        raise Invalid("issuer_not_allowed", field="issuer")
    return [issuer, *(origin for entry in covering for origin in entry.origins)]


def attempt_is_good(
    attempt: Attempt | None, issuer: str | None, browser_hash: bytes, now: datetime
) -> Attempt:
    """The attempt, begun by the browser that comes back, at today's provider. Raises Unauthenticated."""
    if (
        attempt is None
        or attempt.expires_at <= now
        or attempt.issuer != issuer
        or attempt.browser_hash is None
        or not compare_digest(attempt.browser_hash, browser_hash)
    ):
        raise Unauthenticated("attempt_not_valid")
    return attempt


def introduction_names_a_person(
    introduction: Introduction, by_subject: Person | None, by_email: Person | None, email_is_linked: bool
) -> Person:
    """The person known under the subject, or else the one whose address the provider has verified, unless
    another subject is that person already: an address may pass to somebody else, a subject never does."""
    if by_subject is not None:
        return by_subject
    if by_email is None or not introduction.email_verified or email_is_linked:
        raise Unauthenticated("person_not_recognised")
    return by_email
