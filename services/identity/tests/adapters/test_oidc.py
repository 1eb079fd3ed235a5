"""What a provider says is believed only as far as it has signed it, for us, now."""

from __future__ import annotations

import base64
import hmac
import json
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import cache
from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from identity.adapters.oidc import OidcClient, ProviderUnavailable
from identity.domain.providers import AllowedIssuer, Introduction, Provider
from optima_kit.egress import EgressExceptions, EgressGuard
from optima_kit.refusals import Unauthenticated
from optima_kit.testing.certificates import Authority

NONCE = "a nonce"


OPEN = EgressExceptions(networks=(ip_network("127.0.0.1/32"),))


class Site:
    """An HTTPS server of one name, that answers what `pages` says and notes what it was asked."""

    def __init__(self, name: str, authority: Authority) -> None:
        self.name = name
        self.pages: dict[str, Any] = {}
        self.asked: list[str] = []
        self.forms: list[tuple[dict[str, Any], str | None]] = []
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self.server = TestServer(app, scheme="https")
        self.tls = authority.server_tls("login.test", "elsewhere.test")

    @property
    def origin(self) -> str:
        return f"https://{self.name}:{self.server.port}"

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        if request.method == "POST":
            self.forms.append((dict(await request.post()), request.headers.get("Authorization")))
        page = self.pages[request.path]
        answer = page() if callable(page) else page
        return answer if isinstance(answer, web.StreamResponse) else web.json_response(answer)


@cache
def first_key() -> RSAKey:
    """To make one takes 100 ms and more."""
    return RSAKey.generate_key(2048, {"kid": "one"})


class Double:
    """A provider of our own, which a test lets say whatever it likes."""

    def __init__(self, site: Site, authority: Authority, names: dict[str, str]) -> None:
        self.site = site
        self.names = names
        self.key = first_key()
        self.published: list[Any] = [self.key]
        self.issuer = site.origin
        self.claims: dict[str, Any] = {}
        self.id_token: str | None = None
        self.user_info: dict[str, Any] = {}
        self.discovery: dict[str, Any] = {}
        self.token_status = 200
        self.origins: tuple[str, ...] = ()
        self.egress_exceptions = OPEN
        self._tls = authority.client_tls()
        site.pages = {
            "/.well-known/openid-configuration": self._discover,
            "/keys": lambda: KeySet(self.published).as_dict(private=False),
            "/token": self._token,
            "/me": lambda: self.user_info,
        }

    @property
    def forms(self) -> list[tuple[dict[str, Any], str | None]]:
        return self.site.forms

    def _discover(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth?fixed=1",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/me",
        } | self.discovery

    def _token(self) -> web.Response:
        answer = {"id_token": self.id_token or self.signed(), "access_token": "x"}
        return web.json_response(answer, status=self.token_status)

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

    def client(self) -> OidcClient:
        async def resolve(host: str, _: int) -> list[str]:
            return [self.names[host]]

        guard = EgressGuard(self.egress_exceptions, resolve=resolve, tls=self._tls)
        return OidcClient(guard, self.egress_exceptions, [AllowedIssuer(self.issuer, self.origins)])

    async def introduction(self, secret: str | None = None, answered_by: str | None = None) -> Introduction:
        return await turned_in(self.client(), self.issuer, secret, answered_by)

    async def begin(self) -> str:
        return await self.client().authorization_url(
            Provider(self.issuer, "optima", None),
            redirect_uri="https://portale.example/callback",
            state="the state",
            nonce="n",
            challenge="c",
        )


async def turned_in(
    client: OidcClient, issuer: str, secret: str | None = None, answered_by: str | None = None
) -> Introduction:
    return await client.introduction(
        Provider(issuer, "optima", None),
        secret,
        code="c",
        answered_by=answered_by,
        verifier="v",
        redirect_uri="https://portale.example/callback",
        nonce=NONCE,
    )


@pytest.fixture
async def sites() -> AsyncIterator[tuple[Site, Site, Authority]]:
    """The provider's, and one that stands elsewhere."""
    authority = Authority()
    async with AsyncExitStack() as stack:
        made = [Site(name, authority) for name in ("login.test", "elsewhere.test")]
        for site in made:
            await site.server.start_server(ssl=site.tls)
            stack.push_async_callback(site.server.close)
        yield made[0], made[1], authority


