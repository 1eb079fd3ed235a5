"""Builds the service from its adapters."""

from __future__ import annotations

from typing import Literal

from optima_kit.actor import Actor
from optima_kit.db import UnitOfWork
from optima_kit.egress import EgressGuard
from optima_kit.http import Route, Routes
from optima_kit.sealing import Sealer
from optima_kit.service import Service

from .adapters import http_access, http_directory
from .adapters.devices import SealedDevices
from .adapters.jobs import jobs
from .adapters.keyring import KeyMaker, Keyring
from .adapters.mail import Mailer, SealedPost
from .adapters.messages import reactions
from .adapters.oidc import OidcClient
from .adapters.passwords import Argon2Passwords
from .adapters.postgres import (
    PostgresCredentials,
    PostgresFailureCounts,
    PostgresLinks,
    PostgresNames,
    PostgresPeople,
    PostgresProviders,
    PostgresRoles,
    PostgresSecondFactors,
    PostgresServiceAccounts,
    PostgresSessions,
    PostgresSigningKeys,
    PostgresTenants,
    PostgresUnits,
)
from .adapters.resources import Resources
from .adapters.sealed_columns import sealed_columns
from .application.admit import admit
from .application.ports import Ports
from .application.sign_in_service import PlatformClient
from .settings import IdentitySettings


def service(settings: IdentitySettings) -> Service[Ports]:
    key_secret = settings.key_secret.get_secret_value()
    maker = KeyMaker(key_secret)
    sealing = Sealer(key_secret, "identity second factors")
    devices = SealedDevices(key_secret)
    post = SealedPost(Sealer(key_secret, "identity links on their way"), set_up=settings.mail_url is not None)

    def ports(work: UnitOfWork) -> Ports:
        return Ports(
            tenant_id=work.tenant_id,
            tenants=PostgresTenants(work),
            people=PostgresPeople(work),
            units=PostgresUnits(work),
            names=PostgresNames(work),
            roles=PostgresRoles(work, settings.second_factor_roles),
            credentials=PostgresCredentials(work),
            failures=PostgresFailureCounts(work),
            devices=devices,
            links=PostgresLinks(work),
            sessions=PostgresSessions(work),
            accounts=PostgresServiceAccounts(work),
            second_factors=PostgresSecondFactors(work),
            providers=PostgresProviders(work),
            signing_keys=PostgresSigningKeys(work),
            key_maker=maker,
            sealing=sealing,
            post=post,
            outbox=work.outbox,
            jobs=work.jobs,
            now=work.now,
        )

    async def admitted(work: UnitOfWork, actor: Actor, route: Route) -> Actor:
        lock: Literal["directory", "person"] = "directory" if route.privilege else "person"
        locking = lock if route.transaction and route.writes else None
        return await admit(ports(work), actor, lock=locking, proof=route.proof)

    passwords = Argon2Passwords()
    routes = Routes()
    routes.include(http_directory.routes)
    routes.include(http_access.routes)
    return Service(
        name="identity",
        package="identity",
        settings=settings,
        ports=ports,
        routes=routes,
        reactions=reactions,
        jobs=jobs,
        admit=admitted,
        resources=Resources(
            ports=ports,
            passwords=passwords,
            keyring=Keyring(maker, ports, settings.issuer, settings.audience),
            platform=PlatformClient(
                settings.platform_client_id, settings.platform_client_secret.get_secret_value()
            ),
            post=post,
            provider_client=OidcClient(
                EgressGuard(settings.egress_exceptions), settings.egress_exceptions, settings.allowed_issuers
            ),
            allowed_issuers=settings.allowed_issuers,
            mailer=_mailer(settings),
            issuer=settings.issuer,
        ),
        close_resources=passwords.close,
        sealed=sealed_columns(sealing),
    )


def _mailer(settings: IdentitySettings) -> Mailer | None:
    if settings.mail_url is None:
        return None
    return Mailer(settings.mail_url.get_secret_value(), settings.mail_from, settings.portal_url)
