"""Checks bearer tokens against the issuer's published keys (JWKS) and turns them into an Actor."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Final, Protocol
from uuid import UUID

import aiohttp
import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import BaseModel, ConfigDict, ValidationError

from .access_changes import holder_of_role, holder_of_session
from .actor import Actor
from .clock import Clock
from .refusals import Unauthenticated

log = structlog.get_logger()

ALGORITHMS = ["ES256", "Ed25519", "EdDSA", "RS256"]
ACCESS_TOKEN_TYPE: Final = "at+jwt"  # noqa: S105
"""The type by which RFC 9068 distinguishes an access token from an id token or any other token of the
issuer."""
_LEEWAY_SECONDS = 5
_REFRESH_AT_MOST_EVERY = 10.0
_ASK_AGAIN_AFTER = 1.0
_KEEP_TOKENS = 4096


class KeysUnavailable(Exception):
    """Raised if the issuer's keys could not be fetched, so that no token can be checked."""


class KeySource(Protocol):
    async def keys(self, *, unknown: bool = False) -> KeySet:
        """Return the issuer's keys. `unknown` says that a token's key was not one of those returned before.
        Raises KeysUnavailable."""


class JwksKeys:
    """Keys that are fetched from a JWKS address, and again if a token names an unknown key."""

    def __init__(self, url: str, fetch: Callable[[str], Awaitable[Any]] | None = None) -> None:
        """Create the source. `fetch` returns the JSON document at an address, or raises ValueError, OSError
        or aiohttp.ClientError. By default, it requests the address and follows no redirect."""
        self._url = url
        self._fetch = fetch or _fetch
        self._keys: KeySet | None = None
        self._asked = float("-inf")
        self._lock = asyncio.Lock()

    async def keys(self, *, unknown: bool = False) -> KeySet:
        if self._keys is not None and not unknown:
            return self._keys
        async with self._lock:
            # There may be thousands of forged tokens with unknown keys, so not each of them causes a request.
            pause = _REFRESH_AT_MOST_EVERY if self._keys is not None else _ASK_AGAIN_AFTER
            if time.monotonic() - self._asked < pause:
                if self._keys is None:
                    raise KeysUnavailable(self._url)
                return self._keys
            self._asked = time.monotonic()
            try:
                self._keys = KeySet.import_key_set(await self._fetch(self._url))
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError, JoseError) as error:
                log.warning("issuer keys not fetched", url=self._url, error=repr(error))
                if self._keys is None:
                    raise KeysUnavailable(self._url) from error
            return self._keys


async def _fetch(url: str) -> Any:
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as client,
        client.get(url, allow_redirects=False) as response,
    ):
        response.raise_for_status()
        return await response.json()


class _Versions(BaseModel):
    model_config = ConfigDict(extra="ignore")

    holder: int
    roles: dict[str, int] = {}


class _Claims(BaseModel):
    model_config = ConfigDict(extra="ignore")

    sub: UUID
    tenant: UUID
    name: str
    kind: str
    roles: list[str] = []
    scope: str = ""
    unit: UUID | None = None
    manager: UUID | None = None
    sid: UUID | None = None
    versions: _Versions | None = None
    exp: float
    nbf: float | None = None


class TokenVerifier:
    """Turns a bearer token into an Actor, or raises Unauthenticated with the reason."""

    def __init__(
        self,
        keys: KeySource,
        issuer: str,
        audience: str,
        clock: Clock,
        types: Collection[str] = (ACCESS_TOKEN_TYPE,),
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._types = frozenset(each.lower() for each in types)
        self._known: OrderedDict[bytes, tuple[Actor, float, float]] = OrderedDict()

    async def actor(self, token: str) -> Actor:
        """Return the actor of a token. Raises Unauthenticated if the token is forged, expired, not yet valid,
        meant for another audience, or not an access token."""
        now = self._clock.now().timestamp()
        # Known tokens are stored by their hash, so that this process's memory holds no usable token.
        digest = hashlib.sha256(token.encode(errors="replace")).digest()
        known = self._known.get(digest)
        if known is not None:
            actor, not_before, expires = known
            _check_times(now, not_before, expires)
            return actor
        header, claims = await self._verified(token)
        if _type_of(header) not in self._types:
            raise Unauthenticated("token_type")
        if claims.get("iss") != self._issuer:
            raise Unauthenticated("token_issuer")
        audience = claims.get("aud")
        if self._audience not in (audience if isinstance(audience, list) else [audience]):
            raise Unauthenticated("token_audience")
        try:
            read = _Claims.model_validate(claims)
        except ValidationError:
            raise Unauthenticated("token_claims") from None
        not_before = read.nbf if read.nbf is not None else float("-inf")
        _check_times(now, not_before, read.exp)
        actor = Actor(
            person_id=read.sub,
            tenant_id=read.tenant,
            name=read.name,
            kind=read.kind if read.kind in ("internal", "external") else "service",  # type: ignore[arg-type]
            roles=frozenset(read.roles),
            privileges=frozenset(read.scope.split()),
            unit_id=read.unit,
            manager_id=read.manager,
            session_id=read.sid,
            made_from=_made_from(read),
        )
        self._known[digest] = (actor, not_before, read.exp)
        if len(self._known) > _KEEP_TOKENS:
            self._known.popitem(last=False)
        return actor

    async def _verified(self, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Check the signature of a token and return its header and its claims."""
        for unknown in (False, True):
            keys = await self._keys.keys(unknown=unknown)
            try:
                read = jwt.decode(token, keys, algorithms=ALGORITHMS)
                return dict(read.header), dict(read.claims)
            except (JoseError, ValueError, TypeError, UnicodeError):
                # A token with a new key looks like a forgery, so ask for the keys once more.
                continue
        raise Unauthenticated("token_signature")


def _type_of(header: Mapping[str, Any]) -> str:
    """Return the type of a token. By RFC 9068 §4, it may have the prefix `application/`, and case does not
    matter."""
    return str(header.get("typ", "")).lower().removeprefix("application/")


def _made_from(claims: _Claims) -> tuple[tuple[str, int], ...]:
    """Return the access versions from which a token was made, or none if its issuer has no such versions."""
    if claims.versions is None:
        return ()
    roles = ((holder_of_role(key), version) for key, version in claims.versions.roles.items())
    session = [(holder_of_session(claims.sid), 0)] if claims.sid else []
    return ((str(claims.sub), claims.versions.holder), *roles, *session)


def _check_times(now: float, not_before: float, expires: float) -> None:
    if now > expires + _LEEWAY_SECONDS:
        raise Unauthenticated("token_expired")
    if now < not_before - _LEEWAY_SECONDS:
        raise Unauthenticated("token_not_yet_valid")
