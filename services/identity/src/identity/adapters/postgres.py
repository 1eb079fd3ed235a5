"""The directory in PostgreSQL. Row-level security confines every statement to the transaction's tenant."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from optima_contracts.privileges import privileges_of
from optima_kit.db import UnitOfWork
from optima_kit.refusals import Absent
from optima_kit.sql import load_queries

from ..application.ports import Credentials, FailureKey
from ..domain.links import Link, Purpose
from ..domain.people import Person
from ..domain.providers import Attempt, Provider
from ..domain.roles import Role
from ..domain.second_factor import SecondFactor
from ..domain.service_accounts import ServiceAccount
from ..domain.sessions import RefreshToken, Session
from ..domain.signing import SigningKey
from ..domain.tenants import Legal, Tenant
from ..domain.throttling import Failures
from ..domain.units import Unit

if TYPE_CHECKING:
    from asyncpg import Record

QUERIES = load_queries(__package__)

_NO_ID = UUID(int=0)


class PostgresTenants:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def find_by_slug(self, slug: str) -> Tenant | None:
        return _tenant(await self._work.fetchrow(QUERIES.find_tenant_by_slug, slug=slug))

    async def list(self) -> Sequence[Tenant]:
        rows = await self._work.fetch(QUERIES.list_tenants)
        return [tenant for row in rows if (tenant := _tenant(row))]

    async def find(self) -> Tenant | None:
        return _tenant(await self._work.fetchrow(QUERIES.find_tenant))

    async def lock(self) -> Tenant:
        tenant = _tenant(await self._work.fetchrow(QUERIES.lock_tenant))
        if tenant is None:
            # A token of another issuer may name a tenant that was never registered here.
            raise Absent("tenant_absent")
        return tenant

    async def insert(self, tenant: Tenant) -> bool:
        inserted = await self._work.execute(
            QUERIES.insert_tenant,
            id=tenant.id,
            slug=tenant.slug,
            legal=asdict(tenant.legal),
            language=tenant.language,
            time_zone=tenant.time_zone,
            version=tenant.version,
            registered_at=self._work.now,
        )
        return inserted > 0

    async def update(self, tenant: Tenant) -> None:
        self._work.write(
            QUERIES.update_tenant,
            id=tenant.id,
            legal=asdict(tenant.legal),
            language=tenant.language,
            time_zone=tenant.time_zone,
            version=tenant.version,
        )


class PostgresRoles:
    """Roles in PostgreSQL. `second_factor` holds the keys of the built-in roles that require a second
    factor."""

    def __init__(self, work: UnitOfWork, second_factor: Container[str]) -> None:
        self._work = work
        self._second_factor = second_factor

    def _role(self, row: Record) -> Role:
        built_in, key = row["built_in"], row["key"]
        privileges = privileges_of(key) if built_in else frozenset(row["privileges"])
        demands = key in self._second_factor if built_in else row["second_factor"]
        return Role(row["id"], key, row["name"], privileges, built_in, row["version"], demands)

    async def list_by_keys(self, keys: Sequence[str]) -> Sequence[Role]:
        rows = await self._work.fetch(QUERIES.list_roles_by_keys, keys=list(keys))
        return [self._role(row) for row in rows]

    async def list(self, *, after: str | None, limit: int) -> Sequence[Role]:
        rows = await self._work.fetch(QUERIES.list_roles, after=after or "", limit=limit)
        return [self._role(row) for row in rows]

    async def told_privileges(self, keys: Sequence[str]) -> Mapping[str, frozenset[str]]:
        rows = await self._work.fetch(QUERIES.list_roles_by_keys, keys=list(keys))
        return {row["key"]: frozenset(row["privileges"]) for row in rows}

    async def insert(self, role: Role) -> None:
        self._work.write(
            QUERIES.insert_role,
            id=role.id,
            key=role.key,
            name=role.name,
            privileges=sorted(role.privileges),
            built_in=role.built_in,
            version=role.version,
            second_factor=role.second_factor,
        )

    async def update(self, role: Role) -> None:
        self._work.write(
            QUERIES.update_role,
            id=role.id,
            name=role.name,
            privileges=sorted(role.privileges),
            version=role.version,
            second_factor=role.second_factor,
        )


class PostgresUnits:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def find_by_key(self, key: str) -> Unit | None:
        row = await self._work.fetchrow(QUERIES.find_unit_by_key, key=key)
        return Unit(**row) if row else None

    async def list(self, *, after: str | None, limit: int) -> Sequence[Unit]:
        rows = await self._work.fetch(QUERIES.list_units, after=after or "", limit=limit)
        return [Unit(**row) for row in rows]

    async def list_from(self, unit_id: UUID) -> Sequence[UUID]:
        return [row["id"] for row in await self._work.fetch(QUERIES.list_units_from, unit_id=unit_id)]

    async def list_led_by(self, person_id: UUID) -> Sequence[Unit]:
        rows = await self._work.fetch(QUERIES.list_units_led_by, manager_id=person_id)
        return [Unit(**row) for row in rows]

    async def insert(self, unit: Unit) -> None:
        self._work.write(QUERIES.insert_unit, **asdict(unit))

    async def update(self, unit: Unit) -> None:
        self._work.write(
            QUERIES.update_unit,
            id=unit.id,
            name=unit.name,
            parent_id=unit.parent_id,
            manager_id=unit.manager_id,
            version=unit.version,
        )


class PostgresNames:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def find(self, ids: Iterable[UUID | None]) -> Mapping[UUID, str]:
        asked = {each for each in ids if each is not None}
        rows = await self._work.fetch(QUERIES.list_names, ids=list(asked)) if asked else []
        return {row["id"]: row["name"] for row in rows}


_TRACES = (
    QUERIES.delete_sessions_of_person,
    QUERIES.delete_credentials_of_person,
    QUERIES.delete_links_of_person,
    QUERIES.delete_second_factor_of_person,
    QUERIES.delete_subjects_of_person,
)


class PostgresPeople:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def find(self, person_id: UUID) -> Person | None:
        return _person(await self._work.fetchrow(QUERIES.find_person, id=person_id))

    async def lock(self, person_id: UUID) -> Person | None:
        return _person(await self._work.fetchrow(QUERIES.lock_person, id=person_id))

    async def find_by_email(self, email: str) -> Person | None:
        return _person(await self._work.fetchrow(QUERIES.find_person_by_email, email=email))

    async def list(self, *, after: tuple[str, UUID] | None, limit: int) -> Sequence[Person]:
        name, person_id = after or ("", _NO_ID)
        rows = await self._work.fetch(QUERIES.list_people, after_name=name, after_id=person_id, limit=limit)
        return [_read_person(row) for row in rows]

    async def list_by_text(
        self, text: str, *, after: tuple[str, UUID] | None, limit: int
    ) -> Sequence[tuple[str, Person]]:
        key, person_id = after or (None, _NO_ID)
        rows = await self._work.fetch(
            QUERIES.list_people_by_text, text=text, after_key=key, after_id=person_id, limit=limit
        )
        return [(row["key"], _read_person({k: v for k, v in row.items() if k != "key"})) for row in rows]

    async def list_managers_from(self, person_id: UUID) -> Sequence[UUID]:
        rows = await self._work.fetch(QUERIES.list_managers_from, person_id=person_id)
        return [row["id"] for row in rows]

    async def list_reports(self, person_id: UUID) -> Sequence[Person]:
        rows = await self._work.fetch(QUERIES.list_reports, manager_id=person_id)
        return [_read_person(row) for row in rows]

    async def count_other_active_admins(self, person_id: UUID) -> int:
        count: int = await self._work.fetchval(QUERIES.count_other_active_admins, person_id=person_id)
        return count

    async def role_is_held_by_external(self, role: str) -> bool:
        held: bool = await self._work.fetchval(QUERIES.is_role_held_by_external, role=role)
        return held

    async def insert(self, person: Person) -> None:
        self._work.write(QUERIES.insert_person, **_columns(person))

    async def update(self, person: Person) -> None:
        self._work.write(QUERIES.update_person, **_columns(person))

    async def delete_traces(self, person_id: UUID) -> None:
        for statement in _TRACES:
            self._work.write(statement, person_id=person_id)


class PostgresCredentials:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def find_by_email(self, email: str) -> Credentials | None:
        return _credentials(await self._work.fetchrow(QUERIES.find_credentials_by_email, email=email))

    async def lock(self, person_id: UUID) -> Credentials | None:
        return _credentials(await self._work.fetchrow(QUERIES.lock_credentials, person_id=person_id))

    async def set_password(self, person_id: UUID, password_hash: str, now: datetime) -> None:
        self._work.write(
            QUERIES.set_password, person_id=person_id, password_hash=password_hash, changed_at=now
        )


class PostgresFailureCounts:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def lock(self, keys: Sequence[FailureKey]) -> Mapping[FailureKey, Failures]:
        accounts, sources = zip(*keys, strict=True)
        rows = await self._work.fetch(
            QUERIES.lock_failures, accounts=list(accounts), sources=list(sources), now=self._work.now
        )
        return {(row["account"], row["source"]): Failures(row["failed"], row["last_at"]) for row in rows}

    async def save(self, key: FailureKey, failures: Failures) -> None:
        account, source = key
        self._work.write(
            QUERIES.update_failures,
            account=account,
            source=source,
            failed=failures.failed,
            last_at=failures.last_at,
        )

    async def delete(self, key: FailureKey) -> None:
        account, source = key
        self._work.write(QUERIES.delete_failures, account=account, source=source)

    async def delete_account(self, account: bytes) -> None:
        self._work.write(QUERIES.delete_failures_of_account, account=account)

    async def delete_old(self, before: datetime) -> None:
        await self._work.execute(QUERIES.delete_old_failures, before=before)


class PostgresLinks:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def insert(self, link: Link) -> None:
        await self.delete_unused(link.person_id, link.purpose)
        self._work.write(
            QUERIES.insert_link,
            id=link.id,
            person_id=link.person_id,
            purpose=link.purpose,
            secret_hash=link.secret_hash,
            expires_at=link.expires_at,
        )

    async def delete_unused(self, person_id: UUID, purpose: Purpose) -> None:
        self._work.write(QUERIES.delete_unused_links, person_id=person_id, purpose=purpose)

    async def lock(self, secret_hash: bytes) -> Link | None:
        row = await self._work.fetchrow(QUERIES.lock_link, secret_hash=secret_hash)
        return Link(**row) if row else None

    async def use(self, link_id: UUID) -> None:
        self._work.write(QUERIES.use_link, id=link_id)

    async def find_newest(self, person_id: UUID, purpose: Purpose) -> Link | None:
        row = await self._work.fetchrow(QUERIES.find_newest_link, person_id=person_id, purpose=purpose)
        return Link(**row) if row else None

    async def delete_expired(self, before: datetime) -> None:
        await self._work.execute(QUERIES.delete_expired_links, before=before)


class PostgresSessions:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def insert(self, session: Session, token: RefreshToken) -> None:
        self._work.write(
            QUERIES.insert_session,
            id=session.id,
            person_id=session.person_id,
            device=session.device,
            began_at=session.began_at,
            refreshed_at=session.refreshed_at,
            ends_at=session.ends_at,
            factor_shown=session.factor_shown,
            secret_hash=token.secret_hash,
            expires_at=token.expires_at,
        )

    async def find(self, session_id: UUID) -> Session | None:
        row = await self._work.fetchrow(QUERIES.find_session, id=session_id)
        return _session(row) if row else None

    async def lock_token(self, secret_hash: bytes) -> tuple[Session, RefreshToken] | None:
        row = await self._work.fetchrow(QUERIES.lock_refresh_token, secret_hash=secret_hash)
        if row is None:
            return None
        token = RefreshToken(row["secret_hash"], row["id"], row["expires_at"], row["used_at"])
        return _session(row), token

    async def turn(self, session: Session, old: RefreshToken, new: RefreshToken, now: datetime) -> None:
        self._work.write(
            QUERIES.update_session_refreshed,
            id=session.id,
            now=now,
            presented_hash=old.secret_hash,
            secret_hash=new.secret_hash,
            expires_at=new.expires_at,
        )

    async def prove(self, session_id: UUID, now: datetime, *, factor_shown: bool) -> None:
        self._work.write(QUERIES.update_session_proven, id=session_id, now=now, factor_shown=factor_shown)

    async def list_open(
        self, person_id: UUID, now: datetime, *, before: UUID | None, limit: int
    ) -> Sequence[Session]:
        newest = UUID(int=2**128 - 1)
        rows = await self._work.fetch(
            QUERIES.list_open_sessions, person_id=person_id, now=now, before=before or newest, limit=limit
        )
        return [_session(row) for row in rows]

    async def revoke(self, person_id: UUID, session_id: UUID, now: datetime) -> bool:
        return (
            await self._work.execute(QUERIES.revoke_session, person_id=person_id, id=session_id, now=now) > 0
        )

    async def revoke_all(self, person_id: UUID, now: datetime, *, but: UUID | None = None) -> Sequence[UUID]:
        rows = await self._work.fetch(QUERIES.revoke_sessions, person_id=person_id, now=now, but=but)
        return [row["id"] for row in rows]

    async def delete_ended(self, before: datetime) -> None:
        await self._work.execute(QUERIES.delete_ended_sessions, before=before)


class PostgresSecondFactors:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def find(self, person_id: UUID) -> SecondFactor | None:
        return _factor(await self._work.fetchrow(QUERIES.find_second_factor, person_id=person_id))

    async def lock(self, person_id: UUID) -> SecondFactor | None:
        return _factor(await self._work.fetchrow(QUERIES.lock_second_factor, person_id=person_id))

    async def save(self, factor: SecondFactor) -> None:
        self._work.write(
            QUERIES.save_second_factor,
            person_id=factor.person_id,
            sealed_secret=factor.sealed_secret,
            confirmed=factor.confirmed,
            last_step=factor.last_step,
            recovery_hashes=list(factor.recovery_hashes),
        )

    async def delete(self, person_id: UUID) -> bool:
        return await self._work.execute(QUERIES.delete_second_factor, person_id=person_id) > 0


class PostgresProviders:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def find(self) -> Provider | None:
        row = await self._work.fetchrow(QUERIES.find_provider)
        return Provider(**row) if row else None

    async def save(self, provider: Provider) -> None:
        self._work.write(QUERIES.save_provider, **asdict(provider))

    async def delete(self) -> bool:
        return await self._work.execute(QUERIES.delete_provider) > 0

    async def insert_attempt(self, attempt: Attempt) -> None:
        self._work.write(QUERIES.insert_attempt, **asdict(attempt))

    async def take_attempt(self, state_hash: bytes) -> Attempt | None:
        row = await self._work.fetchrow(QUERIES.take_attempt, state_hash=state_hash)
        return Attempt(**row) if row else None

    async def delete_attempts(self, before: datetime) -> None:
        await self._work.execute(QUERIES.delete_expired_attempts, before=before)

    async def find_person(self, issuer: str, subject: str) -> UUID | None:
        found: UUID | None = await self._work.fetchval(
            QUERIES.find_person_of_subject, issuer=issuer, subject=subject
        )
        return found

    async def is_linked(self, issuer: str, person_id: UUID) -> bool:
        linked: bool = await self._work.fetchval(QUERIES.is_person_linked, issuer=issuer, person_id=person_id)
        return linked

    async def insert_subject(self, issuer: str, subject: str, person_id: UUID) -> None:
        self._work.write(QUERIES.insert_subject, issuer=issuer, subject=subject, person_id=person_id)


class PostgresServiceAccounts:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def find(self, account_id: UUID) -> ServiceAccount | None:
        return _account(await self._work.fetchrow(QUERIES.find_account, id=account_id))

    async def find_by_name(self, name: str) -> ServiceAccount | None:
        return _account(await self._work.fetchrow(QUERIES.find_account_by_name, name=name))

    async def list(self, *, after: str | None, limit: int) -> Sequence[ServiceAccount]:
        rows = await self._work.fetch(QUERIES.list_accounts, after=after or "", limit=limit)
        return [_read_account(row) for row in rows]

    async def insert(self, account: ServiceAccount) -> None:
        self._work.write(
            QUERIES.insert_account,
            id=account.id,
            name=account.name,
            scopes=sorted(account.scopes),
            secret_hash=account.secret_hash,
            active=account.active,
            version=account.version,
        )

    async def update(self, account: ServiceAccount) -> None:
        self._work.write(
            QUERIES.update_account,
            id=account.id,
            scopes=sorted(account.scopes),
            secret_hash=account.secret_hash,
            active=account.active,
            version=account.version,
        )


class PostgresSigningKeys:
    """Signing keys in PostgreSQL. Only the platform's tenant has any."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def lock(self) -> Sequence[SigningKey]:
        await self._work.execute(QUERIES.lock_signing_keys)
        return await self.list()

    async def list(self) -> Sequence[SigningKey]:
        return [SigningKey(**row) for row in await self._work.fetch(QUERIES.list_signing_keys)]

    async def insert(self, key: SigningKey) -> None:
        self._work.write(QUERIES.insert_signing_key, **asdict(key))

    async def delete(self, kid: str) -> None:
        self._work.write(QUERIES.delete_signing_key, kid=kid)


def _tenant(row: Record | None) -> Tenant | None:
    return Tenant(**{**row, "legal": Legal(**row["legal"])}) if row else None


def _person(row: Record | None) -> Person | None:
    return _read_person(row) if row else None


def _read_person(row: Record | dict[str, Any]) -> Person:
    return Person(**{**row, "roles": tuple(row["roles"])})


def _columns(person: Person) -> dict[str, Any]:
    return {**asdict(person), "roles": list(person.roles)}


def _credentials(row: Record | None) -> Credentials | None:
    return Credentials(row["person_id"], row["password_hash"]) if row else None


def _session(row: Record) -> Session:
    return Session(
        row["id"],
        row["person_id"],
        row["device"],
        row["began_at"],
        row["refreshed_at"],
        row["ends_at"],
        row["revoked_at"],
        row["proven_at"],
        row["factor_shown"],
    )


def _factor(row: Record | None) -> SecondFactor | None:
    return SecondFactor(**{**row, "recovery_hashes": tuple(row["recovery_hashes"])}) if row else None


def _account(row: Record | None) -> ServiceAccount | None:
    return _read_account(row) if row else None


def _read_account(row: Record) -> ServiceAccount:
    return ServiceAccount(**{**row, "scopes": frozenset(row["scopes"])})
