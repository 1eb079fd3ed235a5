"""Oneself: who one is here, one's sessions, one's password."""

from __future__ import annotations

import asyncio

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


async def _page(call: PageCall, refused: Refused | None = None) -> Answer:
    services = call.session.services
    me, sessions = await asyncio.gather(
        part(services.get("identity", "/v1/me")), part(services.get("identity", "/v1/me/sessions"))
    )
    return Shown(
        "me.html",
        {"me": me, "sessions": sessions, "refused": refused},
        refused.status if refused else 200,
    )
