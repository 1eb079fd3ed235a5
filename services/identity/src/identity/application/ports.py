"""The interfaces through which use cases reach the database, mail, the provider and the clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from optima_kit.ports import Jobs, Outbox

from ..domain.links import Link, Purpose
from ..domain.people import Person
from ..domain.providers import Attempt, Introduction, Provider
from ..domain.roles import Role
from ..domain.second_factor import SecondFactor
from ..domain.service_accounts import ServiceAccount
from ..domain.sessions import RefreshToken, Session
from ..domain.signing import SigningKey
from ..domain.tenants import Tenant
from ..domain.throttling import Failures
from ..domain.units import Unit


class Tenants(Protocol):
    async def find_by_slug(self, slug: str) -> Tenant | None:
        """Find any tenant by its slug, because people who sign in know only their tenant's name."""
        ...

    async def list(self) -> Sequence[Tenant]:
        """List all tenants."""
        ...

    async def find(self) -> Tenant | None:
        """Find the tenant of this transaction."""
        ...

    async def lock(self) -> Tenant:
        """Find the tenant of this transaction and lock it. Every change of a directory begins with this lock,
        so that changes happen one at a time and rules about several people (the last admin, a chain of
        managers) see the present state."""
        ...

    async def insert(self, tenant: Tenant) -> bool:
        """Add a tenant. Return False, and add nothing, if another tenant has this slug. If two are added with
        one slug at the same time, one of them succeeds."""
        ...

    async def update(self, tenant: Tenant) -> None: ...


class People(Protocol):
    async def find(self, person_id: UUID) -> Person | None: ...
    async def lock(self, person_id: UUID) -> Person | None:
        """Find a person and take a shared lock: nobody changes them until this unit of work ends, but others
        may take the same lock."""
        ...

    async def find_by_email(self, email: str) -> Person | None: ...
    async def insert(self, person: Person) -> None: ...
    async def update(self, person: Person) -> None: ...
    async def delete_traces(self, person_id: UUID) -> None:
        """Delete a person's sessions, password, second factor, links, and links to subjects of providers."""
        ...

    async def list_managers_from(self, person_id: UUID) -> Sequence[UUID]:
        """List the person, their manager, and so on upwards."""
        ...

    async def list_reports(self, person_id: UUID) -> Sequence[Person]:
        """List the people whose manager the person is."""
        ...

    async def count_other_active_admins(self, person_id: UUID) -> int: ...
    async def role_is_held_by_external(self, role: str) -> bool: ...
    async def list(self, *, after: tuple[str, UUID] | None, limit: int) -> Sequence[Person]:
        """List people sorted by name, then by id."""
        ...

    async def list_by_text(
        self, text: str, *, after: tuple[str, UUID] | None, limit: int
    ) -> Sequence[tuple[str, Person]]:
        """List people in whose words each word of the text is found as a beginning. If the text has two
        words, the first one must be a whole word. Each person comes with the key under which they were found;
        the list is sorted by these keys, then by id."""
        ...


class Names(Protocol):
    async def find(self, ids: Iterable[UUID | None]) -> Mapping[UUID, str]:
        """Return the names of people and units by id."""
        ...


class Units(Protocol):
    async def find_by_key(self, key: str) -> Unit | None: ...
    async def list_from(self, unit_id: UUID) -> Sequence[UUID]:
        """List the unit, its parent, and so on upwards."""
        ...

    async def list_led_by(self, person_id: UUID) -> Sequence[Unit]: ...
    async def insert(self, unit: Unit) -> None: ...
    async def update(self, unit: Unit) -> None: ...
    async def list(self, *, after: str | None, limit: int) -> Sequence[Unit]:
        """List units sorted by key."""
        ...


