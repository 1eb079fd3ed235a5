"""Interfaces that the use cases need from adapters."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from optima_kit.ports import Jobs

from ..domain.notices import Notice, Preferences, Way
from ..domain.sessions import Session, Tokens


class SessionStore(Protocol):
    """Stored sessions. Each call is a transaction of its own, so that none is open while the issuer is asked
    for tokens."""

    async def insert(self, session: Session, begun_at: datetime) -> None: ...

    async def find(self, tenant_id: UUID, token_hash: bytes, now: datetime) -> Session | None: ...

    async def claim_renewal(self, tenant_id: UUID, token_hash: bytes, now: datetime, until: datetime) -> bool:
        """Reserve the renewal for the caller until `until`. Return False if another process has reserved it,
        or if it is not due."""

    async def make_due(self, session: Session, now: datetime) -> None:
        """Make the session's tokens due for renewal now, however long they are still valid."""

    async def update_tokens(self, session: Session, tokens: Tokens) -> None: ...

    async def update_language(self, session: Session, language: str) -> None: ...

    async def delete(self, tenant_id: UUID, token_hash: bytes) -> None: ...


class IssuerAway(Exception):
    """Raised if new tokens are needed while identity does not respond, so that it isn't asked for them."""


class Issuer(Protocol):
    """The functions of the identity service that sessions need."""

    async def lives(self) -> bool:
        """Tell whether identity responds to a health check at once. If it does not, it is sent no refresh
        token: the token works only once, and if its answer comes too late, the next token is lost with it."""

    async def renew(self, refresh_token: str) -> Tokens | None:
        """Return the next tokens, or None if identity has ended the session. Raises Away if it does not
        answer."""


@dataclass(frozen=True, slots=True)
class Addressee:
    """The address of a person's mail, and its language."""

    person_id: UUID
    name: str
    email: str
    language: Literal["it", "en"]


@dataclass(frozen=True, slots=True)
class FollowedBrief:
    """The person who is told about a brief's progress, and the brief's title."""

    requester_id: UUID
    title: str


class NoticeStore(Protocol):
    """One tenant's notices, within one transaction."""

    async def preferences(self, people: Collection[UUID]) -> Mapping[UUID, Preferences]:
        """Return the preferences of those people who have chosen any."""

    def save_preferences(self, person_id: UUID, preferences: Preferences) -> None: ...

    def insert(self, notice: Notice, way: Way) -> None: ...

    def hint(self, person_id: UUID) -> None:
        """Notify the pages that the person has open, once this transaction is committed."""

    async def list_unmailed(self, person_id: UUID, way: Way) -> Sequence[Notice]:
        """List the person's notices that were neither read nor mailed, oldest first."""

    def mark_mailed(self, notices: Collection[UUID], now: datetime) -> None: ...

    def mark_read(self, person_id: UUID, what: str, address: str, now: datetime) -> None:
        """Mark the person's notices about `what` that lead to `address` as read, because the person has read
        the page."""

    async def find_addressee(self, person_id: UUID) -> Addressee | None:
        """Return the person's address, or None if the person has left or is not known yet."""

    def save_addressee(self, addressee: Addressee, *, active: bool) -> None: ...

    async def find_brief(self, brief_id: UUID) -> FollowedBrief | None: ...

    def save_brief(self, brief_id: UUID, brief: FollowedBrief) -> None: ...

    def erase(self, person_id: UUID) -> None:
        """Delete a person together with all their notices."""


class NoticePorts(Protocol):
    @property
    def mails(self) -> bool:
        """Whether a mail server is configured."""

    @property
    def notices(self) -> NoticeStore: ...

    @property
    def jobs(self) -> Jobs: ...

    @property
    def now(self) -> datetime: ...
