"""What handlers need besides the database. The bootstrap module makes it once in each process."""

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
    """None if mail is not set up."""
    provider_client: OidcClient
    allowed_issuers: tuple[AllowedIssuer, ...]
    """OpenID Connect issuers from which the operator lets tenants choose."""
    issuer: str
    refusals_take: float = 0.3
    """Seconds after which every refused sign-in is answered, whatever was wrong with it."""
