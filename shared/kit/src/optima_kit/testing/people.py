"""People whom tests invent, and their requests."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestClient
from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey

from optima_contracts.privileges import privileges_of

from ..access_changes import holder_of_role
from ..actor import Actor
from ..auth import ACCESS_TOKEN_TYPE, TokenVerifier
from ..clock import Clock, SystemClock

ISSUER = "http://issuer.test"


class _FixedKeys:
    def __init__(self, keys: KeySet) -> None:
        self._keys = keys

    async def keys(self, *, unknown: bool = False) -> KeySet:
        return self._keys


@dataclass(slots=True)
class People:
    """Invents people for tests, and signs tokens for them."""

    clock: Clock = field(default_factory=SystemClock)
    key: OKPKey = field(default_factory=lambda: OKPKey.generate_key("Ed25519", {"kid": "test"}))

    def verifier(self, *types: str) -> TokenVerifier:
        """Return a verifier of these tokens. `types` are the token types that the service accepts, if not
        only access tokens."""
        keys = _FixedKeys(KeySet([self.key]))
        return TokenVerifier(keys, ISSUER, "optima", self.clock, types or (ACCESS_TOKEN_TYPE,))

    def person(
        self,
        *roles: str,
        tenant_id: UUID,
        name: str = "Anna Bianchi",
        kind: str = "internal",
        person_id: UUID | None = None,
        privileges: set[str] | None = None,
        unit_id: UUID | None = None,
        session_id: UUID | None = None,
    ) -> Actor:
        """Invent a person with built-in roles, or with exactly the given privileges."""
        held = privileges if privileges is not None else set().union(*(privileges_of(role) for role in roles))
        return Actor(
            person_id=person_id or uuid.uuid4(),
            tenant_id=tenant_id,
            name=name,
            kind=kind,  # type: ignore[arg-type]
            roles=frozenset(roles),
            privileges=frozenset(held),
            unit_id=unit_id,
            session_id=session_id,
        )

    def token(
        self,
        actor: Actor,
        *,
        lifetime: timedelta = timedelta(minutes=10),
        type_: str | None = ACCESS_TOKEN_TYPE,
        **overrides: Any,
    ) -> str:
        now = int(self.clock.now().timestamp())
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": "optima",
            "sub": str(actor.person_id),
            "tenant": str(actor.tenant_id),
            "name": actor.name,
            "kind": actor.kind,
            "roles": sorted(actor.roles),
            "scope": " ".join(sorted(actor.privileges)),
            "iat": now,
            "nbf": now,
            "exp": now + int(lifetime.total_seconds()),
        }
        if actor.unit_id is not None:
            claims["unit"] = str(actor.unit_id)
        if actor.session_id is not None:
            claims["sid"] = str(actor.session_id)
        if actor.made_from:
            (_, holder), *roles = actor.made_from
            begins = holder_of_role("")
            versions = {key.removeprefix(begins): of for key, of in roles if key.startswith(begins)}
            claims["versions"] = {"holder": holder, "roles": versions}
        claims.update(overrides)
        header = {"alg": "Ed25519", "kid": "test"}
        if type_ is not None:
            header["typ"] = type_
        return jwt.encode(header, claims, self.key, algorithms=["Ed25519"])


class Client:
    """Sends requests as one person. Each POST gets a new Idempotency-Key unless one is given."""

    def __init__(self, http: TestClient[web.BaseRequest, None], token: str | None) -> None:
        self._http = http
        self._token = token

    async def request(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any
    ) -> tuple[aiohttp.ClientResponse, Any]:
        """Send a request. Return the response and its body, parsed if it is JSON, otherwise as bytes."""
        sent = dict(headers or {})
        if self._token is not None:
            sent.setdefault("Authorization", f"Bearer {self._token}")
        if method == "POST":
            sent.setdefault("Idempotency-Key", uuid.uuid4().hex)
        response = await self._http.request(method, path, headers=sent, **options)
        if response.content_type.endswith(("/json", "+json")):
            return response, await response.json(content_type=None)
        return response, await response.read()

    async def get(self, path: str, **options: Any) -> tuple[aiohttp.ClientResponse, Any]:
        return await self.request("GET", path, **options)

    async def post(self, path: str, json: Any = None, **options: Any) -> tuple[aiohttp.ClientResponse, Any]:
        return (
            await self.request("POST", path, json=json, **options)
            if json is not None
            else await self.request("POST", path, **options)
        )

    async def put(self, path: str, json: Any = None, **options: Any) -> tuple[aiohttp.ClientResponse, Any]:
        return await self.request("PUT", path, json=json, **options)

    async def patch(self, path: str, json: Any = None, **options: Any) -> tuple[aiohttp.ClientResponse, Any]:
        return await self.request("PATCH", path, json=json, **options)

    async def delete(self, path: str, **options: Any) -> tuple[aiohttp.ClientResponse, Any]:
        return await self.request("DELETE", path, **options)
