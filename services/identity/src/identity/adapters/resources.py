"""What handlers need beside the database: made once a process by bootstrap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from optima_kit.db import UnitOfWork

from ..application.ports import Ports
from ..application.sign_in_service import PlatformClient
from ..domain.providers import AllowedIssuer
from .keyring import Keyring
from .mail import Mailer, SealedPost
from .oidc import OidcClient
from .passwords import Argon2Passwords


@dataclass(frozen=True, slots=True)
class Resources:
    ports: Callable[[UnitOfWork], Ports]
    passwords: Argon2Passwords
    keyring: Keyring
    platform: PlatformClient
    post: SealedPost
    mailer: Mailer | None
    """None where mail is not set up."""
    provider_client: OidcClient
    allowed_issuers: tuple[AllowedIssuer, ...]
    """OpenID Connect issuers that the operator lets tenants choose from."""
    issuer: str
    refusals_take: float = 0.3
    """Seconds. Every refused sign-in is answered this long after it came, whatever was wrong with it."""
