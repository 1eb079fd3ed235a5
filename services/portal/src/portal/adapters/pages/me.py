"""Oneself: one's language, password, second factor and sessions."""

from __future__ import annotations

import asyncio
from uuid import UUID

from optima_kit.http.html import SESSION_COOKIE, Answer, PageCall, Pages, SeeOther, Shown

from ..client import Refused, part

pages = Pages()


@pages.get("/me")
async def show_me(call: PageCall) -> Answer:
    return await _page(call)


@pages.post("/me/language")
async def choose_language(call: PageCall) -> Answer:
    language = call.text("language")
    if language in ("it", "en"):
        await call.resources.sessions.store.update_language(call.session.session, language)
    return SeeOther("/me")


@pages.post("/me/password")
async def change_password(call: PageCall) -> Answer:
    body = {"current": call.text("current"), "new": call.text("new")}
    try:
        await call.session.services.send("identity", "PUT", "/v1/me/password", body)
    except Refused as refused:
        return await _page(call, refused)
    return SeeOther("/sign-in", {SESSION_COOKIE: None})


@pages.post("/me/sessions/{session_id}/end")
async def end_session(call: PageCall, session_id: UUID) -> Answer:
    try:
        await call.session.services.send("identity", "DELETE", f"/v1/me/sessions/{session_id}")
    except Refused as refused:
        return await _page(call, refused)
    return SeeOther("/me")


@pages.post("/me/second-factor")
async def set_up_second_factor(call: PageCall) -> Answer:
    """The password is asked for again: who finds a browser signed in must not lock its person out."""
    services = call.session.services
    try:
        await services.send("identity", "POST", "/v1/me/proof", {"password": call.text("password")})
        setup = await services.send("identity", "POST", "/v1/me/second-factor")
    except Refused as refused:
        return await _page(call, refused)
    return Shown("second_factor.html", {"secret": setup["secret"], "refused": None})


@pages.post("/me/second-factor/confirmation")
async def confirm_second_factor(call: PageCall) -> Answer:
    body = {"code": call.text("code")}
    try:
        codes = await call.session.services.send(
            "identity", "POST", "/v1/me/second-factor/confirmation", body
        )
    except Refused as refused:
        context = {"secret": call.text("secret"), "refused": refused}
        return Shown("second_factor.html", context, refused.status)
    return Shown("second_factor.html", {"codes": codes["recovery_codes"], "refused": None})


@pages.post("/me/second-factor/removal")
async def remove_second_factor(call: PageCall) -> Answer:
    body = {"code": call.text("code")}
    try:
        await call.session.services.send("identity", "POST", "/v1/me/second-factor/removal", body)
    except Refused as refused:
        return await _page(call, refused)
    return SeeOther("/me")


async def _page(call: PageCall, refused: Refused | None = None) -> Answer:
    services = call.session.services
    me, sessions = await asyncio.gather(
        part(services.get("identity", "/v1/me")), part(services.get("identity", "/v1/me/sessions"))
    )
    return Shown(
        "me.html",
        {
            "me": me,
            "sessions": sessions,
            "may_delegate": call.session.actor.may("approval.delegate"),
            "refused": refused,
        },
        refused.status if refused else 200,
    )
