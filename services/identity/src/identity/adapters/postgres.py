"""The directory in PostgreSQL. Row-level security confines every statement to the transaction's tenant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from optima_contracts.privileges import privileges_of
from optima_kit.postgres import Connection
from optima_kit.refusals import Absent
from optima_kit.sql import load_queries

from ..application.ports import Credentials
from ..domain.links import Link, Purpose
from ..domain.passwords import Attempts
from ..domain.people import Person
from ..domain.providers import Attempt, Provider
from ..domain.roles import Role
from ..domain.second_factor import SecondFactor
from ..domain.service_accounts import ServiceAccount
from ..domain.sessions import RefreshToken, Session
from ..domain.signing import SigningKey
from ..domain.tenants import Legal, Tenant
from ..domain.units import Unit

if TYPE_CHECKING:
    from asyncpg import Record

SQL = load_queries(__package__)

_NO_ID = UUID(int=0)


class PostgresTenants:
    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def by_slug(self, slug: str) -> Tenant | None:
        return _tenant(await self._connection.fetchrow(SQL.find_tenant_by_slug, slug))

    async def get(self) -> Tenant | None:
        return _tenant(await self._connection.fetchrow(SQL.get_tenant))

    async def lock(self) -> Tenant:
        tenant = _tenant(await self._connection.fetchrow(SQL.lock_tenant))
        if tenant is None:
            # Another issuer's token may name a tenant that was never registered here.
            raise Absent("tenant_not_found")
        return tenant

    async def add(self, tenant: Tenant) -> bool:
        added = await self._connection.fetchval(
            SQL.add_tenant,
            tenant.id,
            tenant.slug,
            asdict(tenant.legal),
            tenant.language,
            tenant.time_zone,
            tenant.version,
            self._now,
        )
        return added is not None

    async def save(self, tenant: Tenant) -> None:
        await self._connection.execute(
            SQL.save_tenant,
            tenant.id,
            asdict(tenant.legal),
            tenant.language,
            tenant.time_zone,
            tenant.version,
        )


class PostgresRoles:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def by_keys(self, keys: Sequence[str]) -> Sequence[Role]:
        return [_role(row) for row in await self._connection.fetch(SQL.find_roles, list(keys))]

    async def page(self, *, after: str | None, limit: int) -> Sequence[Role]:
        return [_role(row) for row in await self._connection.fetch(SQL.list_roles, after or "", limit)]

    async def told_privileges(self, keys: Sequence[str]) -> Mapping[str, frozenset[str]]:
        rows = await self._connection.fetch(SQL.find_roles, list(keys))
        return {row["key"]: frozenset(row["privileges"]) for row in rows}

    async def add(self, role: Role) -> None:
        await self._connection.execute(
            SQL.add_role, role.id, role.key, role.name, sorted(role.privileges), role.built_in, role.version
        )

    async def save(self, role: Role) -> None:
        await self._connection.execute(
            SQL.save_role, role.id, role.name, sorted(role.privileges), role.version
        )


class PostgresUnits:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def by_key(self, key: str) -> Unit | None:
        row = await self._connection.fetchrow(SQL.find_unit, key)
        return Unit(**row) if row else None

    async def page(self, *, after: str | None, limit: int) -> Sequence[Unit]:
        return [Unit(**row) for row in await self._connection.fetch(SQL.list_units, after or "", limit)]

    async def units_from(self, unit_id: UUID) -> Sequence[UUID]:
        return [row["id"] for row in await self._connection.fetch(SQL.climb_units, unit_id)]

    async def led_by(self, person_id: UUID) -> Sequence[Unit]:
        return [Unit(**row) for row in await self._connection.fetch(SQL.list_units_led_by, person_id)]

    async def add(self, unit: Unit) -> None:
        await self._connection.execute(
            SQL.add_unit, unit.id, unit.key, unit.name, unit.parent_id, unit.manager_id, unit.version
        )

    async def save(self, unit: Unit) -> None:
        await self._connection.execute(
            SQL.save_unit, unit.id, unit.name, unit.parent_id, unit.manager_id, unit.version
        )


class PostgresPeople:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def get(self, person_id: UUID) -> Person | None:
        return _person(await self._connection.fetchrow(SQL.get_person, person_id))

    async def by_email(self, email: str) -> Person | None:
        return _person(await self._connection.fetchrow(SQL.find_person_by_email, email))

    async def page(self, *, text: str | None, after: tuple[str, UUID] | None, limit: int) -> Sequence[Person]:
        name, person_id = after or ("", _NO_ID)
        rows = await self._connection.fetch(SQL.list_people, name, person_id, text, limit)
        return [_read_person(row) for row in rows]

    async def managers_from(self, person_id: UUID) -> Sequence[UUID]:
        return [row["id"] for row in await self._connection.fetch(SQL.climb_managers, person_id)]

    async def reports_of(self, person_id: UUID) -> Sequence[Person]:
        return [_read_person(row) for row in await self._connection.fetch(SQL.list_reports, person_id)]

    async def other_active_admins(self, person_id: UUID) -> int:
        count: int = await self._connection.fetchval(SQL.count_other_active_admins, person_id)
        return count

    async def role_is_held_by_external(self, role: str) -> bool:
        held: bool = await self._connection.fetchval(SQL.is_role_held_by_external, role)
        return held

    async def add(self, person: Person) -> None:
        await self._connection.execute(SQL.add_person, *_columns(person))

    async def save(self, person: Person) -> None:
        await self._connection.execute(SQL.save_person, *_columns(person))


class PostgresCredentials:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def of_email(self, email: str) -> Credentials | None:
        return _credentials(await self._connection.fetchrow(SQL.find_credentials_by_email, email))

    async def lock(self, person_id: UUID) -> Credentials | None:
        return _credentials(await self._connection.fetchrow(SQL.lock_credentials, person_id))

    async def set_password(self, person_id: UUID, password_hash: str, now: datetime) -> None:
        await self._connection.execute(SQL.set_password, person_id, password_hash, now)

    async def save_attempts(self, person_id: UUID, attempts: Attempts) -> None:
        await self._connection.execute(SQL.save_attempts, person_id, attempts.failed, attempts.locked_until)


class PostgresLinks:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, link: Link) -> None:
        await self._connection.execute(SQL.drop_unused_links, link.person_id, link.purpose)
        await self._connection.execute(
            SQL.add_link, link.id, link.person_id, link.purpose, link.secret_hash, link.expires_at
        )

    async def lock(self, secret_hash: bytes) -> Link | None:
        row = await self._connection.fetchrow(SQL.lock_link, secret_hash)
        return Link(**row) if row else None

    async def use(self, link_id: UUID) -> None:
        await self._connection.execute(SQL.use_link, link_id)

    async def newest(self, person_id: UUID, purpose: Purpose) -> Link | None:
        row = await self._connection.fetchrow(SQL.find_newest_link, person_id, purpose)
        return Link(**row) if row else None

    async def drop_expired(self, before: datetime) -> None:
        await self._connection.execute(SQL.drop_expired_links, before)


class PostgresSessions:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, session: Session, token: RefreshToken) -> None:
        await self._connection.execute(
            SQL.add_session,
            session.id,
            session.person_id,
            session.device,
            session.began_at,
            session.refreshed_at,
            session.ends_at,
        )
        await self._add_token(token)

    async def lock_token(self, secret_hash: bytes) -> tuple[Session, RefreshToken] | None:
        row = await self._connection.fetchrow(SQL.lock_refresh_token, secret_hash)
        if row is None:
            return None
        token = RefreshToken(row["secret_hash"], row["id"], row["expires_at"], row["used_at"])
        return _session(row), token

    async def turn(self, session: Session, old: RefreshToken, new: RefreshToken, now: datetime) -> None:
        await self._connection.execute(SQL.use_refresh_token, old.secret_hash, now)
        await self._add_token(new)
        await self._connection.execute(SQL.touch_session, session.id, now)

    async def _add_token(self, token: RefreshToken) -> None:
        await self._connection.execute(
            SQL.add_refresh_token, token.secret_hash, token.session_id, token.expires_at
        )

    async def open_of(self, person_id: UUID, now: datetime) -> Sequence[Session]:
        return [_session(row) for row in await self._connection.fetch(SQL.list_open_sessions, person_id, now)]

    async def revoke(self, person_id: UUID, session_id: UUID, now: datetime) -> bool:
        revoked = await self._connection.fetchval(SQL.revoke_session, person_id, session_id, now)
        return revoked is not None

    async def revoke_all(self, person_id: UUID, now: datetime) -> None:
        await self._connection.execute(SQL.revoke_sessions, person_id, now)

    async def drop_ended(self, before: datetime) -> None:
        await self._connection.execute(SQL.drop_ended_sessions, before)


class PostgresSecondFactors:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def lock(self, person_id: UUID) -> SecondFactor | None:
        row = await self._connection.fetchrow(SQL.lock_second_factor, person_id)
        return SecondFactor(**{**row, "recovery_hashes": tuple(row["recovery_hashes"])}) if row else None

    async def save(self, factor: SecondFactor) -> None:
        await self._connection.execute(
            SQL.save_second_factor,
            factor.person_id,
            factor.sealed_secret,
            factor.confirmed,
            factor.last_step,
            list(factor.recovery_hashes),
        )

    async def remove(self, person_id: UUID) -> bool:
        return await self._connection.fetchval(SQL.remove_second_factor, person_id) is not None


class PostgresProviders:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def get(self) -> Provider | None:
        row = await self._connection.fetchrow(SQL.get_provider)
        return Provider(**row) if row else None

    async def save(self, provider: Provider) -> None:
        await self._connection.execute(
            SQL.save_provider, provider.issuer, provider.client_id, provider.sealed_secret, provider.version
        )

    async def remove(self) -> bool:
        return await self._connection.fetchval(SQL.remove_provider) is not None

    async def add_attempt(self, attempt: Attempt) -> None:
        await self._connection.execute(
            SQL.add_attempt,
            attempt.state_hash,
            attempt.issuer,
            attempt.redirect_uri,
            attempt.nonce,
            attempt.sealed_verifier,
            attempt.expires_at,
        )

    async def take_attempt(self, state_hash: bytes) -> Attempt | None:
        row = await self._connection.fetchrow(SQL.take_attempt, state_hash)
        return Attempt(**row) if row else None

    async def drop_attempts(self, before: datetime) -> None:
        await self._connection.execute(SQL.drop_expired_attempts, before)

    async def person_of(self, issuer: str, subject: str) -> UUID | None:
        found: UUID | None = await self._connection.fetchval(SQL.find_person_of_subject, issuer, subject)
        return found

    async def is_linked(self, issuer: str, person_id: UUID) -> bool:
        linked: bool = await self._connection.fetchval(SQL.is_person_linked, issuer, person_id)
        return linked

    async def link(self, issuer: str, subject: str, person_id: UUID) -> None:
        await self._connection.execute(SQL.link_subject, issuer, subject, person_id)


class PostgresServiceAccounts:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def get(self, account_id: UUID) -> ServiceAccount | None:
        return _account(await self._connection.fetchrow(SQL.get_account, account_id))

    async def by_name(self, name: str) -> ServiceAccount | None:
        return _account(await self._connection.fetchrow(SQL.find_account, name))

    async def page(self, *, after: str | None, limit: int) -> Sequence[ServiceAccount]:
        rows = await self._connection.fetch(SQL.list_accounts, after or "", limit)
        return [_read_account(row) for row in rows]

    async def add(self, account: ServiceAccount) -> None:
        await self._connection.execute(
            SQL.add_account,
            account.id,
            account.name,
            sorted(account.scopes),
            account.secret_hash,
            account.active,
            account.version,
        )

    async def save(self, account: ServiceAccount) -> None:
        await self._connection.execute(
            SQL.save_account,
            account.id,
            sorted(account.scopes),
            account.secret_hash,
            account.active,
            account.version,
        )


class PostgresSigningKeys:
    """Only the platform's tenant holds any."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def lock(self) -> Sequence[SigningKey]:
        await self._connection.execute(SQL.lock_signing_keys)
        return await self.all()

    async def all(self) -> Sequence[SigningKey]:
        return [SigningKey(**row) for row in await self._connection.fetch(SQL.list_signing_keys)]

    async def add(self, key: SigningKey) -> None:
        await self._connection.execute(
            SQL.add_signing_key, key.kid, key.algorithm, key.public, key.sealed, key.signs_from
        )

    async def remove(self, kid: str) -> None:
        await self._connection.execute(SQL.remove_signing_key, kid)


