"""What the use cases need of the world."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from optima_kit.ports import Jobs, Outbox

from ..domain.brakes import Failures
from ..domain.links import Link, Purpose
from ..domain.people import Person
from ..domain.providers import Attempt, Introduction, Provider
from ..domain.roles import Role
from ..domain.second_factor import SecondFactor
from ..domain.service_accounts import ServiceAccount
from ..domain.sessions import RefreshToken, Session
from ..domain.signing import SigningKey
from ..domain.tenants import Tenant
from ..domain.units import Unit


class Tenants(Protocol):
    async def find_by_slug(self, slug: str) -> Tenant | None:
        """Of any tenant: who signs in has only the name of theirs."""
        ...

    async def list(self) -> Sequence[Tenant]:
        """All there are."""
        ...

    async def find(self) -> Tenant | None:
        """The tenant of this transaction."""
        ...

    async def lock(self) -> Tenant:
        """The same, for writing. Every change of a directory begins here, so that they happen one at a
        time: rules over several people (the last admin, a chain of managers) then see the truth."""
        ...

    async def insert(self, tenant: Tenant) -> bool:
        """False, and nothing is added, if its slug belongs to another: of two at once, one gets it."""
        ...

    async def update(self, tenant: Tenant) -> None: ...


class People(Protocol):
    async def find(self, person_id: UUID) -> Person | None: ...
    async def lock(self, person_id: UUID) -> Person | None:
        """Nobody changes them before the end of this unit of work; others may hold them so too."""
        ...

    async def find_by_email(self, email: str) -> Person | None: ...
    async def insert(self, person: Person) -> None: ...
    async def update(self, person: Person) -> None: ...
    async def delete_traces(self, person_id: UUID) -> None:
        """Their sessions, password, second factor, links, and who they are to a provider."""
        ...

    async def list_managers_from(self, person_id: UUID) -> Sequence[UUID]:
        """The person, their manager, and so on upwards."""
        ...

    async def list_reports(self, person_id: UUID) -> Sequence[Person]:
        """Those whose manager the person is."""
        ...

    async def count_other_active_admins(self, person_id: UUID) -> int: ...
    async def role_is_held_by_external(self, role: str) -> bool: ...
    async def list(self, *, after: tuple[str, UUID] | None, limit: int) -> Sequence[Person]:
        """By name, then id."""
        ...

    async def list_by_text(
        self, text: str, *, after: tuple[str, UUID] | None, limit: int
    ) -> Sequence[tuple[str, Person]]:
        """Those of whom each word of the text begins a word, the first of two words being whole: with the
        key under which each was found, and in the order of these keys, then of ids."""
        ...


class Names(Protocol):
    async def find(self, ids: Iterable[UUID | None]) -> Mapping[UUID, str]:
        """Of people and units."""
        ...


class Units(Protocol):
    async def find_by_key(self, key: str) -> Unit | None: ...
    async def list_from(self, unit_id: UUID) -> Sequence[UUID]:
        """The unit, its parent, and so on upwards."""
        ...

    async def list_led_by(self, person_id: UUID) -> Sequence[Unit]: ...
    async def insert(self, unit: Unit) -> None: ...
    async def update(self, unit: Unit) -> None: ...
    async def list(self, *, after: str | None, limit: int) -> Sequence[Unit]:
        """By key."""
        ...


class Roles(Protocol):
    async def list_by_keys(self, keys: Sequence[str]) -> Sequence[Role]:
        """Those that exist, by key."""
        ...

    async def told_privileges(self, keys: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """Of those roles that exist, what other services were last told."""
        ...

    async def insert(self, role: Role) -> None: ...
    async def update(self, role: Role) -> None: ...
    async def list(self, *, after: str | None, limit: int) -> Sequence[Role]:
        """By key."""
        ...


@dataclass(frozen=True, slots=True)
class Credentials:
    person_id: UUID
    password_hash: str


class CredentialStore(Protocol):
    async def find_by_email(self, email: str) -> Credentials | None: ...
    async def lock(self, person_id: UUID) -> Credentials | None: ...
    async def set_password(self, person_id: UUID, password_hash: str, now: datetime) -> None: ...


FailureKey = tuple[bytes, bytes]
"""Hashes of an account and of a source; empty: any."""


class FailureCounts(Protocol):
    async def lock(self, keys: Sequence[FailureKey]) -> Mapping[FailureKey, Failures]:
        """All of them, with none for those that have not failed."""
        ...

    async def save(self, key: FailureKey, failures: Failures) -> None: ...
    async def delete(self, key: FailureKey) -> None: ...
    async def delete_account(self, account: bytes) -> None: ...
    async def delete_old(self, before: datetime) -> None: ...


class Devices(Protocol):
    """Browsers at which a person has signed in with the password that they have now."""

    def new_token(self, credentials: Credentials) -> str: ...
    def device(self, credentials: Credentials, token: str) -> bytes | None:
        """Its id; None if the token is not of this person and password."""
        ...


class Links(Protocol):
    async def insert(self, link: Link) -> None:
        """Links that the person already had for the same purpose stop working."""
        ...

    async def delete_unused(self, person_id: UUID, purpose: Purpose) -> None: ...
    async def lock(self, secret_hash: bytes) -> Link | None: ...
    async def use(self, link_id: UUID) -> None: ...
    async def find_newest(self, person_id: UUID, purpose: Purpose) -> Link | None: ...
    async def delete_expired(self, before: datetime) -> None: ...


class Sessions(Protocol):
    async def insert(self, session: Session, token: RefreshToken) -> None: ...
    async def find(self, session_id: UUID) -> Session | None: ...
    async def lock_token(self, secret_hash: bytes) -> tuple[Session, RefreshToken] | None: ...
    async def turn(self, session: Session, old: RefreshToken, new: RefreshToken, now: datetime) -> None:
        """`old` is used up and `new` takes its place."""
        ...

    async def prove(self, session_id: UUID, now: datetime, *, factor_shown: bool) -> None:
        """Its person has shown who they are; that a factor was shown stays true."""
        ...

    async def list_open(
        self, person_id: UUID, now: datetime, *, before: UUID | None, limit: int
    ) -> Sequence[Session]:
        """Newest first, from the one that began before that one."""

    async def revoke(self, person_id: UUID, session_id: UUID, now: datetime) -> bool:
        """False if the person has no such open session."""
        ...

    async def revoke_all(self, person_id: UUID, now: datetime, *, but: UUID | None = None) -> Sequence[UUID]:
        """Those that were open and are not any more."""
        ...

    async def delete_ended(self, before: datetime) -> None: ...


class SecondFactors(Protocol):
    async def find(self, person_id: UUID) -> SecondFactor | None: ...
    async def lock(self, person_id: UUID) -> SecondFactor | None: ...
    async def save(self, factor: SecondFactor) -> None: ...
    async def delete(self, person_id: UUID) -> bool:
        """False if there was none."""
        ...


class Providers(Protocol):
    """The tenant's sign-in provider, who is at it just now, and who its subjects are among us."""

    async def find(self) -> Provider | None: ...
    async def save(self, provider: Provider) -> None: ...
    async def delete(self) -> bool:
        """False if there was none."""
        ...

    async def insert_attempt(self, attempt: Attempt) -> None: ...
    async def take_attempt(self, state_hash: bytes) -> Attempt | None:
        """It can't be taken again."""
        ...

    async def delete_attempts(self, before: datetime) -> None: ...
    async def find_person(self, issuer: str, subject: str) -> UUID | None: ...
    async def is_linked(self, issuer: str, person_id: UUID) -> bool: ...
    async def insert_subject(self, issuer: str, subject: str, person_id: UUID) -> None: ...


