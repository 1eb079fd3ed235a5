"""Sessions in PostgreSQL. Implements `application.ports.SessionStore`."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import orjson

from optima_kit.db import Database
from optima_kit.sealing import SealBroken, Sealer
from optima_kit.sql import load_queries

from ..domain.notices import KEPT
from ..domain.sessions import RENEW_BEFORE_END, Session, Tokens

QUERIES = load_queries(__package__)


class PostgresSessions:
    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    async def insert(self, session: Session, begun_at: datetime) -> None:
        async with self._database.transaction(session.tenant_id) as work:
            work.write(QUERIES.delete_ended_sessions, now=begun_at)
            work.write(QUERIES.delete_old_notices, before=begun_at - KEPT)
            work.write(QUERIES.delete_old_visits, before=begun_at - KEPT)
            work.write(
                QUERIES.insert_session,
                token_hash=session.token_hash,
                person_id=session.person_id,
                language=session.language,
                tokens=self._sealed(session.token_hash, session.tokens),
                factor_needed=session.tokens.factor_needed,
                renew_at=session.tokens.access_ends_at - RENEW_BEFORE_END,
                begun_at=begun_at,
                ends_at=session.ends_at,
            )

    async def find(self, tenant_id: UUID, token_hash: bytes, now: datetime) -> Session | None:
        async with self._database.reading(tenant_id) as work:
            row = await work.fetchrow(QUERIES.find_session, token_hash=token_hash, now=now)
        if row is None:
            return None
        try:
            access, refresh, ends = orjson.loads(self._sealer.opened(row["tokens"], token_hash.hex()))
        except SealBroken:
            return None
        return Session(
            tenant_id=tenant_id,
            token_hash=token_hash,
            person_id=row["person_id"],
            language=row["language"],
            tokens=Tokens(access, refresh, datetime.fromisoformat(ends), row["factor_needed"]),
            ends_at=row["ends_at"],
            unread=row["unread"],
        )

    async def claim_renewal(self, tenant_id: UUID, token_hash: bytes, now: datetime, until: datetime) -> bool:
        async with self._database.transaction(tenant_id) as work:
            claimed = await work.execute(QUERIES.claim_renewal, token_hash=token_hash, now=now, until=until)
        return claimed == 1

    async def make_due(self, session: Session, now: datetime) -> None:
        async with self._database.transaction(session.tenant_id) as work:
            work.write(QUERIES.update_renewal, token_hash=session.token_hash, now=now)

    async def update_tokens(self, session: Session, tokens: Tokens) -> None:
        async with self._database.transaction(session.tenant_id) as work:
            work.write(
                QUERIES.update_tokens,
                token_hash=session.token_hash,
                tokens=self._sealed(session.token_hash, tokens),
                factor_needed=tokens.factor_needed,
                renew_at=tokens.access_ends_at - RENEW_BEFORE_END,
            )

    async def update_language(self, session: Session, language: str) -> None:
        async with self._database.transaction(session.tenant_id) as work:
            work.write(QUERIES.update_language, token_hash=session.token_hash, language=language)

    async def delete(self, tenant_id: UUID, token_hash: bytes) -> None:
        async with self._database.transaction(tenant_id) as work:
            work.write(QUERIES.delete_session, token_hash=token_hash)

    def _sealed(self, token_hash: bytes, tokens: Tokens) -> bytes:
        plain = orjson.dumps([tokens.access, tokens.refresh, tokens.access_ends_at])
        return self._sealer.sealed(plain, token_hash.hex())
