"""Sign-in through a provider that the tenant chose: an OpenID Connect issuer that identifies people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest

from optima_kit.refusals import Invalid, Unauthenticated

from .people import Person

ATTEMPT_LIVES = timedelta(minutes=10)
"""How long a person may take from the sign-in button to the provider and back."""


@dataclass(frozen=True, slots=True)
class Provider:
    issuer: str
    client_id: str
    sealed_secret: bytes | None
    """None for a public client, which is protected only by PKCE."""
    version: int = 1


@dataclass(frozen=True, slots=True)
class Attempt:
    state_hash: bytes
    issuer: str
    redirect_uri: str
    nonce: str
    sealed_verifier: bytes
    browser_hash: bytes | None
    """Hash of a secret that the browser keeps, so that only this browser can complete the attempt. None for
    an attempt that an earlier release began."""
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Introduction:
    """What the provider says about the person who signed in there."""

    subject: str
    email: str | None
    email_verified: bool


@dataclass(frozen=True, slots=True)
class AllowedIssuer:
    issuer: str
    """An issuer. If it ends in "/", it stands for all issuers below it."""
    origins: tuple[str, ...] = ()
    """Further addresses, besides the issuer itself, whose origins the issuer's configuration may name."""

    def covers(self, issuer: str) -> bool:
        return issuer == self.issuer or (self.issuer.endswith("/") and issuer.startswith(self.issuer))


def addresses_of(issuer: str, allowed: Sequence[AllowedIssuer]) -> Sequence[str]:
    """Return the addresses whose origins belong to the issuer. We fetch from the issuer that a tenant names
    and from addresses that its configuration names, so the operator decides which ones are allowed. Raises
    Invalid if the issuer is not allowed."""
    covering = [entry for entry in allowed if entry.covers(issuer)]
    if not covering:
        raise Invalid("issuer_not_allowed", field="issuer")
    return [issuer, *(origin for entry in covering for origin in entry.origins)]


def attempt_is_good(
    attempt: Attempt | None, issuer: str | None, browser_hash: bytes, now: datetime
) -> Attempt:
    """Return the attempt. Raises Unauthenticated unless the returning browser began it, at the provider that
    the tenant still has, and it has not expired."""
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
    """Return the person known by the subject, or else the person whose e-mail address the provider has
    verified, unless that person is already linked to another subject: an address may pass to somebody else, a
    subject never does. Raises Unauthenticated if there is no such person."""
    if by_subject is not None:
        return by_subject
    if by_email is None or not introduction.email_verified or email_is_linked:
        raise Unauthenticated("person_not_recognised")
    return by_email
