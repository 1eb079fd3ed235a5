"""Sign in with a password and, if the person has one, a second factor; sign out; the start page."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from optima_kit.http.html import SESSION_COOKIE, Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ...domain.sessions import read_cookie
from ..client import AsPerson, Refused, ServiceAway
from ..forms import filled
from ..navigation import home_of
from ..sessions import as_stranger

pages = Pages()

DEVICE_COOKIE: Final = "__Host-device"
"""A cookie with the company code of the last sign-in here, and the token by which identity recognises the
device. People on a known device are not slowed down when somebody guesses passwords elsewhere."""


@pages.get("/")
async def start(call: PageCall) -> Answer:
    return SeeOther(home_of(call.session.actor))


@pages.get("/sign-in", public=True)
async def show_sign_in(call: PageCall) -> Answer:
    if call.signed_in is not None:
        return SeeOther(home_of(call.session.actor))
    return sign_in_form(call, {})


@pages.post("/sign-in", public=True)
async def sign_in(call: PageCall) -> Answer:
    given = {name: call.text(name) for name in ("tenant", "email", "next")}
    credentials = {**given, "password": call.text("password")}
    try:
        return await _signed_in(call, credentials)
    except Refused as refused:
        if refused.code == "second_factor_required":
            return _code_form(call, credentials)
        return sign_in_form(call, given, refused=refused, status=refused.status)
    except ServiceAway:
        return sign_in_form(call, given, away=True, status=503)


@pages.post("/sign-in/code", public=True)
async def sign_in_with_code(call: PageCall) -> Answer:
    credentials = call.resources.carried.opened("sign-in", call.text("credentials"), call.now)
    if credentials is None:
        return sign_in_form(call, {"next": call.text("next")}, expired=True)
    try:
        return await _signed_in(call, credentials, call.text("code"))
    except Refused as refused:
        return _code_form(call, credentials, refused)
    except ServiceAway:
        return _code_form(call, credentials, away=True)


@pages.post("/sign-out", public=True)
async def sign_out(call: PageCall) -> Answer:
    await _end_session(call)
    return SeeOther("/sign-in", {SESSION_COOKIE: None})


async def _end_session(call: PageCall) -> None:
    """End the browser's session, if it has one."""
    if call.signed_in is None:
        return
    own = f"/v1/me/sessions/{call.session.actor.session_id}"
    with suppress(Refused, ServiceAway):  # the browser is signed out in any case
        await call.session.services.send("identity", "DELETE", own)
    read = read_cookie(call.request.cookies[SESSION_COOKIE])
    assert read is not None
    await call.resources.sessions.store.delete(*read)


async def _signed_in(call: PageCall, credentials: Mapping[str, str], code: str = "") -> Answer:
    """Sign in by password and begin a session. Raises Refused and Away."""
    tenant = credentials["tenant"]
    body = {
        "grant": "password",
        "tenant": tenant,
        "email": credentials["email"],
        "password": credentials["password"],
        **filled(code=code, device_token=_device(call)),
    }
    granted = await as_stranger(call).send("identity", "POST", "/v1/tokens", body)
    return await begin_session(call, granted, tenant, credentials["next"], {})


async def begin_session(
    call: PageCall, granted: Mapping[str, Any], tenant: str, next_: str, cookies: Mapping[str, None]
) -> Answer:
    """Begin a session, after ending the browser's previous one. Lead to `next_`, or to the page for the
    second factor if it is needed. Raises Refused and Away."""
    as_person = AsPerson(call.resources.services, {"Authorization": f"Bearer {granted['access_token']}"})
    me = await as_person.get("identity", "/v1/me")
    await _end_session(call)
    cookie = await call.resources.sessions.begin(granted, me["language"])
    leads_to = "/second-factor" if granted.get("second_factor_needed") else within(next_)
    known = f"{tenant}:{granted.get('device_token', _device(call))}"
    return SeeOther(leads_to, {SESSION_COOKIE: cookie, **cookies}, {DEVICE_COOKIE: known})


def _device(call: PageCall) -> str:
    return call.request.cookies.get(DEVICE_COOKIE, "").partition(":")[2]


def within(address: str) -> str:
    """Return the address if it is in this portal, otherwise `/`: `//elsewhere.example` would lead away."""
    safe = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if safe else "/"


def sign_in_form(
    call: PageCall,
    given: Mapping[str, str],
    *,
    refused: Refused | None = None,
    away: bool = False,
    expired: bool = False,
    not_confirmed: bool = False,
    status: int = 200,
) -> Answer:
    last_tenant = call.request.cookies.get(DEVICE_COOKIE, "").partition(":")[0]
    asked = {"tenant": last_tenant, "email": "", "next": ""} | {
        name: call.query[name] for name in ("tenant", "email", "next") if name in call.query
    }
    context = {
        "given": {**asked, **given},
        "refused": refused,
        "away": away,
        "expired": expired,
        "not_confirmed": not_confirmed,
    }
    return TemplateAnswer("sign_in.html", context, status)


def _code_form(
    call: PageCall, credentials: Mapping[str, str], refused: Refused | None = None, *, away: bool = False
) -> Answer:
    context = {
        "email": credentials["email"],
        "next": credentials["next"],
        "credentials": call.resources.carried.sealed("sign-in", credentials, call.now),
        "refused": refused,
        "away": away,
    }
    status = 503 if away else refused.status if refused else 200
    return TemplateAnswer("sign_in_code.html", context, status)
