"""Keys that every replica shares, and tokens that hold against the kit's verifier."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from identity.adapters.keyring import KeyMaker, Keyring
from identity.application.access_tokens import PLATFORM_TENANT
from identity.application.rotate_signing_keys import rotate_signing_keys
from identity.bootstrap import service
from identity.domain.sessions import ACCESS_TOKEN_LIVES
from optima_kit.auth import TokenVerifier
from optima_kit.db import Database
from optima_kit.refusals import Unauthenticated
from optima_kit.sealing import SealBroken
from optima_kit.testing import FixedClock

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ISSUER = "http://identity.test"
CLAIMS = {
    "sub": str(uuid4()),
    "tenant": str(uuid4()),
    "name": "Elena",
    "kind": "internal",
    "roles": ["marketing"],
    "scope": "brief.read brief.create",
}


class Issuer:
    """The part of a replica that signs, on a database that it shares with others."""

    def __init__(self, database: Database, key_secret: str, settings: Any) -> None:
        self.database = database
        self.ports = service(settings).ports
        self.maker = KeyMaker(key_secret)
        self.keyring = Keyring(self.maker, self.ports, ISSUER, "optima")

    async def token(self) -> str:
        return await self.keyring.access_token(self.database, CLAIMS)

    async def shown(self) -> KeySet:
        return KeySet.import_key_set({"keys": await self.keyring.public_keys(self.database)})  # type: ignore[arg-type]


class Shown:
    """A verifier's key source that reads the published keys each time."""

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer

    async def keys(self, *, unknown: bool = False) -> KeySet:
        return await self._issuer.shown()


@pytest.fixture
async def database(database_for: Any) -> Any:
    return await database_for("identity")


@pytest.fixture
async def opened(database: Any) -> AsyncIterator[Database]:
    pool = await Database.open(database.rw_url, source="/optima/identity", size=4, clock=FixedClock(NOW))
    yield pool
    await pool.close()


@pytest.fixture
def replica(opened: Database, database: Any, settings_for: Any) -> Any:
    return lambda secret="demonstration": Issuer(opened, secret, settings_for(database, key_secret=secret))


async def test_replicas_that_start_together_share_one_key(replica: Any, database: Any) -> None:
    replicas = [replica() for _ in range(6)]
    tokens = await asyncio.gather(*(each.token() for each in replicas))
    assert len({header(token)["kid"] for token in tokens}) == 1
    assert header(tokens[0]) == {"alg": "ES256", "typ": "at+jwt", "kid": header(tokens[0])["kid"]}
    rows = await database.fetch("SELECT public, sealed FROM signing_keys")
    assert len(rows) == 1
    assert '"d"' not in rows[0]["public"]
    jobs = await database.fetch("SELECT kind, due_at FROM jobs")
    assert [(job["kind"], job["due_at"]) for job in jobs] == [
        ("identity.rotate_signing_keys", NOW + timedelta(days=30) - timedelta(minutes=15))
    ]