class Roles(Protocol):
    async def list_by_keys(self, keys: Sequence[str]) -> Sequence[Role]:
        """List those of the named roles that exist, sorted by key."""
        ...

    async def told_privileges(self, keys: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """Return, for those of the roles that exist, the privileges that were last published to other
        services."""
        ...

    async def insert(self, role: Role) -> None: ...
    async def update(self, role: Role) -> None: ...
    async def list(self, *, after: str | None, limit: int) -> Sequence[Role]:
        """List roles sorted by key."""
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
"""Hashes of an account and of a source. An empty one stands for any account or any source."""


class FailureCounts(Protocol):
    async def lock(self, keys: Sequence[FailureKey]) -> Mapping[FailureKey, Failures]:
        """Lock the counts and return all of them. A key without failures has a count of zero."""
        ...

    async def save(self, key: FailureKey, failures: Failures) -> None: ...
    async def delete(self, key: FailureKey) -> None: ...
    async def delete_account(self, account: bytes) -> None: ...
    async def delete_old(self, before: datetime) -> None: ...


class Devices(Protocol):
    """Browsers in which a person has signed in with their present password."""

    def new_token(self, credentials: Credentials) -> str: ...
    def device(self, credentials: Credentials, token: str) -> bytes | None:
        """Return the id of the token's device, or None if the token is not of this person and password."""
        ...


class Links(Protocol):
    async def insert(self, link: Link) -> None:
        """Store a link. The person's earlier links for the same purpose stop working."""
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
        """Mark `old` as used and store `new` in its place."""
        ...

    async def prove(self, session_id: UUID, now: datetime, *, factor_shown: bool) -> None:
        """Record that the session's person has proved who they are. Once a second factor was shown, this
        stays recorded."""
        ...

    async def list_open(
        self, person_id: UUID, now: datetime, *, before: UUID | None, limit: int
    ) -> Sequence[Session]:
        """List a person's open sessions, newest first, starting after the session `before`."""

    async def revoke(self, person_id: UUID, session_id: UUID, now: datetime) -> bool:
        """Revoke a session. Return False if the person has no such open session."""
        ...

    async def revoke_all(self, person_id: UUID, now: datetime, *, but: UUID | None = None) -> Sequence[UUID]:
        """Revoke all of a person's open sessions except `but`, and return the ids of those that were
        revoked."""
        ...

    async def delete_ended(self, before: datetime) -> None: ...


class SecondFactors(Protocol):
    async def find(self, person_id: UUID) -> SecondFactor | None: ...
    async def lock(self, person_id: UUID) -> SecondFactor | None: ...
    async def save(self, factor: SecondFactor) -> None: ...
    async def delete(self, person_id: UUID) -> bool:
        """Delete a person's second factor. Return False if there was none."""
        ...


class Providers(Protocol):
    """The tenant's sign-in provider, the sign-ins under way there, and the people to whom its subjects
    belong."""

    async def find(self) -> Provider | None: ...
    async def save(self, provider: Provider) -> None: ...
    async def delete(self) -> bool:
        """Delete the provider. Return False if there was none."""
        ...

    async def insert_attempt(self, attempt: Attempt) -> None: ...
    async def take_attempt(self, state_hash: bytes) -> Attempt | None:
        """Return an attempt and delete it, so that it can be used only once."""
        ...

    async def delete_attempts(self, before: datetime) -> None: ...
    async def find_person(self, issuer: str, subject: str) -> UUID | None: ...
    async def is_linked(self, issuer: str, person_id: UUID) -> bool: ...
    async def insert_subject(self, issuer: str, subject: str, person_id: UUID) -> None: ...


class Sealing(Protocol):
    """Encryption at rest. `about` names what a secret belongs to; the secret can be opened only with this
    name."""

    def sealed(self, plain: bytes, about: str) -> bytes: ...
    def opened(self, sealed: bytes, about: str) -> bytes: ...


class Post(Protocol):
    """Sends links by mail. If mail is not set up, the person who asked for a link hands it over."""

    def schedule(self, jobs: Jobs, link: Link, token: str) -> None: ...


class ServiceAccounts(Protocol):
    async def find(self, account_id: UUID) -> ServiceAccount | None: ...
    async def find_by_name(self, name: str) -> ServiceAccount | None: ...
    async def insert(self, account: ServiceAccount) -> None: ...
    async def update(self, account: ServiceAccount) -> None: ...
    async def list(self, *, after: str | None, limit: int) -> Sequence[ServiceAccount]:
        """List service accounts sorted by name."""
        ...


class SigningKeys(Protocol):
    async def list(self) -> Sequence[SigningKey]: ...
    async def lock(self) -> Sequence[SigningKey]:
        """Lock all keys and return them. Others who want to change keys wait."""
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
    """Opens units of work for callers without a token, whose tenant is therefore not known yet."""

    def work(self, tenant_id: UUID) -> AbstractAsyncContextManager[Ports]: ...
    def reading(self, tenant_id: UUID) -> AbstractAsyncContextManager[Ports]: ...


class Passwords(Protocol):
    def common(self, password: str) -> bool:
        """Tell whether the password is among those that attackers try first."""
        ...

    async def hashed(self, password: str) -> str: ...
    async def matches(self, password_hash: str | None, password: str, *, first: bool = False) -> bool:
        """Tell whether the password has this hash. The check takes as long for no hash as for a wrong
        password. Raises TooMany if too many checks wait already; some places are reserved for checks with
        `first`."""
        ...


class ProviderClient(Protocol):
    """Talks to a tenant's sign-in provider. Raises a refusal also if the provider cannot be reached."""

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
        """Exchange the code for what the provider says about the person. `answered_by` is the issuer that the
        answer with the code names, if any."""
