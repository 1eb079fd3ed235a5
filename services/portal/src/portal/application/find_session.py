"""Find the session of a cookie, and renew its tokens before they expire."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Final

from ..domain.sessions import RENEWAL_TAKES, Session, read_cookie
from .ports import Issuer, IssuerAway, SessionStore

_LOOK_AGAIN_SECONDS: Final = 0.1


async def find_session(store: SessionStore, issuer: Issuer, cookie: str, now: datetime) -> Session | None:
    """Return the session of a cookie, or None if it has ended. Renew its tokens if they expire soon.

    Only one process renews at a time. The others continue with the present token while it is valid, and wait
    for the new one only after that. While the issuer does not respond, everybody continues with the present
    token. Raises IssuerAway if a new token is needed then, and Away if the issuer does not answer the
    renewal."""
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
