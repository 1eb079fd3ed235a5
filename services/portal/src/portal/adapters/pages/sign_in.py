"""Sign in with a password and, where the person has one, a second factor; sign out; the start page."""

from __future__ import annotations

from optima_kit.http.html import SESSION_COOKIE, Answer, PageCall, Pages, SeeOther, Shown

from ...domain.sessions import read_cookie
from ..client import AsPerson, Away, Refused
from ..navigation import home_of
from ..sessions import as_stranger

pages = Pages()


@pages.get("/")
async def start(call: PageCall) -> Answer:
    return SeeOther(home_of(call.session.actor))


@pages.get("/sign-in", public=True)
async def show_sign_in(call: PageCall) -> Answer:
    if call.signed_in is not None:
        return SeeOther(home_of(call.session.actor))
    return _form(call, {})


@pages.post("/sign-in", public=True)
async def sign_in(call: PageCall) -> Answer:
    given = {name: call.text(name) for name in ("tenant", "email", "code", "next")}
    identity = as_stranger(call)
    body = {"grant": "password", "tenant": given["tenant"], "email": given["email"]}
    body |= {"password": call.text("password")} | ({"code": given["code"]} if given["code"] else {})
    try:
        granted = await identity.send("identity", "POST", "/v1/tokens", body)
        me = await AsPerson(
            call.resources.services, {"Authorization": f"Bearer {granted['access_token']}"}
        ).get("identity", "/v1/me")
    except Refused as refused:
        return _form(call, given, refused=refused, status=refused.status)
    except Away:
        return _form(call, given, away=True, status=503)
    cookie = await call.resources.sessions.begin(granted, me["language"])
    return SeeOther(_within(given["next"]), {SESSION_COOKIE: cookie})


@pages.post("/sign-out", public=True)
async def sign_out(call: PageCall) -> Answer:
    if call.signed_in is not None:
        read = read_cookie(call.request.cookies[SESSION_COOKIE])
        assert read is not None
        await call.resources.sessions.store.delete(*read)
    return SeeOther("/sign-in", {SESSION_COOKIE: None})


def _within(address: str) -> str:
    """Only addresses of this portal: `//elsewhere.example` would lead away from it."""
    safe = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if safe else "/"


def _form(
    call: PageCall,
    given: dict[str, str],
    *,
    refused: Refused | None = None,
    away: bool = False,
    status: int = 200,
) -> Answer:
    given = {"tenant": call.query.get("tenant", ""), "next": call.query.get("next", ""), **given}
    return Shown("sign_in.html", {"given": given, "refused": refused, "away": away}, status)
