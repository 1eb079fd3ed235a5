"""Sign in at the company's own provider, and the page on which an admin chooses it."""

from __future__ import annotations

from typing import Any, Final

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ..client import Refused, ServiceAway
from ..forms import NOTHING_SENT, RefusedForm, filled
from ..sessions import as_stranger
from .sign_in import begin_session, sign_in_form

pages = Pages()

AWAY_COOKIE: Final = "__Host-sign-in"
"""A sealed cookie that the browser keeps while it is at the provider, so that no other browser can return in
its place."""
_ADDRESS: Final = "/v1/sign-in-provider"
_RETURN: Final = "/sign-in/return"


@pages.post("/sign-in/provider", public=True)
async def leave(call: PageCall) -> Answer:
    """Begin a sign-in at the provider, and lead to a page of the portal that goes on to it. A form can't lead
    there directly, because browsers let none of the portal's forms lead to another site."""
    given = {name: call.text(name) for name in ("tenant", "email", "next")}
    body = {"tenant": given["tenant"], "redirect_uri": _return_address(call)}
    try:
        begun = await as_stranger(call).send("identity", "POST", "/v1/sign-ins", body)
    except Refused as refused:
        return sign_in_form(call, given, refused=refused, status=refused.status)
    except ServiceAway:
        return sign_in_form(call, given, away=True, status=503)
    kept = {**given, **{name: begun[name] for name in ("authorization_url", "browser_secret")}}
    sealed = call.resources.carried.sealed("sign-in at a provider", kept, call.now)
    return SeeOther("/sign-in/provider", {AWAY_COOKIE: sealed})


@pages.get("/sign-in/provider", public=True)
async def lead_there(call: PageCall) -> Answer:
    kept = _kept(call)
    if kept is None:
        return SeeOther("/sign-in")
    return TemplateAnswer("sign_in_leaving.html", {"provider": kept["authorization_url"]})


@pages.get(_RETURN, public=True)
async def come_back(call: PageCall) -> Answer:
    kept = _kept(call)
    if kept is None or "code" not in call.query:
        return sign_in_form(call, kept or {}, not_confirmed=True, status=400)
    came_with = {name: call.query.get(name, "") for name in ("state", "code", "iss")}
    grant = {
        "grant": "authorization_code",
        "browser_secret": kept["browser_secret"],
        **filled(**came_with),
    }
    try:
        granted = await as_stranger(call).send("identity", "POST", "/v1/tokens", grant)
    except Refused as refused:
        return sign_in_form(call, kept, refused=refused, status=refused.status)
    except ServiceAway:
        return sign_in_form(call, kept, away=True, status=503)
    return await begin_session(call, granted, kept["tenant"], kept["next"], {AWAY_COOKIE: None})


@pages.get("/sign-in-provider")
async def show_provider(call: PageCall) -> Answer:
    return await _page(call)


@pages.post("/sign-in-provider")
async def choose_provider(call: PageCall) -> Answer:
    typed = {name: call.text(name) for name in ("issuer", "client_id", "client_secret")}
    body = filled(**typed)
    try:
        await call.session.services.send("identity", "PUT", _ADDRESS, body, version=call.text("version"))
    except Refused as refused:
        return await _page(call, RefusedForm("provider", typed, refused))
    return SeeOther("/sign-in-provider")


@pages.post("/sign-in-provider/removal")
async def remove_provider(call: PageCall) -> Answer:
    try:
        await call.session.services.send("identity", "DELETE", _ADDRESS)
    except Refused as refused:
        return await _page(call, RefusedForm("removal", {}, refused))
    return SeeOther("/sign-in-provider")


async def _page(call: PageCall, sent: RefusedForm = NOTHING_SENT) -> Answer:
    provider: dict[str, Any] | None
    try:
        provider = await call.session.services.get("identity", _ADDRESS)
    except Refused as refused:
        if refused.code != "provider_not_set_up":
            raise
        provider = None
    context = {"provider": provider, "return_address": _return_address(call), "sent": sent}
    return TemplateAnswer("sign_in_provider.html", context, sent.status)


def _kept(call: PageCall) -> dict[str, str] | None:
    cookie = call.request.cookies.get(AWAY_COOKIE, "")
    kept = call.resources.carried.opened("sign-in at a provider", cookie, call.now)
    return None if kept is None else dict(kept)


def _return_address(call: PageCall) -> str:
    return f"{call.resources.portal_url.rstrip('/')}{_RETURN}"
