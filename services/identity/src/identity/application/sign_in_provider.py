"""A tenant chooses its sign-in provider, or removes it."""

from __future__ import annotations

from collections.abc import Sequence

from optima_contracts.identity import SignInProviderChanged
from optima_kit.actor import Actor
from optima_kit.refusals import Absent

from ..domain.providers import AllowedIssuer, Provider, addresses_of
from ..domain.roles import nobody_grants_more_than_they_hold
from .matrix import MATRIX
from .ports import Ports
from .versions import made_anew, still_at


async def choose_provider(
    ports: Ports,
    actor: Actor,
    expected_version: int | None,
    *,
    issuer: str,
    client_id: str,
    secret: str | None,
    allowed: Sequence[AllowedIssuer],
) -> Provider:
    """Choose the provider. It decides who is signed in as whom, so only a person who holds every privilege
    may."""
    nobody_grants_more_than_they_hold(MATRIX.known, actor.privileges)
    addresses_of(issuer, allowed)
    tenant = await ports.tenants.lock()
    known = await ports.providers.find()
    if known is None:
        made_anew(expected_version)
    else:
        still_at(known.version, expected_version)
    version = known.version + 1 if known else 1
    sealed = None if secret is None else ports.sealing.sealed(secret.encode(), f"provider {tenant.id}")
    provider = Provider(issuer, client_id, sealed, version)
    await ports.providers.save(provider)
    _tell(ports, issuer, client_id)
    return provider


async def give_up_provider(ports: Ports, actor: Actor) -> None:
    """Remove the provider. People sign in with their passwords again; their links to the provider's subjects
    stay stored."""
    nobody_grants_more_than_they_hold(MATRIX.known, actor.privileges)
    await ports.tenants.lock()
    if not await ports.providers.delete():
        raise Absent("provider_not_set_up")
    _tell(ports, None, None)


def _tell(ports: Ports, issuer: str | None, client_id: str | None) -> None:
    fact = SignInProviderChanged(tenant_id=ports.tenant_id, issuer=issuer, client_id=client_id)
    ports.outbox.add(fact, subject=ports.tenant_id, correlation=ports.tenant_id)
