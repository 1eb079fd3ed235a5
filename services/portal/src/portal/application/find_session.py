"""Find the session of a cookie, and renew its tokens before they end."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Final

from ..domain.sessions import RENEWAL_TAKES, Session, read_cookie
from .ports import Issuer, IssuerAway, SessionStore

_LOOK_AGAIN_SECONDS: Final = 0.1


async def find_session(store: SessionStore, issuer: Issuer, cookie: str, now: datetime) -> Session | None:
    """None for a session that has ended. One process renews at a time; the others go on with the token that
    still works, and wait for the new one only where it no longer does. So does everybody while the issuer
    stands still; IssuerAway is raised where a new token is needed then, Away where it does not answer."""
    read = read_cookie(cookie)
    if read is None:
        return None
    session = await store.find(*read, now)
    if session is None or not session.due_for_renewal(now):
        return session
    if not await issuer.lives():
        if now < session.tokens.access_ends_at:
            return session
        raise IssuerAway
    if await store.claim_renewal(*read, now, now + RENEWAL_TAKES):
        tokens = await issuer.renew(session.tokens.refresh)
        if tokens is None:
            await store.delete(*read)
            return None
        await store.update_tokens(session, tokens)
        return replace(session, tokens=tokens)
    for _ in range(round(RENEWAL_TAKES.total_seconds() / 2 / _LOOK_AGAIN_SECONDS)):
        if session is None or now < session.tokens.access_ends_at:
            break
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        session = await store.find(*read, now)
    return session
