"""The stream that tells an open page that something has changed, and the number of waiting decisions."""

from __future__ import annotations

from optima_kit.http.html import Answer, PageCall, Pages, RawAnswer, ServerSentEvents

pages = Pages()


@pages.get("/live")
async def hints(call: PageCall) -> Answer:
    about = frozenset(call.query.get("about", "").split())
    session = call.session.session
    tenant, person = str(session.tenant_id), str(session.person_id)
    return ServerSentEvents(call.resources.live.frames(tenant, person, about, call.draining))


@pages.get("/live/inbox")
async def count_inbox(call: PageCall) -> Answer:
    """Return how many decisions wait for the reader."""
    summary = await call.session.services.get("approval", "/v1/inbox/summary")
    return RawAnswer(str(summary["waiting"]).encode(), "text/plain", "inline")
