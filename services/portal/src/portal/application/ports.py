"""What the use cases ask of their surroundings."""

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
    """Each call is a transaction of its own: nobody is asked for tokens while one is open."""

    async def insert(self, session: Session, begun_at: datetime) -> None: ...

    async def find(self, tenant_id: UUID, token_hash: bytes, now: datetime) -> Session | None: ...

    async def claim_renewal(self, tenant_id: UUID, token_hash: bytes, now: datetime, until: datetime) -> bool:
        """Whether the renewal is ours until then. False while another process has it, or it is not due."""

    async def make_due(self, session: Session, now: datetime) -> None:
        """From now on its tokens are due for renewal, however long they still work."""

    async def update_tokens(self, session: Session, tokens: Tokens) -> None: ...

    async def update_language(self, session: Session, language: str) -> None: ...

    async def delete(self, tenant_id: UUID, token_hash: bytes) -> None: ...


class IssuerAway(Exception):
    """New tokens are needed, and identity stands still: it is not asked for them."""


class Issuer(Protocol):
    """Identity, as far as sessions need it."""

    async def lives(self) -> bool:
        """Whether it says so at once. Who does not is given no refresh token: it may be used once, and an
        answer that nobody waits for any more is lost with the next one."""

    async def renew(self, refresh_token: str) -> Tokens | None:
        """The next tokens; None when identity has ended the session. Raises Away when it does not answer."""


@dataclass(frozen=True, slots=True)
class Addressee:
    """Where a person's mail goes, and in which language."""

    person_id: UUID
    name: str
    email: str
    language: Literal["it", "en"]


@dataclass(frozen=True, slots=True)
class FollowedBrief:
    """Who is told how a brief gets on, and what it is called."""

    requester_id: UUID
    title: str


class NoticeStore(Protocol):
    """One tenant's notices, on one transaction."""

    async def preferences(self, people: Collection[UUID]) -> Mapping[UUID, Preferences]:
        """Of those who have chosen any."""

    def save_preferences(self, person_id: UUID, preferences: Preferences) -> None: ...

    def insert(self, notice: Notice, way: Way) -> None: ...

    def hint(self, person_id: UUID) -> None:
        """Tells the pages that the person looks at, once this is committed."""

    async def list_unmailed(self, person_id: UUID, way: Way) -> Sequence[Notice]:
        """What the person has neither read nor had by mail, the oldest first."""

    def mark_mailed(self, notices: Collection[UUID], now: datetime) -> None: ...

    def mark_read(self, person_id: UUID, what: str, address: str, now: datetime) -> None:
        """What the person was told of that, on a page where they have read it."""

    async def find_addressee(self, person_id: UUID) -> Addressee | None:
        """None for who has left, or is not known yet."""

    def save_addressee(self, addressee: Addressee, *, active: bool) -> None: ...

    async def find_brief(self, brief_id: UUID) -> FollowedBrief | None: ...

    def save_brief(self, brief_id: UUID, brief: FollowedBrief) -> None: ...

    def erase(self, person_id: UUID) -> None:
        """Forgets a person, and all that they were told."""


class NoticePorts(Protocol):
    @property
    def mails(self) -> bool:
        """Whether there is a mail server to send them."""

    @property
    def notices(self) -> NoticeStore: ...

    @property
    def jobs(self) -> Jobs: ...

    @property
    def now(self) -> datetime: ...