async def test_no_token_is_wrongly_refused_while_keys_rotate(replica: Any, opened: Database) -> None:
    """Two replicas issue tokens all the while; verifiers read the published keys every ten minutes only
    and never ask for an unknown one. Every token is accepted for as long as it lives."""
    clock: Any = opened.clock
    replicas = [replica(), replica()]
    shown = await replicas[0].shown()
    live: list[tuple[str, datetime]] = []
    signers, asked = set(), 0

    class Stale:
        async def keys(self, *, unknown: bool = False) -> KeySet:
            return shown

    for step in range(100):
        if step in (1, 41):
            async with opened.transaction(PLATFORM_TENANT) as work:
                await rotate_signing_keys(replicas[0].ports(work), at_once=True)
        if step % 20 == 0:
            shown = await replicas[step // 20 % 2].shown()
        for each in replicas:
            live.append((await each.token(), clock.now()))
            signers.add(header(live[-1][0])["kid"])
        live = [(token, at) for token, at in live if clock.now() - at <= ACCESS_TOKEN_LIVES]
        verifier = TokenVerifier(Stale(), ISSUER, "optima", clock)
        for token, _ in live:
            await verifier.actor(token)
            asked += 1
        clock.advance(timedelta(seconds=30))
    assert len(signers) == 3
    assert asked > 2000


async def test_keys_that_have_served_are_dropped(replica: Any, opened: Database, database: Any) -> None:
    clock: Any = opened.clock
    one = replica()
    await one.token()
    for days in (30, 60):
        clock.set(NOW + timedelta(days=days) - timedelta(minutes=15))
        async with opened.transaction(PLATFORM_TENANT) as work:
            keys = await rotate_signing_keys(one.ports(work))
        assert len(keys) == 2
    assert len(await database.fetch("SELECT 1 FROM signing_keys")) == 2


async def test_a_token_of_ours_is_believed(replica: Any, opened: Database) -> None:
    one = replica()
    actor = await TokenVerifier(Shown(one), ISSUER, "optima", opened.clock).actor(await one.token())
    assert actor.privileges == {"brief.read", "brief.create"}
    assert actor.person_id == UUID(CLAIMS["sub"])


async def test_tokens_that_are_not_ours_are_refused(replica: Any, opened: Database) -> None:
    one, clock = replica(), opened.clock
    token = await one.token()
    kid = header(token)["kid"]
    (row,) = await one.keyring._current(opened)
    own, stranger = one.maker.opened(row), ECKey.generate_key("P-256", {"kid": kid})
    right = json.loads(decoded(token.split(".")[1]))
    now = int(clock.now().timestamp())

    def forged(key: ECKey = own, head: dict[str, str] | None = None, **claims: Any) -> str:
        told = {name: value for name, value in (right | claims).items() if value is not None}
        typed = {"alg": "ES256", "kid": kid, "typ": "at+jwt"}
        return jwt.encode(head or typed, told, key, algorithms=["ES256"])

    public = row.public
    none = f"{encoded({'alg': 'none', 'kid': kid})}.{token.split('.')[1]}."
    hmac_head = encoded({"alg": "HS256", "kid": kid})
    cases = {
        "alg none": (none, "token_signature"),
        "alg none, signature kept": (none + token.split(".")[2], "token_signature"),
        "public key as a shared secret": (
            f"{hmac_head}.{token.split('.')[1]}.{hmac_signature(hmac_head, token.split('.')[1], public)}",
            "token_signature",
        ),
        "wrong key": (forged(stranger), "token_signature"),
        "unknown key": (forged(own, {"alg": "ES256", "kid": "other"}), "token_signature"),
        "claims changed": (
            ".".join([token.split(".")[0], encoded(right | {"scope": "phase.assign"}), token.split(".")[2]]),
            "token_signature",
        ),
        "an id token": (forged(head={"alg": "ES256", "kid": kid, "typ": "JWT"}), "token_type"),
        "of no type": (forged(head={"alg": "ES256", "kid": kid}), "token_type"),
        "wrong issuer": (forged(iss="http://elsewhere.test"), "token_issuer"),
        "no issuer": (forged(iss=None), "token_issuer"),
        "wrong audience": (forged(aud="another"), "token_audience"),
        "no audience": (forged(aud=None), "token_audience"),
        "expired": (forged(exp=now - 60), "token_expired"),
        "never expires": (forged(exp=None), "token_claims"),
        "not yet valid": (forged(nbf=now + 60), "token_not_yet_valid"),
        "no tenant": (forged(tenant=None), "token_claims"),
        "tenant is none": (forged(tenant="aurora"), "token_claims"),
        "nonsense": ("a.b.c", "token_signature"),
    }
    verifier = TokenVerifier(Shown(one), ISSUER, "optima", clock)
    for case, (text, code) in cases.items():
        with pytest.raises(Unauthenticated) as refused:
            await verifier.actor(text)
        assert refused.value.code == code, case
    await verifier.actor(forged())


async def test_a_token_expires(replica: Any, opened: Database) -> None:
    clock: Any = opened.clock
    one = replica()
    token = await one.token()
    verifier = TokenVerifier(Shown(one), ISSUER, "optima", clock)
    await verifier.actor(token)
    clock.advance(ACCESS_TOKEN_LIVES + timedelta(seconds=6))
    with pytest.raises(Unauthenticated, match="token_expired"):
        await verifier.actor(token)


async def test_another_key_secret_says_what_is_wrong(replica: Any) -> None:
    await replica("demonstration one").token()
    with pytest.raises(SealBroken, match="OPTIMA_KEY_SECRET"):
        await replica("demonstration two").token()


def header(token: str) -> Any:
    return json.loads(decoded(token.split(".")[0]))


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def encoded(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def hmac_signature(head: str, payload: str, public: dict[str, str]) -> str:
    """What an attacker would sign with the published key, hoping that it is taken for a shared secret."""
    digest = hmac.new(json.dumps(public).encode(), f"{head}.{payload}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
