"""Endpoints of access: accepting an invitation, tokens, sessions, and the issuer's keys."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import unquote_plus
from uuid import UUID

import structlog
from pydantic import Field, RootModel, model_validator

from optima_kit.http import Call, Command, Page, PageQuery, Routes, View
from optima_kit.http.requests import FORM, user_and_password
from optima_kit.refusals import Invalid, Unauthenticated

from ..application.accept_invitation import accept_invitation
from ..application.access_tokens import Grant
from ..application.choose_password import change_password
from ..application.ports import Ports
from ..application.prove_oneself import prove_oneself
from ..application.read import people
from ..application.read.views import JoinedView, SessionView
from ..application.refresh_session import refresh_session
from ..application.reset_password import ask_for_reset, complete_reset
from ..application.second_factor import (
    confirm_second_factor,
    give_up_with_code,
    set_up_second_factor,
)
from ..application.sessions import end_own_session, end_sessions
from ..application.sign_in import PasswordGrant, sign_in
from ..application.sign_in_service import sign_in_service
from ..application.sign_in_with_provider import Return, begin_at_provider, return_from_provider
from ..domain.sessions import ACCESS_TOKEN_LIVES
from ..domain.throttling import neighbourhood
from .directory import DatabaseDirectory, acting
from .oauth_errors import oauth_error

log = structlog.get_logger()

routes = Routes()

Secret = Annotated[str, Field(min_length=1, max_length=512)]


def _directory(call: Call[Ports]) -> DatabaseDirectory:
    return DatabaseDirectory(call.database, call.resources.ports)


class AcceptInvitation(Command):
    token: Secret
    password: Secret


@routes.post("/v1/invitations/acceptance", public=True, status=201)
async def accept(call: Call[Ports], body: AcceptInvitation) -> JoinedView:
    """Accept an invitation by choosing a password"""
    tenant, person = await accept_invitation(
        _directory(call), call.resources.passwords, body.token, body.password
    )
    return people.show_joined(tenant, person)


class ByPassword(Command):
    grant: Literal["password"]
    tenant: Annotated[str, Field(max_length=64)]
    """The tenant's slug."""
    email: Annotated[str, Field(max_length=254)]
    password: Secret
    code: Annotated[str, Field(min_length=6, max_length=32)] | None = None
    """Code of the second factor or a recovery code, for people who have a second factor."""
    device_token: Annotated[str, Field(max_length=128)] | None = None
    """The `device_token` from the answer to this person's last sign-in on this device."""


class ByClientCredentials(Command):
    grant: Literal["client_credentials"]
    client_id: Annotated[str, Field(max_length=128)] | None = None
    client_secret: Secret | None = None
    """Send `client_id` and `client_secret` here, or as user and password of HTTP Basic."""


class ByRefreshToken(Command):
    grant: Literal["refresh_token"]
    refresh_token: Secret


class ByAuthorizationCode(Command):
    """What the browser brings back from the tenant's provider."""

    grant: Literal["authorization_code"]
    state: Secret
    browser_secret: Secret
    """The secret that the browser got when it was sent to the provider."""
    code: Annotated[str, Field(min_length=1, max_length=4096)]
    iss: Annotated[str, Field(max_length=300)] | None = None
    """The issuer that the provider named in its answer, if it did (RFC 9207)."""


_OAUTH_PARAMETERS = {"client_id", "client_secret", "refresh_token"}
AnyGrant = ByPassword | ByClientCredentials | ByRefreshToken | ByAuthorizationCode


class TokenRequest(RootModel[Annotated[AnyGrant, Field(discriminator="grant")]]):
    """One of four ways to get an access token."""

    @model_validator(mode="before")
    @classmethod
    def _as_oauth_sends_it(cls, told: Any) -> Any:
        """Accept a request as RFC 6749 describes it: the grant is called `grant_type`, and unknown parameters
        are ignored."""
        if isinstance(told, dict) and "grant_type" in told:
            known = {name: told[name] for name in _OAUTH_PARAMETERS & told.keys()}
            return {"grant": told["grant_type"], **known}
        return told


