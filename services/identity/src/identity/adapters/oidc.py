"""A client for the tenant's provider, by OpenID Connect Core 1.0 and Discovery.

The provider's configuration may name only addresses whose origins the operator allows. The client calls only
those, over https, without redirects, and only if their names lead to the public internet
(`optima_kit.egress`)."""

from __future__ import annotations

import base64
import time
from collections.abc import Sequence
from typing import Any, ClassVar
from urllib.parse import quote_plus, urlencode, urlsplit

import aiohttp
import orjson
import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from yarl import URL

from optima_kit.auth import JwksKeys, KeysUnavailable
from optima_kit.egress import EgressExceptions, EgressGuard, NotAllowed, NotAnAddress, host_and_port
from optima_kit.refusals import Invalid, Refusal, Unauthenticated

from ..domain.providers import AllowedIssuer, Introduction, Provider, addresses_of

log = structlog.get_logger()

_ALGORITHMS = ["RS256", "PS256", "ES256", "Ed25519", "EdDSA"]
_KEEP_SECONDS = 600.0
_MOST_BYTES = 1 << 20
_NEEDED = {"authorization_endpoint", "token_endpoint", "jwks_uri"}
_OPTIONAL = {"userinfo_endpoint"}
_CLOCKS_DIFFER_BY = 60.0


class ProviderUnavailable(Refusal):
    """Raised if the provider cannot be reached, or does not speak OpenID Connect."""

    status: ClassVar[int] = 503


