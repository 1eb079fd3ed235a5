"""Signs access tokens with ES256, the algorithm on elliptic curves that joserfc verifies fastest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import orjson
from joserfc import jwt
from joserfc.jwk import ECKey

from optima_kit.auth import ACCESS_TOKEN_TYPE
from optima_kit.db import Database, UnitOfWork
from optima_kit.ids import new_id
from optima_kit.sealing import SealBroken, Sealer

from ..application.access_tokens import PLATFORM_TENANT
from ..application.ports import Ports
from ..application.rotate_signing_keys import rotate_signing_keys
from ..domain.sessions import ACCESS_TOKEN_LIVES
from ..domain.signing import SHOWN_BEFORE, SigningKey, the_key_that_signs

_ALGORITHM = "ES256"
_READ_AGAIN_AFTER = timedelta(minutes=1)
"""How often a process reads the keys again. This is well below SHOWN_BEFORE, so that every replica publishes
a key before any replica signs with it."""
assert SHOWN_BEFORE >= 5 * _READ_AGAIN_AFTER


class KeyMaker:
    """Makes signing keys. Their private half is sealed."""

    def __init__(self, key_secret: str) -> None:
        self._sealer = Sealer(key_secret, "identity signing keys")

    def new_key(self, signs_from: datetime) -> SigningKey:
        kid = new_id().hex
        key = ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": _ALGORITHM})
        private = orjson.dumps(key.as_dict(private=True))
        public = {name: str(value) for name, value in key.as_dict(private=False).items()}
        return SigningKey(kid, _ALGORITHM, public, self._sealer.sealed(private, kid), signs_from)

    def opened(self, key: SigningKey) -> ECKey:
        """Open a key's private half. Raises SealBroken with a message that names the remedy."""
        try:
            return ECKey.import_key(orjson.loads(self._sealer.opened(key.sealed, key.kid)))
        except SealBroken:
            raise SealBroken(
                f"the signing key {key.kid} does not open with this OPTIMA_KEY_SECRET: restore the secret "
                "that it was made under, the same in every replica"
            ) from None


class Keyring:
    """The issuer's keys as this process last read them."""

    def __init__(
        self, maker: KeyMaker, ports: Callable[[UnitOfWork], Ports], issuer: str, audience: str
    ) -> None:
        self._maker = maker
        self._ports = ports
        self._issuer = issuer
        self._audience = audience
        self._keys: Sequence[SigningKey] = ()
        self._opened: dict[str, ECKey] = {}
        self._read_at: datetime | None = None
        self._lock = asyncio.Lock()

    async def access_token(self, database: Database, claims: Mapping[str, object]) -> str:
        """Return a JWT with these claims, valid from now on for ACCESS_TOKEN_LIVES."""
        keys = await self._current(database)
        now = database.clock.now()  # read after the keys, because the first one may just have been made
        signing = the_key_that_signs(keys, now)
        assert signing is not None, "the first key signs as soon as it is made"
        key = self._opened.get(signing.kid) or self._maker.opened(signing)
        self._opened[signing.kid] = key
        issued_at = int(now.timestamp())
        told = {
            **claims,
            "iss": self._issuer,
            "aud": self._audience,
            "iat": issued_at,
            "nbf": issued_at,
            "exp": issued_at + int(ACCESS_TOKEN_LIVES.total_seconds()),
            "jti": new_id().hex,
        }
        header = {"alg": signing.algorithm, "kid": signing.kid, "typ": ACCESS_TOKEN_TYPE}
        return jwt.encode(header, told, key, algorithms=[signing.algorithm])

    async def public_keys(self, database: Database) -> list[dict[str, str]]:
        """Return, as JSON Web Keys, all keys that sign, will sign, or have signed a token that may still be
        valid."""
        return [key.public for key in await self._current(database)]

    async def _current(self, database: Database) -> Sequence[SigningKey]:
        async with self._lock:
            now = database.clock.now()
            if self._read_at is None or now - self._read_at >= _READ_AGAIN_AFTER:
                async with database.reading(PLATFORM_TENANT) as work:
                    keys = await self._ports(work).signing_keys.list()
                if not keys:
                    async with database.transaction(PLATFORM_TENANT) as work:
                        keys = await rotate_signing_keys(self._ports(work))
                self._keys, self._read_at = keys, now
                known = {key.kid for key in keys}
                self._opened = {kid: key for kid, key in self._opened.items() if kid in known}
            return self._keys