class TokenView(View):
    """An access token in the form of RFC 6749 §5.1."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    refresh_token: str | None = None
    """Absent for machines, which have their secret instead."""
    second_factor_needed: bool | None = None
    """True if a role grants nothing until a second factor is shown. Confirm one at /v1/me/second-factor, or
    send its code to /v1/me/proof, and then refresh the token."""
    device_token: str | None = None
    """Send it with the next sign-in by password on this device, so that the device is recognised. Present
    after a sign-in by password whose request contained no valid one."""

    @classmethod
    def of(cls, access_token: str, lives: timedelta, grant: Grant) -> TokenView:
        told: dict[str, Any] = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": int(lives.total_seconds()),
        }
        if grant.refresh_token is not None:
            told["refresh_token"] = grant.refresh_token
        if grant.factor_needed:
            told["second_factor_needed"] = True
        if grant.device_token is not None:
            told["device_token"] = grant.device_token
        return cls(**told)


_TOLD = {"person": "sub", "tenant": "tenant", "session": "sid"}
"""What the log says about who got a token: each field with the claim from which it comes."""


@routes.post("/v1/tokens", public=True, consumes=("application/json", FORM), form_problem=oauth_error)
async def issue_token(call: Call[Ports], body: TokenRequest) -> TokenView:
    """Sign in, or refresh a session

    A refused sign-in does not say what was wrong, and takes the same time in every case. After several
    refusals from one address each further attempt has to wait, twice as long each time; a device that sends
    the `device_token` of an earlier sign-in is counted separately. A refresh token works once; if it is used
    again, its session ends. OAuth clients send a form with `grant_type` (RFC 6749): `client_credentials` or
    `refresh_token`. If they are refused, the answer is 400, or 401 for an unknown client, and has `error` and
    `error_description` besides the problem's members.
    """
    refused_at = asyncio.get_running_loop().time() + call.resources.refusals_take
    try:
        grant = await _granted(call, body.root)
    except Unauthenticated:
        await asyncio.sleep(refused_at - asyncio.get_running_loop().time())
        raise
    token = await call.resources.keyring.access_token(call.database, grant.claims)
    whose = {told: grant.claims.get(claim) for told, claim in _TOLD.items()}
    log.info("token granted", grant=body.root.grant, address=call.address, **whose)
    return TokenView.of(token, ACCESS_TOKEN_LIVES, grant)


async def _granted(call: Call[Ports], asked: AnyGrant) -> Grant:
    directory = _directory(call)
    if isinstance(asked, ByClientCredentials):
        client_id, secret = _client_of(call, asked)
        return await sign_in_service(directory, call.resources.platform, client_id, secret)
    if isinstance(asked, ByRefreshToken):
        return await refresh_session(directory, asked.refresh_token)
    device = call.headers.get("User-Agent", "")[:200]
    address = neighbourhood(call.address)
    if isinstance(asked, ByAuthorizationCode):
        client = call.resources.provider_client
        back = Return(asked.state, asked.browser_secret, asked.code, asked.iss)
        return await return_from_provider(directory, client, back, device)
    grant = PasswordGrant(
        asked.tenant, asked.email, asked.password, asked.code, device, address, asked.device_token
    )
    return await sign_in(directory, call.resources.passwords, grant)


def _client_of(call: Call[Ports], asked: ByClientCredentials) -> tuple[str, str]:
    """Return the client's id and secret, from the body or from HTTP Basic (RFC 6749 §2.3.1)."""
    if asked.client_id is not None and asked.client_secret is not None:
        return asked.client_id, asked.client_secret
    scheme, _, credentials = call.headers.get("Authorization", "").partition(" ")
    sent = user_and_password(credentials) if scheme.casefold() == "basic" else None
    if sent is None:
        missing = "client_id" if asked.client_id is None else "client_secret"
        raise Unauthenticated("client_incomplete", scheme="Basic", field=missing)
    client_id, secret = sent
    return unquote_plus(client_id), unquote_plus(secret)


class BeginSignIn(Command):
    tenant: Annotated[str, Field(max_length=64)]
    """The tenant's slug."""
    redirect_uri: Annotated[str, Field(max_length=500, pattern=r"^https?://[^\s#\x00-\x1f]+$")]
    """The address to which the provider sends the browser back. It must be registered with the provider."""


class DepartureView(View):
    authorization_url: str
    state: str
    """The value that the provider passes on when it sends the browser back."""
    browser_secret: str
    """Keep it only in this browser, in a cookie that no script can read. The return is accepted only with
    it."""
    expires_at: datetime


@routes.post("/v1/sign-ins", public=True, status=201)
async def begin_sign_in(call: Call[Ports], body: BeginSignIn) -> DepartureView:
    """Begin a sign-in at the tenant's provider

    Send the browser to `authorization_url`. Then exchange what it brings back, together with its
    `browser_secret`, at /v1/tokens.
    """
    begun = await begin_at_provider(
        _directory(call), call.resources.provider_client, body.tenant, body.redirect_uri
    )
    return DepartureView(
        authorization_url=begun.authorization_url,
        state=begun.state,
        browser_secret=begun.browser_secret,
        expires_at=begun.expires_at,
    )


@routes.get("/v1/me/sessions")
async def list_sessions(call: Call[Ports], query: PageQuery) -> Page[SessionView]:
    """List the caller's own open sessions, newest first"""
    return await people.list_own_sessions(call.ports, call.actor, query)


@routes.delete("/v1/me/sessions/{session_id}")
async def sign_out(call: Call[Ports], session_id: UUID) -> None:
    """End one of the caller's own sessions

    The session of the request may be ended at any time; another one needs a recent proof (`/v1/me/proof`)."""
    await end_own_session(call.ports, call.actor, session_id)


