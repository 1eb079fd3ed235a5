"""The reader's own settings: language, password and sessions, and the link to arrange an absence."""

from __future__ import annotations

import asyncio
from uuid import UUID

from optima_kit.http.html import SESSION_COOKIE, Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ..choosing import people_of
from ..client import LISTED, Refused, part
from ..forms import NOTHING_SENT
from ..navigation import leads_to

pages = Pages()


@pages.get("/me")
async def show_me(call: PageCall) -> Answer:
    return await _page(call)


@pages.post("/me/language")
async def choose_language(call: PageCall) -> Answer:
    language = call.text("language")
    try:
        await call.session.services.send("identity", "PATCH", "/v1/me", {"language": language})
    except Refused as refused:
        return await _page(call, refused)
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
    return await _end(call, f"/v1/me/sessions/{session_id}")


@pages.post("/me/sessions/end")
async def end_other_sessions(call: PageCall) -> Answer:
    return await _end(call, "/v1/me/sessions")


async def _end(call: PageCall, path: str) -> Answer:
    try:
        await call.session.services.send("identity", "DELETE", path)
    except Refused as refused:
        return await _page(call, refused)
    return SeeOther("/me")


async def _page(call: PageCall, refused: Refused | None = None) -> Answer:
    services = call.session.services
    actor = call.session.actor
    asked = [part(services.get("identity", path)) for path in ("/v1/me", "/v1/me/sessions")]
    if leads_to(actor, "/delegations"):
        asked.append(part(services.get("identity", "/v1/people", limit=LISTED)))
    me, sessions, *people = await asyncio.gather(*asked)
    return TemplateAnswer(
        "me.html",
        {
            "me": me,
            "sessions": sessions,
            "own_session": str(actor.session_id),
            "may_delegate": bool(people),
            "colleagues": people_of(people[0], but=actor.person_id) if people else None,
            "today": call.now.date().isoformat(),
            "sent": NOTHING_SENT,
            "refused": refused,
        },
        refused.status if refused else 200,
    )
