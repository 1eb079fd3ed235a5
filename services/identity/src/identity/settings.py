"""Settings that the identity service reads from the environment, besides the kit's settings."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from optima_contracts.privileges import BUILT_IN_ROLES
from optima_kit.egress import EgressExceptions
from optima_kit.hardening import (
    ELSEWHERE,
    FORMER,
    KeySecret,
    MailedUrl,
    MailServer,
    Sender,
    StrongSecret,
    in_production,
    over_tls,
)
from optima_kit.settings import Networks, Separated, Settings

from .domain.providers import AllowedIssuer


def _each_over_tls(entries: tuple[str, ...]) -> None:
    over_tls(tuple(url for entry in entries for url in entry.split()))


class IdentitySettings(Settings):
    key_secret: KeySecret
    """Secret that encrypts signing keys and second factors at rest. It must be the same in every replica; if
    it is lost, every session and second factor is lost too. To change it, put the new secret before the
    former one, separated by a comma."""
    platform_client_id: str = "platform"
    """The client id with which the platform gets its tokens."""
    platform_client_secret: StrongSecret
    """The client secret with which the platform gets its tokens, to register tenants."""
    oidc_issuers: Annotated[Separated, in_production(_each_over_tls)] = ()
    """OpenID Connect issuers that tenants may choose as their sign-in provider, separated by commas. One that
    ends in "/" allows all issuers below it. An issuer may be followed by spaces and further origins that its
    configuration may name: `https://accounts.google.com https://oauth2.googleapis.com
    https://www.googleapis.com`. If there is no issuer, people sign in only with passwords."""
    oidc_networks: Annotated[Networks, ELSEWHERE] = ()
    """Networks outside the public internet in which issuers may be, separated by commas ("10.20.0.0/16"),
    such as for providers on the operator's own premises. Production refuses networks with this machine's own
    addresses: loopback, link-local, unspecified."""
    second_factor_roles: Separated = Field(
        default_factory=lambda read: () if read["environment"] == "demonstration" else ("admin",)
    )
    """Built-in roles that grant nothing in a session in which no second factor was shown. The default is
    admin, except in demonstrations. People without a second factor sign in and set one up."""
    mail_url: MailServer | None = None
    """Mail server: `smtps://user:password@host` or `smtp://…` (STARTTLS), with `?cafile=/path` for a private
    certificate authority. Without a mail server, links are handed over by hand."""
    mail_from: Sender = "Linea OPTIMA <noreply@localhost>"
    """The sender of mail."""
    portal_url: MailedUrl = "http://127.0.0.1:8080"
    """Address of the portal to which links in mail lead."""

    @property
    def allowed_issuers(self) -> tuple[AllowedIssuer, ...]:
        listed = (entry.split() for entry in self.oidc_issuers)
        return tuple(AllowedIssuer(issuer, tuple(origins)) for issuer, *origins in listed)

    @property
    def egress_exceptions(self) -> EgressExceptions:
        return EgressExceptions(self.environment == "demonstration", self.oidc_networks)

    @field_validator("second_factor_roles")
    @classmethod
    def _built_in(cls, roles: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := sorted(set(roles) - set(BUILT_IN_ROLES)):
            raise ValueError(f"{unknown[0]!r} is none of {', '.join(BUILT_IN_ROLES)}")
        return roles

    @field_validator("platform_client_secret")
    @classmethod
    def _one_secret_one_purpose(cls, secret: SecretStr, info: ValidationInfo) -> SecretStr:
        keys = info.data.get("key_secret")
        if keys is not None and secret.get_secret_value() in keys.get_secret_value().split(FORMER):
            raise ValueError("must differ from OPTIMA_KEY_SECRET")
        return secret
