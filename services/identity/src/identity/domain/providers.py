"""Sign-in through a provider of the tenant's own: an OpenID Connect issuer that says who somebody is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

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
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Introduction:
    """What the provider says of whoever signed in there."""

    subject: str
    email: str | None
    email_verified: bool


def operator_allows_issuer(issuer: str, allowed: Sequence[str]) -> None:
    """We fetch from whatever a tenant names as its issuer: the operator says which ones that may be. An
    entry that ends in "/" allows all below it."""
    for entry in allowed:
        if issuer == entry or (entry.endswith("/") and issuer.startswith(entry)):
            return
    raise Invalid("issuer_not_allowed", field="issuer")


def attempt_is_good(attempt: Attempt | None, issuer: str | None, now: datetime) -> Attempt:
    if attempt is None or attempt.expires_at <= now or attempt.issuer != issuer:
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
