"""What a provider says is believed only as far as it has signed it, for us, now."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from identity.adapters.oidc import OidcClient, ProviderUnavailable
from identity.domain.providers import Introduction, Provider
from optima_kit.refusals import Unauthenticated

NONCE = "a nonce"


class Stub:
    """A provider that answers whatever a test makes it."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one"})
        self.published = [self.key]
        self.issuer = ""
        self.claims: dict[str, Any] = {}
        self.id_token: str | None = None
        self.user_info: dict[str, Any] = {}
        self.discovery: dict[str, Any] = {}
        self.token_status = 200
        self.forms: list[tuple[dict[str, Any], str | None]] = []

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._discover)
        app.router.add_get("/keys", self._keys)
        app.router.add_post("/token", self._token)
        app.router.add_get("/me", self._me)
        return app

    async def _discover(self, _: web.Request) -> web.Response:
        document = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth?fixed=1",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/me",
        }
        return web.json_response(document | self.discovery)

    async def _keys(self, _: web.Request) -> web.Response:
        return web.json_response(KeySet(self.published).as_dict(private=False))

    async def _token(self, request: web.Request) -> web.Response:
        self.forms.append((dict(await request.post()), request.headers.get("Authorization")))
        return web.json_response(
            {"id_token": self.id_token or self.signed(), "access_token": "x"}, status=self.token_status
        )

    async def _me(self, _: web.Request) -> web.Response:
        return web.json_response(self.user_info)

    def signed(self, key: RSAKey | None = None, **claims: Any) -> str:
        now = int(time.time())
        told = {
            "iss": self.issuer,
            "aud": "optima",
            "sub": "elena",
            "nonce": NONCE,
            "iat": now,
            "exp": now + 60,
            "email": "elena@aurora.example",
            "email_verified": True,
        }
        told = {name: value for name, value in (told | self.claims | claims).items() if value is not None}
        signer = key or self.key
        return jwt.encode({"alg": "RS256", "kid": signer.kid or ""}, told, signer)

    async def introduction(self, secret: str | None = None) -> Introduction:
        return await OidcClient().introduction(
            Provider(self.issuer, "optima", None),
            secret,
            code="c",
            verifier="v",
            redirect_uri="https://portale.example/callback",
            nonce=NONCE,
        )


@pytest.fixture
async def stub() -> AsyncIterator[Stub]:
    stub = Stub()
    server = TestServer(stub.app())
    await server.start_server()
    stub.issuer = str(server.make_url("")).rstrip("/")
    yield stub
    await server.close()


async def test_a_signed_introduction_is_believed(stub: Stub) -> None:
    said = await stub.introduction("with:odd/signs")
    assert said == Introduction("elena", "elena@aurora.example", email_verified=True)
    form, authority = stub.forms[0]
    assert form["code_verifier"] == "v"
    assert authority is not None
    assert base64.b64decode(authority.removeprefix("Basic ")) == b"optima:with%3Aodd%2Fsigns"
    await stub.introduction(None)
    form, authority = stub.forms[1]
    assert (form["client_id"], authority) == ("optima", None)


async def test_an_introduction_that_is_not_for_us_is_refused(stub: Stub) -> None:
    now = int(time.time())
    unsigned = ".".join([part({"alg": "none"}), stub.signed().split(".")[1], ""])
    stranger = RSAKey.generate_key(2048, {"kid": "one"})
    shared = json.dumps(stub.key.as_dict(private=False)).encode()
    cases = {
        "alg none": unsigned,
        "another's key": stub.signed(stranger),
        "published key as shared secret": stub.signed().rsplit(".", 1)[0] + "." + part({"k": len(shared)}),
        "nonsense": "x",
        "nothing": " ",
        "another issuer": stub.signed(iss="https://elsewhere.example"),
        "another audience": stub.signed(aud="another"),
        "several audiences, no authorised party": stub.signed(aud=["optima", "another"]),
        "another authorised party": stub.signed(azp="another"),
        "another nonce": stub.signed(nonce="replayed"),
        "no nonce": stub.signed(nonce=None),
        "expired": stub.signed(exp=now - 120),
        "never expires": stub.signed(exp=None),
        "from the future": stub.signed(iat=now + 600),
        "about nobody": stub.signed(sub=None),
        "about nobody in particular": stub.signed(sub=""),
    }
    for case, token in cases.items():
        stub.id_token = token
        with pytest.raises(Unauthenticated) as refused:
            await stub.introduction()
        assert refused.value.code == "provider_refused", case


async def test_an_address_may_come_from_the_user_info_of_the_same_subject(stub: Stub) -> None:
    stub.claims = {"email": None, "email_verified": None}
    stub.user_info = {"sub": "elena", "email": "elena@aurora.example", "email_verified": "true"}
    said = await stub.introduction()
    assert said.email_verified is False, "only the JSON true is a yes"
    stub.user_info["email_verified"] = True
    assert (await stub.introduction()).email_verified is True
    stub.user_info["sub"] = "another"
    with pytest.raises(Unauthenticated):
        await stub.introduction()


async def test_a_provider_that_rotates_its_keys_is_followed(stub: Stub) -> None:
    client = OidcClient()
    provider = Provider(stub.issuer, "optima", None)
    asked = {"code": "c", "verifier": "v", "redirect_uri": "https://x.example", "nonce": NONCE}
    await client.introduction(provider, None, **asked)
    stub.key = RSAKey.generate_key(2048, {"kid": "two"})
    stub.published = [stub.key]
    _, (_, _, keys) = next(iter(client._known.items()))
    keys._asked = float("-inf")  # as if the least pause between two fetches had passed
    await client.introduction(provider, None, **asked)


async def test_a_provider_that_is_none_is_told_apart(stub: Stub) -> None:
    stub.discovery = {"issuer": "https://elsewhere.example"}
    with pytest.raises(ProviderUnavailable):
        await stub.introduction()
    stub.discovery = {}
    stub.token_status = 502
    with pytest.raises(ProviderUnavailable):
        await stub.introduction()
    stub.token_status = 400
    with pytest.raises(Unauthenticated):
        await stub.introduction()
    with pytest.raises(ProviderUnavailable):
        await OidcClient().authorization_url(
            Provider("http://127.0.0.1:9", "optima", None),
            redirect_uri="https://x.example",
            state="s",
            nonce="n",
            challenge="c",
        )


async def test_the_browser_is_sent_off_with_all_that_binds_its_return(stub: Stub) -> None:
    url = await OidcClient().authorization_url(
        Provider(stub.issuer, "optima", None),
        redirect_uri="https://portale.example/callback",
        state="the state",
        nonce="n",
        challenge="c",
    )
    assert url.startswith(f"{stub.issuer}/auth?fixed=1&response_type=code&client_id=optima&")
    assert "state=the+state&nonce=n&code_challenge=c&code_challenge_method=S256" in url


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
