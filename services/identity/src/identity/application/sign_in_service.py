"""A machine signs in with its client id and secret: a tenant's service account, or the platform itself."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from uuid import UUID

from optima_kit.refusals import Unauthenticated

from ..domain.service_accounts import ServiceAccount
from .access_tokens import Grant, claims_of_account, claims_of_platform
from .opaque_tokens import same_secret
from .ports import Directory


@dataclass(frozen=True, slots=True)
class PlatformClient:
    """The client that may register tenants. It is known only from the configuration."""

    client_id: str
    secret: str

    def is_it(self, client_id: str, secret: str) -> bool:
        """Tell in constant time whether these are the platform's credentials."""
        right_id = hmac.compare_digest(client_id.encode(), self.client_id.encode())
        right_secret = hmac.compare_digest(secret.encode(), self.secret.encode())
        return right_id and right_secret


def client_id_of(tenant_id: UUID, account: ServiceAccount) -> str:
    """Return the account's client id. It names the tenant too, so that the account is searched only among the
    tenant's rows."""
    return f"{tenant_id.hex}.{account.id.hex}"


async def sign_in_service(
    directory: Directory, platform: PlatformClient, client_id: str, secret: str
) -> Grant:
    """Sign a machine in. It gets no refresh token, because it has its secret (RFC 6749 §4.4.3). Raises the
    same Unauthenticated for an unknown client and a wrong secret."""
    if platform.is_it(client_id, secret):
        return Grant(claims_of_platform())
    tenant, _, account_hex = client_id.partition(".")
    try:
        tenant_id, account_id = UUID(hex=tenant), UUID(hex=account_hex)
    except ValueError:
        raise Unauthenticated("client_refused", scheme="Basic") from None
    async with directory.reading(tenant_id) as ports:
        account = await ports.accounts.find(account_id)
    if account is None or not account.active or not same_secret(secret, account.secret_hash):
        raise Unauthenticated("client_refused", scheme="Basic")
    return Grant(claims_of_account(tenant_id, account))