class Sealing(Protocol):
    """Encryption at rest. `about` names what the secret belongs to; it opens under that name only."""

    def sealed(self, plain: bytes, about: str) -> bytes: ...
    def opened(self, sealed: bytes, about: str) -> bytes: ...


class Post(Protocol):
    """Mail, where it is set up. Where it is not, whoever asked for a link hands it over."""

    def schedule(self, jobs: Jobs, link: Link, token: str) -> None: ...


class ServiceAccounts(Protocol):
    async def find(self, account_id: UUID) -> ServiceAccount | None: ...
    async def find_by_name(self, name: str) -> ServiceAccount | None: ...
    async def insert(self, account: ServiceAccount) -> None: ...
    async def update(self, account: ServiceAccount) -> None: ...
    async def list(self, *, after: str | None, limit: int) -> Sequence[ServiceAccount]:
        """By name."""
        ...


class SigningKeys(Protocol):
    async def list(self) -> Sequence[SigningKey]: ...
    async def lock(self) -> Sequence[SigningKey]:
        """All of them; whoever else wants to change them waits."""
        ...

    async def insert(self, key: SigningKey) -> None: ...
    async def delete(self, kid: str) -> None: ...


class KeyMaker(Protocol):
    def new_key(self, signs_from: datetime) -> SigningKey: ...


@dataclass(frozen=True, slots=True)
class Ports:
    """One tenant's unit of work."""

    tenant_id: UUID
    tenants: Tenants
    people: People
    units: Units
    names: Names
    roles: Roles
    credentials: CredentialStore
    failures: FailureCounts
    devices: Devices
    links: Links
    sessions: Sessions
    second_factors: SecondFactors
    providers: Providers
    accounts: ServiceAccounts
    signing_keys: SigningKeys
    key_maker: KeyMaker
    sealing: Sealing
    post: Post
    outbox: Outbox
    jobs: Jobs
    now: datetime


class Directory(Protocol):
    """Opens units of work for those who come without a token, and so without a tenant."""

    def work(self, tenant_id: UUID) -> AbstractAsyncContextManager[Ports]: ...
    def reading(self, tenant_id: UUID) -> AbstractAsyncContextManager[Ports]: ...


class Passwords(Protocol):
    def common(self, password: str) -> bool:
        """Whether it is among those that are tried first."""
        ...

    async def hashed(self, password: str) -> str: ...
    async def matches(self, password_hash: str | None, password: str, *, first: bool = False) -> bool:
        """Takes as long for no hash as for a wrong password. Raises TooMany where too many wait already;
        `first`: for those who come first, room is left then."""
        ...


class ProviderClient(Protocol):
    """Speaks to a tenant's sign-in provider. A provider that can't be reached is a refusal too."""

    async def authorization_url(
        self, provider: Provider, *, redirect_uri: str, state: str, nonce: str, challenge: str
    ) -> str: ...

    async def introduction(
        self,
        provider: Provider,
        secret: str | None,
        *,
        code: str,
        answered_by: str | None,
        verifier: str,
        redirect_uri: str,
        nonce: str,
    ) -> Introduction:
        """`answered_by`: the issuer that the answer with the code names, if it does."""