class OidcClient:
    """Talks to providers. It caches each provider's addresses for ten minutes, and its keys until a token
    names an unknown key."""

    def __init__(
        self, guard: EgressGuard, egress_exceptions: EgressExceptions, allowed: Sequence[AllowedIssuer]
    ) -> None:
        self._guard = guard
        self._egress_exceptions = egress_exceptions
        self._allowed = allowed
        self._known: dict[str, tuple[float, dict[str, Any], JwksKeys]] = {}

    async def authorization_url(
        self, provider: Provider, *, redirect_uri: str, state: str, nonce: str, challenge: str
    ) -> str:
        document, _ = await self._discovered(provider.issuer)
        asked = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid email",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        address = str(document["authorization_endpoint"])
        return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(asked)}"

    async def introduction(
        self,
        provider: Provider,
        secret: str | None,
        *,
        code: str,
        answered_by: str | None,
        verifier: str,
        redirect_uri: str,
        nonce: str,
    ) -> Introduction:
        """Exchange the code for what the provider says about the person. Raises Unauthenticated if another
        provider issued the code, if the provider refuses the code, or if its answer is not signed by it or
        not meant for us."""
        document, keys = await self._discovered(provider.issuer)
        says_who = document.get("authorization_response_iss_parameter_supported") is True
        if answered_by != provider.issuer and (says_who or answered_by is not None):
            raise Unauthenticated("provider_refused")
        answer = await self._turned_in(document, provider, secret, code, verifier, redirect_uri)
        claims = await _verified(str(answer.get("id_token", "")), keys)
        _meant_for_us(claims, provider, nonce)
        told = claims
        if "email" not in told and "userinfo_endpoint" in document:
            told = await self._user_info(document, str(answer.get("access_token", "")))
            if told.get("sub") != claims["sub"]:
                raise Unauthenticated("provider_refused")
        email = told.get("email")
        return Introduction(
            subject=claims["sub"],
            email=email if isinstance(email, str) else None,
            email_verified=told.get("email_verified") is True,
        )

    async def _discovered(self, issuer: str) -> tuple[dict[str, Any], JwksKeys]:
        known = self._known.get(issuer)
        if known is not None and time.monotonic() - known[0] < _KEEP_SECONDS:
            return known[1], known[2]
        try:
            allowed = {self._origin(each) for each in addresses_of(issuer, self._allowed)}
        except (Invalid, NotAnAddress):  # it was allowed when it was chosen
            raise ProviderUnavailable("provider_address_not_allowed", address=issuer) from None
        address = issuer.rstrip("/") + "/.well-known/openid-configuration"
        status, document = await self._fetched("GET", address)
        if status != 200 or document.get("issuer") != issuer or not document.keys() >= _NEEDED:
            log.warning("provider's configuration not usable", issuer=issuer, status=status)
            raise ProviderUnavailable("provider_unavailable")
        for name in sorted((_NEEDED | _OPTIONAL) & document.keys()):
            self._within(allowed, issuer, document[name])
        keys = JwksKeys(document["jwks_uri"], self._published)
        self._known[issuer] = (time.monotonic(), document, keys)
        return document, keys

    def _within(self, allowed: set[str], issuer: str, address: object) -> None:
        try:
            good = isinstance(address, str) and self._origin(address) in allowed
        except NotAnAddress:
            good = False
        if not good:
            shown = str(address)[:200]
            log.warning("provider names an address that is not its own", issuer=issuer, address=shown)
            raise ProviderUnavailable("provider_address_not_allowed", address=shown)

    def _origin(self, address: str) -> str:
        host, port = host_and_port(address, self._egress_exceptions)
        return f"{address.partition(':')[0]}://{host}:{port}"

    async def _published(self, address: str) -> dict[str, Any]:
        try:
            status, document = await self._fetched("GET", address)
        except ProviderUnavailable as away:
            raise ConnectionError(address) from away
        if status != 200:
            raise ValueError(f"answered {status}")
        return document

    async def _turned_in(
        self,
        document: dict[str, Any],
        provider: Provider,
        secret: str | None,
        code: str,
        verifier: str,
        redirect_uri: str,
    ) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        headers = {}
        if secret is None:
            form["client_id"] = provider.client_id
        else:
            # RFC 6749 §2.3.1: both are form-encoded before they become a Basic pair.
            pair = f"{quote_plus(provider.client_id)}:{quote_plus(secret)}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        status, answer = await self._fetched("POST", document["token_endpoint"], data=form, headers=headers)
        if status >= 500:
            raise ProviderUnavailable("provider_unavailable")
        if status != 200:
            log.info("provider refused a code", issuer=provider.issuer, error=str(answer.get("error"))[:100])
            raise Unauthenticated("provider_refused")
        return answer

    async def _user_info(self, document: dict[str, Any], access_token: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {access_token}"}
        status, told = await self._fetched("GET", document["userinfo_endpoint"], headers=headers)
        if status != 200:
            raise Unauthenticated("provider_refused")
        return told

    async def _fetched(self, method: str, address: str, **options: Any) -> tuple[int, dict[str, Any]]:
        """Fetch JSON. Redirects are not followed, and at most a megabyte is read. An answer that is not an
        object counts as an empty object."""
        raw = bytearray()
        headers = {"Accept-Encoding": "identity"} | options.pop("headers", {})
        try:
            async with (
                self._guard.session(address) as client,
                client.request(
                    method, URL(address, encoded=True), headers=headers, allow_redirects=False, **options
                ) as response,
            ):
                async for chunk in response.content.iter_any():
                    raw += chunk
                    if len(raw) > _MOST_BYTES:
                        break
        except (aiohttp.ClientError, OSError, ValueError, NotAllowed) as error:
            log.warning("provider not reached", address=address, error=repr(error))
            raise ProviderUnavailable("provider_unavailable") from error
        try:
            answer = orjson.loads(raw)
        except orjson.JSONDecodeError:
            answer = None
        return response.status, answer if isinstance(answer, dict) else {}


async def _verified(token: str, keys: JwksKeys) -> dict[str, Any]:
    for unknown in (False, True):
        try:
            published = await keys.keys(unknown=unknown)
        except KeysUnavailable as error:
            raise ProviderUnavailable("provider_unavailable") from error
        try:
            return dict(jwt.decode(token, published, algorithms=_ALGORITHMS).claims)
        except (JoseError, ValueError, TypeError, UnicodeError):
            continue  # the key may have been published just now; otherwise the token is forged
    raise Unauthenticated("provider_refused")


def _meant_for_us(claims: dict[str, Any], provider: Provider, nonce: str) -> None:
    """Check the claims as OpenID Connect Core 1.0 §3.1.3.7 requires. Raises Unauthenticated if they are
    wrong."""
    now = time.time()
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    expires, issued = claims.get("exp"), claims.get("iat")
    good = (
        claims.get("iss") == provider.issuer
        and provider.client_id in audiences
        and claims.get("azp", provider.client_id) == provider.client_id
        and (len(audiences) == 1 or "azp" in claims)
        and claims.get("nonce") == nonce
        and isinstance(expires, int | float)
        and expires > now - _CLOCKS_DIFFER_BY
        and isinstance(issued, int | float)
        and issued < now + _CLOCKS_DIFFER_BY
        and isinstance(claims.get("sub"), str)
        and 0 < len(claims["sub"]) <= 255
    )
    if not good:
        raise Unauthenticated("provider_refused")
