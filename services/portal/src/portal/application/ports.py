"""What the use cases ask of their surroundings."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from uuid import UUID

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


class Issuer(Protocol):
    """Identity, as far as sessions need it."""

    async def renew(self, refresh_token: str) -> Tokens | None:
        """The next tokens; None when identity has ended the session. Raises Away when it does not answer."""
