"""Open a service account, renew its secret, or close it. A secret is shown only in the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.ids import new_id

from ..domain.roles import nobody_grants_more_than_they_hold, scopes_hold_only_grantable_privileges
from ..domain.service_accounts import ServiceAccount, account_name_is_free
from .access import account_to_manage
from .facts import tell_of_account
from .matrix import MATRIX
from .opaque_tokens import hashed_secret, new_secret
from .ports import Ports


@dataclass(frozen=True, slots=True)
class NewServiceAccount:
    account: ServiceAccount
    secret: str


async def open_service_account(
    ports: Ports, actor: Actor, *, name: str, scopes: Sequence[str]
) -> NewServiceAccount:
    await ports.tenants.lock()
    account_name_is_free(name, await ports.accounts.find_by_name(name))
    scopes_hold_only_grantable_privileges(scopes, MATRIX)
    nobody_grants_more_than_they_hold(frozenset(scopes), actor.privileges, field="scopes")
    secret = new_secret()
    account = ServiceAccount(new_id(), name, frozenset(scopes), hashed_secret(secret))
    await ports.accounts.insert(account)
    tell_of_account(ports, account)
    return NewServiceAccount(account, secret)


async def renew_secret(ports: Ports, actor: Actor, account_id: UUID) -> NewServiceAccount:
    """Give the account a new secret. The old one stops working."""
    account = await account_to_manage(ports, actor, account_id)
    secret = new_secret()
    renewed = account.with_secret(hashed_secret(secret))
    await ports.accounts.update(renewed)
    tell_of_account(ports, renewed, secret_renewed=True)
    return NewServiceAccount(renewed, secret)


async def close_service_account(ports: Ports, actor: Actor, account_id: UUID) -> None:
    account = await account_to_manage(ports, actor, account_id)
    closed = account.closed()
    await ports.accounts.update(closed)
    tell_of_account(ports, closed)