@pytest.fixture
def elsewhere(sites: tuple[Site, Site, Authority]) -> Site:
    return sites[1]


@pytest.fixture
def stub(sites: tuple[Site, Site, Authority]) -> Double:
    login, _, authority = sites
    names = {"login.test": "127.0.0.1", "elsewhere.test": "127.0.0.1", "inside.test": "10.0.0.5"}
    return Double(login, authority, names)


async def test_a_signed_introduction_is_believed(stub: Double) -> None:
    said = await stub.introduction("with:odd/signs")
    assert said == Introduction("elena", "elena@aurora.example", email_verified=True)
    form, authority = stub.forms[0]
    assert form["code_verifier"] == "v"
    assert authority is not None
    assert base64.b64decode(authority.removeprefix("Basic ")) == b"optima:with%3Aodd%2Fsigns"
    await stub.introduction(None)
    form, authority = stub.forms[1]
    assert (form["client_id"], authority) == ("optima", None)


async def test_an_introduction_that_is_not_for_us_is_refused(stub: Double) -> None:
    now = int(time.time())
    unsigned = ".".join([part({"alg": "none"}), stub.signed().split(".")[1], ""])
    stranger = RSAKey.generate_key(2048, {"kid": "one"})
    shared = {
        "as JSON": json.dumps(stub.key.as_dict(private=False)).encode(),
        "as PEM": stub.key.as_pem(private=False),
    }
    cases = {
        "alg none": unsigned,
        "another's key": stub.signed(stranger),
        **{
            f"published key as a shared secret: {form}": signed_with_secret(stub.signed(), secret)
            for form, secret in shared.items()
        },
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


async def test_an_address_may_come_from_the_user_info_of_the_same_subject(stub: Double) -> None:
    stub.claims = {"email": None, "email_verified": None}
    stub.user_info = {"sub": "elena", "email": "elena@aurora.example", "email_verified": "true"}
    said = await stub.introduction()
    assert said.email_verified is False, "only the JSON true is a yes"
    stub.user_info["email_verified"] = True
    assert (await stub.introduction()).email_verified is True
    stub.user_info["sub"] = "another"
    with pytest.raises(Unauthenticated):
        await stub.introduction()


async def test_a_provider_that_rotates_its_keys_is_followed(stub: Double) -> None:
    client = stub.client()
    await turned_in(client, stub.issuer)
    stub.key = RSAKey.generate_key(2048, {"kid": "two"})
    stub.published = [stub.key]
    _, (_, _, keys) = next(iter(client._known.items()))
    keys._asked = float("-inf")  # as if the least pause between two fetches had passed
    await turned_in(client, stub.issuer)


async def test_a_provider_that_is_none_is_told_apart(stub: Double) -> None:
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
    await stub.site.server.close()
    with pytest.raises(ProviderUnavailable):
        await stub.begin()


async def test_the_browser_is_sent_off_with_all_that_binds_its_return(stub: Double) -> None:
    url = await stub.begin()
    assert url.startswith(f"{stub.issuer}/auth?fixed=1&response_type=code&client_id=optima&")
    assert "state=the+state&nonce=n&code_challenge=c&code_challenge_method=S256" in url


NAMED = ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"]


@pytest.mark.parametrize("named", NAMED)
@pytest.mark.parametrize(
    "address",
    [
        "https://elsewhere.test:{port}/keys",
        "https://login.test:{port}@elsewhere.test:{port}/keys",
        "https://login.test.elsewhere.test:{port}/keys",
        "https://login.test/keys",
        "http://login.test:{port}/keys",
        "https://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "/keys",
        "",
        None,
        ["https://login.test:{port}/keys"],
    ],
)
async def test_no_address_outside_the_issuers_origins_is_ever_asked(
    stub: Double, elsewhere: Site, named: str, address: Any
) -> None:
    port = stub.site.server.port
    stub.discovery = {named: address.format(port=port) if isinstance(address, str) else address}
    for attempt in (stub.begin(), stub.introduction()):
        with pytest.raises(ProviderUnavailable, match="provider_address_not_allowed"):
            await attempt
    assert set(stub.site.asked) == {"/.well-known/openid-configuration"}
    assert elsewhere.asked == []


async def test_keys_of_a_foreign_address_are_not_believed_even_if_they_fit(
    stub: Double, elsewhere: Site
) -> None:
    """Whoever could change one line of the configuration would else say who everybody is."""
    forger = RSAKey.generate_key(2048, {"kid": "one"})
    elsewhere.pages = {"/keys": KeySet([forger]).as_dict(private=False)}
    stub.discovery = {"jwks_uri": f"{elsewhere.origin}/keys"}
    stub.id_token = stub.signed(forger)
    with pytest.raises(ProviderUnavailable):
        await stub.introduction()
    stub.origins = (elsewhere.origin,)
    assert (await stub.introduction()).subject == "elena", "as soon as the operator allows that origin"


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token", "/keys", "/me"])
@pytest.mark.parametrize(
    "leads_to",
    [
        "https://elsewhere.test:{port}{path}",
        "https://login.test:{port}{path}",
        "http://127.0.0.1:{port}{path}",
    ],
)
async def test_no_redirect_is_followed(stub: Double, elsewhere: Site, path: str, leads_to: str) -> None:
    stub.claims = {"email": None, "email_verified": None}  # so that the user info is asked too
    stub.user_info = {"sub": "elena"}
    elsewhere.pages = {path: stub.site.pages[path]}
    location = leads_to.format(port=elsewhere.server.port, path=path)
    stub.site.pages[path] = lambda: web.Response(status=307, headers={"Location": location})
    with pytest.raises((ProviderUnavailable, Unauthenticated)):
        await stub.introduction()
    assert elsewhere.asked == []


async def test_a_name_that_leads_into_the_house_is_not_followed(stub: Double) -> None:
    good = await stub.introduction()
    assert good.subject == "elena"
    asked = len(stub.site.asked)
    stub.names["login.test"] = "10.0.0.5"
    with pytest.raises(ProviderUnavailable):
        await stub.introduction()
    stub.names["login.test"] = "127.0.0.1"
    stub.egress_exceptions = EgressExceptions()
    with pytest.raises(ProviderUnavailable):
        await stub.introduction()
    assert len(stub.site.asked) == asked


async def test_an_allowed_origin_leads_no_further_than_the_issuers_own(stub: Double) -> None:
    stub.origins = ("https://inside.test",)
    stub.discovery = {"token_endpoint": "https://inside.test/token"}
    with pytest.raises(ProviderUnavailable, match="provider_unavailable"):
        await stub.introduction()


async def test_a_provider_that_is_not_allowed_any_more_is_not_asked(stub: Double) -> None:
    client = stub.client()
    client._allowed = ()
    with pytest.raises(ProviderUnavailable, match="provider_address_not_allowed"):
        await turned_in(client, stub.issuer)
    assert stub.site.asked == []


async def test_a_certificate_of_nobody_that_is_trusted_ends_it(stub: Double) -> None:
    stub._tls = ssl.create_default_context()
    with pytest.raises(ProviderUnavailable):
        await stub.introduction()
    assert stub.site.asked == []


async def test_an_answer_that_names_another_issuer_spends_no_code(stub: Double) -> None:
    """RFC 9207: else a code of one provider could be sent to another."""
    with pytest.raises(Unauthenticated):
        await stub.introduction(answered_by="https://elsewhere.test")
    stub.discovery = {"authorization_response_iss_parameter_supported": True}
    with pytest.raises(Unauthenticated):
        await stub.introduction()
    assert stub.forms == []
    assert (await stub.introduction(answered_by=stub.issuer)).subject == "elena"


def signed_with_secret(token: str, secret: bytes) -> str:
    """What a verifier would believe that takes the published key for a shared secret."""
    signed = f"{part({'alg': 'HS256', 'kid': 'one'})}.{token.split('.')[1]}"
    signature = hmac.digest(secret, signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