@routes.delete("/v1/me/sessions", proof=True)
async def sign_out_elsewhere(call: Call[Ports]) -> None:
    """End all of the caller's own sessions except that of the request"""
    await end_sessions(call.ports, call.actor.person_id, "signed_out", but=call.actor.session_id)


class AskForReset(Command):
    tenant: Annotated[str, Field(max_length=64)]
    """The tenant's slug."""
    email: Annotated[str, Field(max_length=254)]


@routes.post("/v1/password-resets", public=True, status=202)
async def ask_for_new_password(call: Call[Ports], body: AskForReset) -> None:
    """Ask for a link to choose a new password

    The link is mailed to the person, if there is such a person and mail is set up. The answer and the time
    that it takes are the same if not.
    """
    answered_at = asyncio.get_running_loop().time() + call.resources.refusals_take
    await ask_for_reset(_directory(call), body.tenant, body.email)
    await asyncio.sleep(answered_at - asyncio.get_running_loop().time())


class CompleteReset(Command):
    token: Secret
    password: Secret


@routes.post("/v1/password-resets/completion", public=True)
async def choose_new_password(call: Call[Ports], body: CompleteReset) -> None:
    """Choose a new password with a link that works once; every session ends"""
    await complete_reset(_directory(call), call.resources.passwords, body.token, body.password)


class ChangePassword(Command):
    current: Secret
    new: Secret


@routes.put("/v1/me/password", transaction=False)
async def change_own_password(call: Call[Ports], body: ChangePassword) -> None:
    """Change the caller's own password; every session ends"""
    async with acting(call, None) as (ports, me):
        changed = await change_password(ports, call.resources.passwords, me, body.current, body.new)
    if not changed:
        raise Invalid("password_wrong", field="current")


class Prove(Command):
    password: Secret | None = None
    code: Annotated[str, Field(min_length=6, max_length=32)] | None = None
    """Code of the second factor, or a recovery code."""


@routes.post("/v1/me/proof", transaction=False)
async def prove(call: Call[Ports], body: Prove) -> None:
    """Prove again who the caller is, by password or second factor

    For ten minutes this session may then make requests that need a proof, which are otherwise refused with
    `proof_needed`. Signing in is such a proof too.
    """
    async with acting(call, None) as (ports, me):
        proven = await prove_oneself(
            ports, call.resources.passwords, me, password=body.password, code=body.code
        )
    if not proven:
        raise Invalid("proof_not_valid")


class SetupView(View):
    secret: str
    uri: str
    """The URI that a phone reads from a QR code."""


class RecoveryView(View):
    recovery_codes: list[str]
    """Codes that each work for one sign-in without the phone. They are shown only in this answer."""


class Confirm(Command):
    code: Annotated[str, Field(min_length=6, max_length=32)]


@routes.post("/v1/me/second-factor", proof=True, status=201, transaction=False)
async def set_up_factor(call: Call[Ports]) -> SetupView:
    """Set up a second factor; it is asked for once it is confirmed"""
    async with acting(call, None) as (ports, me):
        setup = await set_up_second_factor(ports, me)
    return SetupView(secret=setup.secret, uri=setup.uri)


@routes.post("/v1/me/second-factor/confirmation", proof=True, status=201, transaction=False)
async def confirm_factor(call: Call[Ports], body: Confirm) -> RecoveryView:
    """Confirm the second factor with the code that the telephone shows"""
    async with acting(call, None) as (ports, me):
        codes = await confirm_second_factor(ports, me, body.code)
    return RecoveryView(recovery_codes=codes)


@routes.post("/v1/me/second-factor/removal", transaction=False)
async def remove_factor(call: Call[Ports], body: Confirm) -> None:
    """Remove the caller's own second factor, with one of its codes; wrong codes count like wrong passwords"""
    async with acting(call, None) as (ports, me):
        given_up = await give_up_with_code(ports, me, body.code)
    if not given_up:
        raise Invalid("code_not_valid", field="code")


class KeySetView(View):
    """A JSON Web Key Set (RFC 7517)."""

    keys: list[dict[str, str]]


class IssuerView(View):
    """Metadata of the issuer, as far as OpenID Connect Discovery applies to it."""

    issuer: str
    jwks_uri: str
    token_endpoint: str
    id_token_signing_alg_values_supported: list[str]


@routes.get("/.well-known/jwks.json", public=True)
async def show_keys(call: Call[Ports]) -> KeySetView:
    """Read the public keys that access tokens are verified with"""
    return KeySetView(keys=await call.resources.keyring.public_keys(call.database))


@routes.get("/.well-known/openid-configuration", public=True)
async def show_issuer(call: Call[Ports]) -> IssuerView:
    """Read where the issuer's keys and tokens are"""
    issuer = call.resources.issuer.rstrip("/")
    return IssuerView(
        issuer=call.resources.issuer,
        jwks_uri=f"{issuer}/.well-known/jwks.json",
        token_endpoint=f"{issuer}/v1/tokens",
        id_token_signing_alg_values_supported=["ES256"],
    )
