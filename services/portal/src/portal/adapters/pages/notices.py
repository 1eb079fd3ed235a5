"""The reader's notices, the choice of how to get them, and the page that stops mails without signing in."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from typing import Any, cast
from uuid import UUID

from optima_kit.http.html import Answer, PageCall, Pages, RawAnswer, SeeOther, TemplateAnswer
from optima_kit.pages import PageQuery, page_of

from ...domain.notices import USUAL, Kind, Preferences, Way
from ..mail import Unsubscribing
from ..notices import PostgresNotices

pages = Pages()


@pages.get("/notices")
async def show_notices(call: PageCall) -> Answer:
    query = PageQuery(cursor=call.query.get("cursor"))
    async with call.database.reading(_tenant(call)) as work:
        found = await PostgresNotices(work).list_notices(_person(call), query)
    page = page_of(query, found, lambda each: each, lambda each: each.notice_id)
    shown = {"items": page.items} | ({"next_cursor": page.next_cursor} if page.next_cursor else {})
    return TemplateAnswer(
        "notices.html", {"notices": shown, "unread": any(each.read_at is None for each in found)}
    )


@pages.get("/notices/{notice_id}")
async def follow(call: PageCall, notice_id: UUID) -> Answer:
    """Mark a notice as read and lead to the page that it is about."""
    async with call.database.transaction(_tenant(call)) as work:
        address = await PostgresNotices(work).read_notice(_person(call), notice_id)
    return SeeOther(address or "/notices")


@pages.post("/notices/read")
async def read_all(call: PageCall) -> Answer:
    async with call.database.transaction(_tenant(call)) as work:
        PostgresNotices(work).read_all(_person(call))
    return SeeOther("/notices")


@pages.get("/live/notices")
async def count_unread(call: PageCall) -> Answer:
    async with call.database.reading(_tenant(call)) as work:
        unread = await PostgresNotices(work).count_unread(_person(call))
    return RawAnswer(str(unread).encode(), "text/plain", "inline")


@pages.get("/me/notices")
async def show_preferences(call: PageCall) -> Answer:
    async with call.database.reading(_tenant(call)) as work:
        preferences = await _preferences(PostgresNotices(work), _person(call))
    return _form(preferences)


@pages.post("/me/notices")
async def choose(call: PageCall) -> Answer:
    ways = {
        kind: cast(Way, way)
        for kind in USUAL
        if (way := call.text(f"way-{kind}")) in ("at_once", "digest", "page")
    }
    try:
        preferences = Preferences(
            ways,
            time.fromisoformat(call.text("digest_at") or "08:00"),
            *(time.fromisoformat(typed) if (typed := call.text(name)) else None for name in _QUIET),
        )
    except ValueError:
        return _form(Preferences(ways), malformed=True)
    async with call.database.transaction(_tenant(call)) as work:
        PostgresNotices(work).save_preferences(_person(call), preferences)
    return SeeOther("/me/notices?saved=yes")


_QUIET = ("quiet_from", "quiet_until")


@pages.get("/unsubscribe", public=True)
async def show_unsubscribing(call: PageCall) -> Answer:
    code = call.query.get("code", "")
    wanted = call.resources.codes.read(code)
    context = {"code": code, "kinds": sorted(wanted.kinds) if wanted else None, "stopped": False}
    return TemplateAnswer("unsubscribe.html", context, 200 if wanted else 404)


@pages.post("/unsubscribe", public=True)
async def unsubscribe(call: PageCall) -> Answer:
    """Stop mails. Mail programs send this request, too, by themselves (RFC 8058)."""
    wanted: Unsubscribing | None = call.resources.codes.read(call.query.get("code", ""))
    if wanted is None:
        return await show_unsubscribing(call)
    kinds = list(USUAL) if call.text("kinds") == "all" else sorted(wanted.kinds)
    async with call.database.transaction(wanted.tenant_id) as work:
        store = PostgresNotices(work)
        preferences = await _preferences(store, wanted.person_id)
        quieter = replace(preferences, ways={**preferences.ways, **dict.fromkeys(kinds, "page")})
        store.save_preferences(wanted.person_id, quieter)
    return TemplateAnswer("unsubscribe.html", {"kinds": kinds, "stopped": True})


async def _preferences(store: PostgresNotices, person_id: UUID) -> Preferences:
    return (await store.preferences([person_id])).get(person_id, Preferences())


def _form(preferences: Preferences, *, malformed: bool = False) -> Answer:
    ways: dict[Kind, Any] = {kind: preferences.way(kind) for kind in USUAL}
    context = {"ways": ways, "preferences": preferences, "malformed": malformed}
    return TemplateAnswer("notice_preferences.html", context, 422 if malformed else 200)


def _tenant(call: PageCall) -> UUID:
    tenant_id: UUID = call.session.session.tenant_id
    return tenant_id


def _person(call: PageCall) -> UUID:
    person_id: UUID = call.session.session.person_id
    return person_id