def _tenant(row: Record | None) -> Tenant | None:
    return Tenant(**{**row, "legal": Legal(**row["legal"])}) if row else None


def _role(row: Record) -> Role:
    privileges = privileges_of(row["key"]) if row["built_in"] else frozenset(row["privileges"])
    return Role(row["id"], row["key"], row["name"], privileges, row["built_in"], row["version"])


def _person(row: Record | None) -> Person | None:
    return _read_person(row) if row else None


def _read_person(row: Record) -> Person:
    return Person(**{**row, "roles": tuple(row["roles"])})


def _columns(person: Person) -> tuple[Any, ...]:
    return (
        person.id,
        person.name,
        person.email,
        person.kind,
        person.company,
        list(person.roles),
        person.unit_id,
        person.manager_id,
        person.language,
        person.joined_at,
        person.suspended,
        person.absent_until,
        person.version,
    )


def _credentials(row: Record | None) -> Credentials | None:
    if row is None:
        return None
    return Credentials(
        row["person_id"], row["password_hash"], Attempts(row["failed_attempts"], row["locked_until"])
    )


def _session(row: Record) -> Session:
    return Session(
        row["id"],
        row["person_id"],
        row["device"],
        row["began_at"],
        row["refreshed_at"],
        row["ends_at"],
        row["revoked_at"],
    )


def _account(row: Record | None) -> ServiceAccount | None:
    return _read_account(row) if row else None


def _read_account(row: Record) -> ServiceAccount:
    return ServiceAccount(**{**row, "scopes": frozenset(row["scopes"])})
