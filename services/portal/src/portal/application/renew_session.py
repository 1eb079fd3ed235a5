"""Renew a session's tokens at once, because the person's rights have changed."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final

from ..domain.sessions import RENEWAL_TAKES, Session, Tokens
from .ports import Issuer, IssuerAway, SessionStore

_TRY_AGAIN_SECONDS: Final = 0.1


async def renew_session(
    store: SessionStore, issuer: Issuer, session: Session, now: datetime
) -> Tokens | None:
    """Renew the tokens and return them. If identity has ended the session, delete it and return None. Raises
    IssuerAway while identity does not respond, so that a later page renews the tokens, and Away if it does
    not answer the renewal."""
    for _ in range(round(RENEWAL_TAKES.total_seconds() / _TRY_AGAIN_SECONDS)):
        # Another process may be renewing the tokens with the old rights: wait until it has finished.
        await store.make_due(session, now)
        if not await issuer.lives():
            raise IssuerAway
        if await store.claim_renewal(session.tenant_id, session.token_hash, now, now + RENEWAL_TAKES):
            break
        await asyncio.sleep(_TRY_AGAIN_SECONDS)
    known = await store.find(session.tenant_id, session.token_hash, now)
    tokens = await issuer.renew(known.tokens.refresh) if known is not None else None
    if tokens is None:
        await store.delete(session.tenant_id, session.token_hash)
    else:
        await store.update_tokens(session, tokens)
    return tokens
