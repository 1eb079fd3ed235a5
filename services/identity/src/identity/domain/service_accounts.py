"""Service accounts: machine clients that sign in for themselves with given scopes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from optima_kit.refusals import WrongState


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    id: UUID
    name: str
    scopes: frozenset[str]
    secret_hash: bytes
    """SHA-256 of the secret. A fast hash is enough, because 256 random bits cannot be guessed."""
    active: bool = True
    version: int = 1

    def closed(self) -> ServiceAccount:
        return replace(self, active=False, version=self.version + 1)

    def with_secret(self, secret_hash: bytes) -> ServiceAccount:
        return replace(self, secret_hash=secret_hash, version=self.version + 1)


def only_active_accounts_are_changed(account: ServiceAccount) -> None:
    if not account.active:
        raise WrongState("service_account_closed", name=account.name)


def account_name_is_free(name: str, known: ServiceAccount | None) -> None:
    if known is not None:
        raise WrongState("service_account_exists", field="name", name=name)
